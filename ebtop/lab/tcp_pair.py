"""A TCP client and server in two namespaces, fed a little at a time and never waited for."""

import socket
from contextlib import suppress

from ebtop.lab.namespace import entered
from ebtop.model.prefix import Address

_RETRY_S = 1.0
_READ_BYTES = 1 << 18


class TcpPair:
    """Sends from one namespace to a server in the other, and connects again when that breaks."""

    def __init__(
        self, client_namespace: str, server_namespace: str, destination: Address, port: int
    ) -> None:
        self.received_bytes = 0
        self._client_namespace = client_namespace
        self._family = socket.AF_INET if destination.family == 4 else socket.AF_INET6
        self._target = (str(destination), port)
        self._client: socket.socket | None = None
        self._servers: list[socket.socket] = []
        self._connect_after_s = 0.0
        with entered(server_namespace):
            self._listener = socket.create_server(("", port), family=self._family)
        self._listener.settimeout(0)

    def pump(self, budget_bytes: int, now_s: float) -> None:
        """Sends up to the budget, and takes in whatever has arrived."""
        if self._client is None and now_s >= self._connect_after_s:
            self._connect()
        if self._client is not None and budget_bytes:
            try:
                self._client.send(bytes(budget_bytes))
            except BlockingIOError:
                pass  # not connected yet, or its window is full
            except OSError:
                self._client.close()
                self._client = None
                self._connect_after_s = now_s + _RETRY_S
        with suppress(BlockingIOError):
            server, _ = self._listener.accept()
            server.settimeout(0)
            self._servers.append(server)
        self._servers = [server for server in self._servers if self._drain(server)]

    def close(self) -> None:
        """Ends both sides."""
        for endpoint in (self._listener, self._client, *self._servers):
            if endpoint is not None:
                endpoint.close()

    def _connect(self) -> None:
        with entered(self._client_namespace):
            self._client = socket.socket(self._family, socket.SOCK_STREAM)
        self._client.settimeout(0)
        self._client.connect_ex(self._target)  # what is wrong is told when it sends

    def _drain(self, server: socket.socket) -> bool:
        """Reads what is there; False when the connection is over."""
        try:
            data = server.recv(_READ_BYTES)
        except BlockingIOError:
            return True
        except OSError:
            data = b""
        self.received_bytes += len(data)
        if not data:
            server.close()
        return bool(data)

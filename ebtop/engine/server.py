"""The engine's end of the socket: ownership of the namespace, and one message a tick to watchers.

The abstract name is per network namespace and vanishes with the process, so that binding it is
the lock. A slow watcher misses ticks; it never holds the engine up.
"""

import array
import contextlib
import grp
import json
import os
import socket
import struct
from dataclasses import dataclass

from ebtop.engine.wire import MAX_MESSAGE_BYTES, SCHEMA, SOCKET_NAME, encode_tick
from ebtop.model.snapshot import Snapshot

_GROUP = "ebtop"
_MAX_CLIENTS = 64
_BACKLOG = 128
_SO_SNDBUFFORCE = 32
_SO_PEERGROUPS = 59
_FEW_GROUPS_BYTES = 1024  # the most that Python's getsockopt takes: 256 groups


class OwnedError(Exception):
    """Another engine owns this network namespace."""


@dataclass(eq=False, slots=True)
class _Client:
    connection: socket.socket
    structure: int = -1  # last structure sent


class Server:
    """Accepts watchers and sends them ticks."""

    def __init__(self) -> None:
        """Takes the namespace. Raises OwnedError."""
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_NONBLOCK)
        try:
            self._listener.bind(SOCKET_NAME)
        except OSError as error:
            self._listener.close()
            raise OwnedError("another ebtop engine owns this network namespace") from error
        self._clients: list[_Client] = []
        self._last: Snapshot | None = None
        self._group = _read_group()
        self.served = 0  # watchers so far

    def listen(self) -> None:
        """Lets watchers in; before, they see no engine and come again."""
        self._listener.listen(_BACKLOG)

    @property
    def watchers(self) -> int:
        """Clients that are connected."""
        return len(self._clients)

    def filenos(self) -> list[int]:
        """Descriptors whose readability `handle` takes care of."""
        return [self._listener.fileno(), *(c.connection.fileno() for c in self._clients)]

    def handle(self, fileno: int, columns: int) -> None:
        """Greets a newcomer with the descriptor of the columns, or notices that one has gone."""
        if fileno == self._listener.fileno():
            self._accept(columns)
            return
        for client in list(self._clients):
            if client.connection.fileno() == fileno and not _alive(client.connection):
                self._drop(client)

    def send(self, snapshot: Snapshot) -> None:
        """One tick to everyone who keeps up."""
        self._last = snapshot
        encoded: dict[bool, bytes] = {}
        for client in list(self._clients):
            fresh = client.structure != snapshot.structure
            if fresh not in encoded:
                encoded[fresh] = encode_tick(snapshot, with_structure=fresh)
            self._send(client, encoded[fresh], snapshot.structure)

    def close(self) -> None:
        """Frees the namespace; watchers see the end."""
        for client in list(self._clients):
            self._drop(client)
        self._listener.close()

    def _accept(self, columns: int) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError:
            return
        refusal = self._refusal(connection)
        if refusal:
            _refuse(connection, refusal)
            return
        with contextlib.suppress(OSError):
            connection.setsockopt(socket.SOL_SOCKET, _SO_SNDBUFFORCE, 2 * MAX_MESSAGE_BYTES)
        descriptors = array.array("i", [columns])
        greeting = b'{"schema":%d,"kind":"columns"}' % SCHEMA
        try:
            connection.settimeout(0)
            connection.sendmsg([greeting], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, descriptors)])
        except OSError:
            connection.close()
            return
        client = _Client(connection)
        self._clients.append(client)
        self.served += 1
        if self._last is not None:
            tick = encode_tick(self._last, with_structure=True)
            self._send(client, tick, self._last.structure)

    def _refusal(self, connection: socket.socket) -> str:
        """Why the newcomer may not watch; "" when it may."""
        if not _admitted(connection, self._group):
            return f"The engine turned us away: run as root or in the group {_GROUP}."
        if len(self._clients) >= _MAX_CLIENTS:
            return f"The engine has {_MAX_CLIENTS} watchers and takes no more."
        return ""

    def _send(self, client: _Client, message: bytes, structure: int) -> None:
        """What does not fit into a slow watcher's socket is left out."""
        try:
            client.connection.send(message, socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
        except BlockingIOError:
            return
        except OSError:
            self._drop(client)
            return
        client.structure = structure

    def _drop(self, client: _Client) -> None:
        client.connection.close()
        self._clients.remove(client)


def _alive(connection: socket.socket) -> bool:
    """Watchers say nothing: what can be read is the end of the connection, or thrown away."""
    try:
        return bool(connection.recv(4096, socket.MSG_DONTWAIT))
    except BlockingIOError:
        return True
    except OSError:
        return False


def _refuse(connection: socket.socket, sentence: str) -> None:
    message = json.dumps({"schema": SCHEMA, "refused": sentence}).encode()
    with contextlib.suppress(OSError):
        connection.send(message, socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
    connection.close()


def _read_group() -> int | None:
    """The number of the group that may watch. Asked once: a directory service may be slow."""
    with contextlib.suppress(KeyError):
        return grp.getgrnam(_GROUP).gr_gid
    return None


def _admitted(connection: socket.socket, group: int | None) -> bool:
    """Root, and the members of the group if there is one."""
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    _, uid, gid = struct.unpack("=iII", credentials)
    if uid in (0, os.geteuid()):
        return True
    if group is None:
        return False
    return group == gid or group in _read_supplementary(connection)


def _read_supplementary(connection: socket.socket) -> set[int]:
    groups = array.array("I")
    with contextlib.suppress(OSError):
        groups.frombytes(
            connection.getsockopt(socket.SOL_SOCKET, _SO_PEERGROUPS, _FEW_GROUPS_BYTES)
        )
    return set(groups)

"""A source that is fed by hand: for tests, recordings and pictures."""

import socket
import threading

from ebtop.model.errors import EngineGone
from ebtop.model.snapshot import Snapshot


class RecordedSource:
    """Hands out what was pushed, newest first and the rest dropped; pushing is thread-safe."""

    def __init__(self) -> None:
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)  # noqa: FBT003  its only argument
        self._lock = threading.Lock()
        self._newest: Snapshot | None = None
        self._gone: str | None = None

    def fileno(self) -> int:
        """Readable after a push."""
        return self._reader.fileno()

    def receive(self) -> Snapshot | None:
        """The newest snapshot pushed since the last call; raises EngineGone after `end`."""
        with self._lock:
            try:
                self._reader.recv(4096)
            except BlockingIOError:
                return None
            newest, self._newest = self._newest, None
            if newest is None and self._gone is not None:
                raise EngineGone(self._gone)
            if self._gone is not None:
                self._writer.send(b"!")
            return newest

    def push(self, snapshot: Snapshot) -> None:
        """Makes a snapshot wait."""
        with self._lock:
            self._newest = snapshot
            self._writer.send(b".")

    def end(self, message: str) -> None:
        """Lets the engine be gone, once what was pushed has been received."""
        with self._lock:
            self._gone = message
            self._writer.send(b"!")

    def close(self) -> None:
        """Closes both ends."""
        self._reader.close()
        self._writer.close()

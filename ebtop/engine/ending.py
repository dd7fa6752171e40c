"""The signals that end an engine: noted at once, obeyed where nothing is half done."""

import signal
import socket
from types import FrameType
from typing import Any

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class EndedError(Exception):
    """The engine was told to end before it ran."""


class Ending:
    """Whether the engine shall end; its descriptor is readable when a signal said so."""

    def __init__(self) -> None:
        self.asked = False
        self._wake, self._waker = socket.socketpair()
        self._saved: dict[int, Any] = {}  # handlers that were there before

    def fileno(self) -> int:
        """For poll(2)."""
        return self._wake.fileno()

    def take_signals(self) -> None:
        """From here on the ending signals are noted; only in the main thread."""
        self._saved = {number: signal.signal(number, self._note) for number in _SIGNALS}

    def ignore_signals(self) -> None:
        """Ignores those that were taken, for good.

        All that is left is to return, through an interpreter that puts handlers back.
        """
        if self._saved:
            signal.pthread_sigmask(signal.SIG_BLOCK, self._saved)
        for number in self._saved:
            signal.signal(number, signal.SIG_IGN)
        self._saved = {}

    def check(self) -> None:
        """Raises EndedError when the engine shall end."""
        if self.asked:
            raise EndedError("the engine was told to end")

    def close(self) -> None:
        """Leaves the signals to whom they belonged; may be called again."""
        for number, handler in self._saved.items():
            signal.signal(number, handler)
        self._saved = {}
        self._wake.close()
        self._waker.close()

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        if not self.asked:
            self.asked = True
            self._waker.send(b"\0")

"""A terminal behind a line of so many bytes a second."""

import random
import time

from tests.tui.pseudo_terminal import PseudoTerminal

_BURST_BYTES = 1460  # one segment of TCP over Ethernet


class SlowLine(PseudoTerminal):
    """Takes what a process writes no faster than its line; 0: as fast as it comes."""

    def __init__(self, *arguments: str, bytes_per_s: int, size: tuple[int, int]) -> None:
        super().__init__(*arguments, variables={"COLORTERM": "truecolor"}, size=size)
        self.bytes_per_s = bytes_per_s
        self.total_bytes = 0
        self._credit_bytes = 0.0
        self._credited_s = time.monotonic()

    def read(self, wait_s: float = 0.1) -> bytes:
        """What comes through by then."""
        received = super().read(wait_s)
        self.total_bytes += len(received)
        self._credit_bytes -= len(received)
        return received

    def room_bytes(self) -> int:
        """How much the line lets through now; it sleeps until that is something."""
        if not self.bytes_per_s:
            return 65536
        now_s = time.monotonic()
        self._credit_bytes += (now_s - self._credited_s) * self.bytes_per_s
        self._credit_bytes = min(self._credit_bytes, _BURST_BYTES)
        self._credited_s = now_s
        if self._credit_bytes < 1:
            time.sleep(64 / self.bytes_per_s)
            return 0
        return int(self._credit_bytes)

    def read_for(self, seconds: float) -> int:
        """Reads so long; the bytes that came."""
        before, deadline_s = self.total_bytes, time.monotonic() + seconds
        while time.monotonic() < deadline_s:
            self.read(0.02)
        self.seen = self.seen[-4096:]
        return self.total_bytes - before

    def time_key(self, key: bytes, echo: bytes, limit_s: float) -> float:
        """Seconds from a key to what it shows; the limit where that did not come by then."""
        self.seen = b""
        start_s = time.monotonic()
        self.type(key)
        while echo not in self.seen and time.monotonic() - start_s < limit_s:
            self.read(0.02)
        return time.monotonic() - start_s


def pause_s() -> float:
    """A moment that has nothing to do with the ticks'."""
    return random.uniform(0.1, 0.7)  # noqa: S311  no secret

"""A process on a pseudo terminal, and the operator in front of it."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path(__file__).parents[2]
SHOW = ("tests.tui.show", "50")
QUESTION, ANSWER = b"\x1b[6n", b"\x1b[1;1R"
PATIENCE_S = 30.0


class PseudoTerminal:
    """Runs a module on a terminal of its own; nothing of it is left afterwards."""

    def __init__(
        self,
        *arguments: str,
        variables: Mapping[str, str] | None = None,
        size: tuple[int, int] = (80, 24),
        answers: bool = True,
    ) -> None:
        self.seen = b""
        self.answers = answers
        self._asked = b""  # the last bytes: reads may cut a question in two
        self._outer, self.inner = pty.openpty()
        fcntl.ioctl(self.inner, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        self.attributes = termios.tcgetattr(self.inner)
        kept = {n: v for n, v in os.environ.items() if n not in {"COLORTERM", "NO_COLOR"}}
        self.process = subprocess.Popen(
            [sys.executable, "-m", *arguments],
            cwd=ROOT,
            env=kept | {"TERM": "xterm-256color"} | dict(variables or {}),
            stdin=self.inner,
            stdout=self.inner,
            stderr=self.inner,
            process_group=0,  # Ctrl+Z stops all of it
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.hang_up()

    def hang_up(self) -> None:
        """The terminal goes away."""
        for descriptor in (self._outer, self.inner):
            if descriptor >= 0:
                os.close(descriptor)
        self._outer = self.inner = -1

    def type(self, keys: bytes) -> None:
        """Presses keys."""
        os.write(self._outer, keys)

    def read(self, wait_s: float = 0.1) -> bytes:
        """What the terminal receives next; b"" where nothing came."""
        if not select.select([self._outer], [], [], wait_s)[0]:
            return b""
        received = os.read(self._outer, self.room_bytes())
        self.seen += received
        self._asked += received
        if self.answers and QUESTION in self._asked:
            self.type(ANSWER * self._asked.count(QUESTION))
            self._asked = self._asked.rpartition(QUESTION)[2]
        self._asked = self._asked[-len(QUESTION) :]
        return received

    def room_bytes(self) -> int:
        """How much it can receive now."""
        return 65536

    def read_until(self, reached: bytes | Callable[[], bool]) -> None:
        """Reads until these bytes have come, or something else has happened."""
        deadline_s = time.monotonic() + PATIENCE_S
        while not (reached in self.seen if isinstance(reached, bytes) else reached()):
            assert time.monotonic() < deadline_s, f"no {reached!r} in {self.seen[-2000:]!r}"
            self.read()

    def read_to_end(self) -> int:
        """Reads until the process has ended; its exit code."""
        self.read_until(lambda: self.process.poll() is not None)
        while self.read(0):
            pass
        return self.process.wait()

    def modes(self) -> dict[int, bool]:
        """Which of the terminal's modes were set (h) or reset (l) last, by number."""
        found = re.findall(rb"\x1b\[\?(\d+)([hl])", self.seen)
        return {int(number): what == b"h" for number, what in found}

    def colours(self) -> set[str]:
        """The parameters of all SGR sequences."""
        found = re.findall(rb"\x1b\[([\d;]*)m", self.seen)
        return {code for codes in found for code in codes.decode().split(";") if code}

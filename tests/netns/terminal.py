"""A tmux session as an operator has one: keys go in, the screen is read back."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from ebtop.lab.lifetime import read_namespace_names

ROOT = Path(__file__).parents[2]
EBTOP = [sys.executable, "-m", "ebtop"]
PATIENCE_S = 30.0
_ESCAPE_S = 0.15  # so long a terminal's program waits for the rest of a sequence


def wait_until(wanted: Callable[[], bool], what: str) -> None:
    """Returns when it is so; fails with `what` when it is not in time."""
    deadline = time.monotonic() + PATIENCE_S
    while not wanted():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def owned_by(pid: int) -> list[str]:
    """Network namespaces of the labs of a process."""
    return [name for name in read_namespace_names() if name.startswith(f"ebtop-{pid}-")]


def rows(screen: list[str]) -> dict[str, str]:
    """Lines of the screen that are routes, by their prefix."""
    found = (re.match(r"[▌\s]*([0-9a-f:.…]+/\d+)\s", line) for line in screen)
    return {match[1]: match.string for match in found if match}


class Terminal:
    """One window with a command in it; `close` ends all of it."""

    def __init__(self, *command: str, width: int = 80, height: int = 24) -> None:
        self._socket = f"ebtop-test-{os.getpid()}"
        size = ("-x", str(width), "-y", str(height))
        self.run("new-session", "-d", *size, " ".join(command))

    def run(self, *arguments: str) -> str:
        """The output of a tmux command."""
        return subprocess.run(
            ["tmux", "-L", self._socket, "-f", "/dev/null", *arguments],
            cwd=ROOT,
            check=False,
            capture_output=True,
            text=True,
        ).stdout

    def close(self) -> None:
        """Hangs up."""
        self.run("kill-server")

    def screen(self) -> list[str]:
        """Its lines."""
        return self.run("capture-pane", "-p").splitlines()

    def text(self) -> str:
        """Its lines as one text."""
        return "\n".join(self.screen())

    def pid(self) -> int:
        """Of the command."""
        return int(self.run("list-panes", "-F", "#{pane_pid}") or 0)

    def keys(self, *keys: str) -> None:
        """Presses keys by tmux's names, one by one: Escape and another at once are Alt with it."""
        for key in keys:
            self.run("send-keys", key)
            time.sleep(_ESCAPE_S if key == "Escape" else 0)

    def type(self, text: str) -> None:
        """Types a text as it is."""
        self.run("send-keys", "-l", text)

    def shows(self, *words: str) -> None:
        """Returns when all the words are on the screen."""
        deadline = time.monotonic() + PATIENCE_S
        while missing := [word for word in words if word not in self.text()]:
            assert time.monotonic() < deadline, f"no {missing} on\n{self.text()}"
            time.sleep(0.05)

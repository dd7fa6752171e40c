"""The engine's process as a screen starts it. Imports little: a start waits for it."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import ebtop
from ebtop.commands.exits import CommandError, Exit

OWN_COMMAND = (sys.executable, "-P", "-m", "ebtop")
"""This ebtop once more. -P: root may stand in a folder where anyone can put a numpy.py."""


def own_environment() -> dict[str, str]:
    """In which OWN_COMMAND finds this ebtop, installed or not."""
    paths = (os.environ.get("PYTHONPATH", ""), str(Path(ebtop.__file__).parents[1]))
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}


class EngineProcess:
    """An engine that ends with its last watcher.

    Its narration goes to a file: a pipe that nobody reads stops it when full.
    """

    def __init__(self, arguments: Sequence[str]) -> None:
        """Starts `ebtop run` with these arguments, in the calling thread's network namespace."""
        self._end: CommandError | None = None
        self._words = tempfile.TemporaryFile()  # noqa: SIM115  closed when the process has ended
        self._process = subprocess.Popen(
            [*OWN_COMMAND, "run", "--transient", *arguments],
            env=own_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self._words,
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    def ended(self, within_s: float = 0.0) -> CommandError | None:
        """Its last words and its exit code; None while it runs."""
        if self._end is None:
            try:
                code = self._process.wait(within_s)
            except subprocess.TimeoutExpired:
                return None
            with self._words as words:
                words.seek(0)
                self._end = describe_end(code, words.read().decode(errors="replace"))
        return self._end

    def terminate(self) -> None:
        """Asks it to end."""
        self._process.terminate()


def describe_end(code: int, narration: str) -> CommandError:
    """What an engine said last before it ended with this code, as the command's own failure."""
    words = narration.strip().splitlines()
    said = words[-1].removeprefix("ebtop: ") if words else "The engine ended at once."
    if code < 0:
        said = f"The engine was ended by signal {-code}."
    return CommandError(said, Exit(code) if code in set(Exit) else Exit.FAILED)

"""Finding the engine of this network namespace, or starting one for this command."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO

import ebtop
from ebtop.commands.exits import CommandError, Exit
from ebtop.engine.client import Client, NoEngineError, SquatterError
from ebtop.model.errors import EngineGone

OWN_COMMAND = (sys.executable, "-P", "-m", "ebtop")
"""This ebtop once more. -P: root may stand in a folder where anyone can put a numpy.py."""

_START_S = 120.0  # a full Internet table on a busy machine
_ENDED_WELL = (Exit.DONE, Exit.CONFLICT)  # with somebody else's last watcher, or second in a race
_RETRY_S = 0.02
_ANEW_S = 0.2


def own_environment() -> dict[str, str]:
    """In which OWN_COMMAND finds this ebtop, installed or not."""
    paths = (os.environ.get("PYTHONPATH", ""), str(Path(ebtop.__file__).parents[1]))
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}


def connect() -> Client:
    """A watcher of the running engine. Raises CommandError."""
    try:
        return Client()
    except NoEngineError as error:
        raise CommandError(
            "No ebtop engine runs here: start one with `ebtop` or `ebtop run`."
        ) from error
    except EngineGone as error:
        raise as_command_error(error) from error


def connect_or_start(arguments: list[str]) -> Client:
    """The running engine's watcher, or that of a new engine which ends with its last watcher.

    `arguments` are passed to `ebtop run`; with any, a running engine is a conflict, since it may
    do what they forbid. Raises CommandError with the engine's own words.
    """
    try:
        client = Client()
    except NoEngineError:
        return _start(arguments)
    except EngineGone as error:
        raise as_command_error(error) from error
    if arguments:
        client.close()
        raise CommandError(
            f"An engine with pid {client.engine_pid} already runs here: {arguments[0]} is for one"
            " that is started. Leave it out to watch.",
            Exit.CONFLICT,
        )
    return client


def _start(arguments: list[str]) -> Client:
    with tempfile.TemporaryFile() as words:
        return _start_engine(arguments, words)


def _start_engine(arguments: list[str], words: IO[bytes]) -> Client:
    engine = _launch(arguments, words)
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        if engine.poll() is not None:
            if engine.returncode not in _ENDED_WELL or (engine.returncode and arguments):
                raise engine_failure(engine, words)
            time.sleep(_ANEW_S)
            engine = _launch(arguments, words)
        try:
            client = Client()
        except NoEngineError:
            time.sleep(_RETRY_S)
            continue
        except EngineGone as error:
            if engine.poll() is None or engine.returncode in _ENDED_WELL:
                raise as_command_error(error) from error
            raise engine_failure(engine, words) from error
        if client.engine_pid == engine.pid or not arguments:
            return client
        client.close()
        time.sleep(_RETRY_S)
    engine.terminate()
    raise CommandError("The engine did not start in time.")


def _launch(arguments: list[str], words: IO[bytes]) -> subprocess.Popen[bytes]:
    """An engine whose narration goes to a file: a pipe that nobody reads stops it when full."""
    return subprocess.Popen(
        [*OWN_COMMAND, "run", "--transient", *arguments],
        env=own_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=words,
        start_new_session=True,
    )


def engine_failure(engine: subprocess.Popen[bytes], narration: IO[bytes]) -> CommandError:
    """The last words of an engine that ended."""
    narration.seek(0)
    words = narration.read().decode(errors="replace").strip()
    code = Exit(engine.returncode) if engine.returncode in set(Exit) else Exit.FAILED
    message = (
        words.splitlines()[-1].removeprefix("ebtop: ") if words else "The engine ended at once."
    )
    return CommandError(message, code)


def as_command_error(error: EngineGone) -> CommandError:
    """The same sentence; a squatter is a conflict."""
    code = Exit.CONFLICT if isinstance(error, SquatterError) else Exit.FAILED
    return CommandError(str(error), code)

"""Finding the engine of this network namespace, or starting one for this command."""

import os
import subprocess
import sys
import time
from pathlib import Path

import ebtop
from ebtop.commands.exits import CommandError, Exit
from ebtop.engine.client import Client, NoEngineError, SquatterError
from ebtop.model.errors import EngineGone

OWN_COMMAND = (sys.executable, "-P", "-m", "ebtop")
"""This ebtop once more. -P: root may stand in a folder where anyone can put a numpy.py."""

_START_S = 120.0  # a full Internet table on a busy machine


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
    engine = subprocess.Popen(
        [*OWN_COMMAND, "run", "--transient", *arguments],
        env=own_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        if engine.poll() is not None:
            return _raced_or_failed(engine)
        try:
            return Client()
        except NoEngineError:
            time.sleep(0.02)
        except EngineGone as error:
            if engine.poll() is None:
                raise as_command_error(error) from error
    engine.terminate()
    raise CommandError("The engine did not start in time.")


def _raced_or_failed(engine: subprocess.Popen[bytes]) -> Client:
    """Another engine may have been first; else the new one says why it ended."""
    words = engine.stderr.read().decode(errors="replace").strip() if engine.stderr else ""
    code = Exit(engine.returncode) if engine.returncode in set(Exit) else Exit.FAILED
    if code is Exit.CONFLICT:
        try:
            return Client()
        except NoEngineError:
            pass
        except EngineGone as error:
            raise as_command_error(error) from error
    message = (
        words.splitlines()[-1].removeprefix("ebtop: ") if words else "The engine ended at once."
    )
    raise CommandError(message, code)


def as_command_error(error: EngineGone) -> CommandError:
    """The same sentence; a squatter is a conflict."""
    code = Exit.CONFLICT if isinstance(error, SquatterError) else Exit.FAILED
    return CommandError(str(error), code)

"""Finding the engine of this network namespace, or starting one for this command."""

import subprocess
import sys
import time

from ebtop.commands.exits import CommandError, Exit
from ebtop.engine.client import Client, NoEngineError
from ebtop.model.errors import EngineGone

_START_S = 30.0


def connect() -> Client:
    """A watcher of the running engine. Raises CommandError."""
    try:
        return Client()
    except NoEngineError as error:
        raise CommandError(
            "No ebtop engine runs here: start one with `ebtop` or `ebtop run`."
        ) from error
    except EngineGone as error:
        raise CommandError(str(error)) from error


def connect_or_start(arguments: list[str]) -> Client:
    """The running engine's watcher, or that of a new engine which ends with its last watcher.

    `arguments` are passed to `ebtop run`. Raises CommandError with the engine's own words.
    """
    try:
        return Client()
    except NoEngineError:
        pass
    except EngineGone as error:
        raise CommandError(str(error)) from error
    engine = subprocess.Popen(
        [sys.executable, "-m", "ebtop", "run", "--transient", *arguments],
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
                raise CommandError(str(error)) from error
    engine.terminate()
    raise CommandError("The engine did not start in time.")


def _raced_or_failed(engine: subprocess.Popen[bytes]) -> Client:
    """Another engine may have been first; else the new one says why it ended."""
    words = engine.stderr.read().decode(errors="replace").strip() if engine.stderr else ""
    if engine.returncode == Exit.CONFLICT:
        return connect()
    code = Exit(engine.returncode) if engine.returncode in set(Exit) else Exit.FAILED
    message = (
        words.splitlines()[-1].removeprefix("ebtop: ") if words else "The engine ended at once."
    )
    raise CommandError(message, code)

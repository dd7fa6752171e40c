"""`ebtop run`: the engine alone."""

import os
import sys

from ebtop.commands.exits import CommandError, Exit
from ebtop.model.errors import EngineGone


def run(*, ports: list[str], observe: bool, transient: bool) -> int:
    """Runs until a signal ends it. Raises CommandError."""
    from ebtop.kernel.requirements import read_missing  # noqa: PLC0415  start-up of other commands

    missing = read_missing()
    if missing:
        raise CommandError(" ".join(missing), Exit.LACKING)
    from ebtop.datapath.syscall import DatapathError  # noqa: PLC0415  the same
    from ebtop.engine.engine import Engine, Options  # noqa: PLC0415  the same
    from ebtop.engine.server import OwnedError  # noqa: PLC0415  the same

    options = Options(ports=frozenset(ports), observe=observe, transient=transient)
    try:
        engine = Engine(options)
    except OwnedError as error:
        raise CommandError(f"{_owner()}; `ebtop` watches it.", Exit.CONFLICT) from error
    except DatapathError as error:
        raise CommandError(str(error), Exit.LACKING) from error
    except OSError as error:
        raise CommandError(f"The engine cannot start: {error.strerror or error}.") from error
    except MemoryError as error:
        raise CommandError("The engine cannot start: there is not enough memory.") from error
    print(f"ebtop: the engine runs, pid {os.getpid()}.", file=sys.stderr)  # noqa: T201
    engine.run()
    return Exit.DONE


def _owner() -> str:
    from ebtop.engine.client import Client, NoEngineError  # noqa: PLC0415  the same

    try:
        client = Client()
    except (NoEngineError, EngineGone):
        return "Another process owns this network namespace"
    client.close()
    return f"The ebtop engine with pid {client.engine_pid} owns this network namespace"

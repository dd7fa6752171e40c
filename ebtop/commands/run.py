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
        raise CommandError(_name_owner(), Exit.CONFLICT) from error
    except DatapathError as error:
        raise CommandError(str(error), Exit.LACKING) from error
    except OSError as error:
        raise CommandError(f"The engine cannot start: {error.strerror or error}.") from error
    except MemoryError as error:
        raise CommandError("The engine cannot start: there is not enough memory.") from error
    print(f"ebtop: the engine runs, pid {os.getpid()}.", file=sys.stderr)  # noqa: T201
    try:
        engine.run()
    except (DatapathError, OSError, MemoryError) as error:
        raise CommandError(f"The engine ended; the kernel forwards: {error}.") from error
    return Exit.DONE


def _name_owner() -> str:
    from ebtop.engine.client import Client, NoEngineError, SquatterError  # noqa: PLC0415  the same

    try:
        client = Client()
    except SquatterError as error:
        return str(error)
    except (NoEngineError, EngineGone):
        said = "Another process owns this network namespace and does not answer yet"
        return f"{said}; `ss -xap` names it."
    client.close()
    owner = f"The ebtop engine with pid {client.engine_pid}"
    return f"{owner} owns this network namespace; `ebtop` watches it."

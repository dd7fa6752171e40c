"""`ebtop run`: the engine alone."""

import os
import sys
from typing import TYPE_CHECKING

from ebtop.commands.exits import CommandError, Exit
from ebtop.model.errors import EngineGone

if TYPE_CHECKING:
    from ebtop.engine.engine import Engine
    from ebtop.engine.options import Options


def run(*, ports: list[str], observe: bool, read_only: bool, transient: bool) -> int:
    """Runs until a signal ends it. Raises CommandError."""
    from ebtop.kernel.requirements import read_missing  # noqa: PLC0415  start-up of other commands

    missing = read_missing()
    if missing:
        raise CommandError(" ".join(missing), Exit.LACKING)
    from ebtop.datapath.syscall import DatapathError  # noqa: PLC0415  the same
    from ebtop.engine.ending import EndedError  # noqa: PLC0415  the same
    from ebtop.engine.options import Options  # noqa: PLC0415  the same

    options = Options(
        ports=frozenset(ports), observe=observe, read_only=read_only, transient=transient
    )
    try:
        engine = _start(options)
    except EndedError:
        return Exit.DONE
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


def _start(options: "Options") -> "Engine":
    """Owns the namespace before all that takes long, so that watchers can see it start."""
    from ebtop.engine.ending import Ending  # noqa: PLC0415  start-up of other commands
    from ebtop.engine.server import OwnedError, Server  # noqa: PLC0415  the same

    try:
        server = Server(read_only=options.read_only)
    except OwnedError as error:
        raise CommandError(_name_owner(), Exit.CONFLICT) from error
    ending = Ending()
    ending.take_signals()
    try:
        from ebtop.engine.engine import Engine  # noqa: PLC0415  watchers are let in before

        return Engine(options, server, ending)
    except BaseException:
        ending.close()
        server.close()
        raise


def _name_owner() -> str:
    from ebtop.engine.connection import (  # noqa: PLC0415  the same
        NoEngineError,
        SquatterError,
        open_connection,
    )

    try:
        owner = open_connection()
    except SquatterError as error:
        return str(error)
    except (NoEngineError, EngineGone):
        said = "Another process owns this network namespace and does not answer yet"
        return f"{said}; `ss -xap` names it."
    owner.socket.close()
    return f"The ebtop engine with pid {owner.pid} owns this network namespace; `ebtop` watches it."

"""Finding the engine of this network namespace for a command that starts none."""

from ebtop.commands.exits import CommandError, Exit
from ebtop.engine.client import Client
from ebtop.engine.connection import NoEngineError, SquatterError
from ebtop.model.errors import EngineGone


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


def as_command_error(error: EngineGone) -> CommandError:
    """The same sentence; a squatter is a conflict."""
    code = Exit.CONFLICT if isinstance(error, SquatterError) else Exit.FAILED
    return CommandError(str(error), code)

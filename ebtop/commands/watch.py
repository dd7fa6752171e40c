"""`ebtop`: the screen, or one plain table where there is no terminal."""

import gc

from ebtop.commands.search import EngineSearch
from ebtop.tui.terminal.complaint import find_complaint

_WAIT_S = 10.0


def watch(
    *, ports: list[str], observe: bool, read_only: bool, mouse: bool, ascii_only: bool
) -> int:
    """Opens the screen on the namespace's engine, starting one if there is none."""
    arguments = [argument for name in ports for argument in ("--port", name)]
    arguments += ["--observe"] * observe
    exclusive = bool(arguments)
    arguments += ["--read-only"] * read_only
    # Where there can be no engine, no screen opens.
    search = EngineSearch(arguments, exclusive=exclusive)
    gc.disable()  # what is imported from here on is no garbage; the screen collects again
    from ebtop.commands.link import EngineLink  # noqa: PLC0415  see above

    link = EngineLink(search, read_only=read_only)
    try:
        if find_complaint():
            from ebtop.commands.routes import print_routes  # noqa: PLC0415  no screen here

            return print_routes(link.wait(_WAIT_S), None, as_json=False)
        from ebtop.tui.app import run  # noqa: PLC0415  textual only where there is a screen

        code = run(link, mouse=mouse, ascii_only=ascii_only)
        if link.failure is not None:
            raise link.failure
        return code
    finally:
        link.close()

"""`ebtop`: the screen, or one plain table where there is no terminal."""

import os
import sys

from ebtop.commands.search import EngineSearch

_WAIT_S = 10.0


def watch(
    *, ports: list[str], observe: bool, read_only: bool, mouse: bool, ascii_only: bool
) -> int:
    """Opens the screen on the namespace's engine, starting one if there is none."""
    arguments = [argument for name in ports for argument in ("--port", name)]
    arguments += ["--observe"] * observe
    exclusive = bool(arguments)
    arguments += ["--read-only"] * read_only
    # The engine is started first: it loads while all else is imported.
    search = EngineSearch(arguments, exclusive=exclusive)
    from ebtop.commands.link import EngineLink  # noqa: PLC0415  see above

    link = EngineLink(search, read_only=read_only)
    try:
        if not has_screen():
            from ebtop.commands.routes import print_routes  # noqa: PLC0415  see above

            return print_routes(link.wait(_WAIT_S), None, as_json=False)
        from ebtop.tui.app import run  # noqa: PLC0415  textual only where there is a screen

        code = run(link, mouse=mouse, ascii_only=ascii_only)
        if link.failure is not None:
            raise link.failure
        return code
    finally:
        link.close()


def has_screen() -> bool:
    """Whether escapes may be written: to a terminal all around, and one that knows them."""
    streams = (sys.stdin, sys.stdout, sys.stderr)
    terminals = all(stream is not None and stream.isatty() for stream in streams)
    return terminals and os.environ.get("TERM", "") not in {"", "dumb"}

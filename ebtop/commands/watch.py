"""`ebtop`: the screen, or one plain table where there is no terminal."""

import os
import sys

from ebtop.commands.connect import connect_or_start
from ebtop.commands.routes import print_routes


def watch(*, ports: list[str], observe: bool) -> int:
    """Opens the screen on the namespace's engine, starting one if there is none."""
    arguments = [argument for name in ports for argument in ("--port", name)]
    if observe:
        arguments.append("--observe")
    client = connect_or_start(arguments)
    try:
        if not has_screen():
            return print_routes(client, None, as_json=False)
        from ebtop.tui.app import run  # noqa: PLC0415  textual only where there is a screen

        return run(client)
    finally:
        client.close()


def has_screen() -> bool:
    """Whether escapes may be written: to a terminal all around, and one that knows them."""
    streams = (sys.stdin, sys.stdout, sys.stderr)
    terminals = all(stream is not None and stream.isatty() for stream in streams)
    return terminals and os.environ.get("TERM", "") not in {"", "dumb"}

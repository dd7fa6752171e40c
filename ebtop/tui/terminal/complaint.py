"""Whether there is a terminal for the screen. Imports no Textual: commands ask before they do."""

import os
import sys


def find_complaint() -> str:
    """Why this terminal cannot show a screen; "" where it can."""
    # Textual reads standard input and paints on standard error.
    streams = (sys.stdin, sys.stdout, sys.stderr)
    if not all(stream is not None and stream.isatty() for stream in streams):
        return "the screen needs a terminal on standard input, output and error (try ssh -t)."
    if os.environ.get("TERM", "") in {"", "dumb"}:
        return "the screen needs more than a dumb terminal; set TERM."
    return ""

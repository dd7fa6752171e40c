"""Plain output: aligned text without escapes, and JSON with a schema number."""

import json
from collections.abc import Sequence
from typing import Any

from ebtop.model.format import format_untrusted

SCHEMA = 1
_ANY_WIDTH = 1 << 16


def print_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns as wide as their widest cell, nothing cut off."""
    table = [[format_printable(cell) for cell in row] for row in (headings, *rows)]
    widths = [max(len(row[column]) for row in table) for column in range(len(headings))]
    for row in table:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print("  ".join(cells).rstrip())  # noqa: T201  what the command is for


def format_printable(text: str) -> str:
    """The text without what a terminal might act on: names from outside stand in sentences too."""
    if not text or (text.isascii() and text.isprintable()):
        return text
    return format_untrusted(text, _ANY_WIDTH)


def print_json(value: dict[str, Any]) -> None:
    """One object on one line, with the schema's number."""
    print(json.dumps({"schema": SCHEMA, **value}))  # noqa: T201  what the command is for

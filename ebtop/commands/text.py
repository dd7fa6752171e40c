"""Plain output: aligned text without escapes, and JSON with a schema number."""

import json
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

from ebtop.model.format import format_untrusted

SCHEMA = 1
_ANY_WIDTH = 1 << 16
_BATCH = 1 << 12  # lines that are made before they are printed


def print_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Columns as wide as their widest cell so far, nothing cut off; printed as the rows come."""
    remaining = iter(rows)
    widths = [0] * len(headings)
    batch = [headings, *islice(remaining, _BATCH)]
    while batch:
        table = [[format_printable(cell) for cell in row] for row in batch]
        widths = [
            max(width, *map(len, cells)) for width, *cells in zip(widths, *table, strict=True)
        ]
        lines = (
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in table
        )
        print("\n".join(lines))  # noqa: T201  what the command is for
        batch = list(islice(remaining, _BATCH))


def format_printable(text: str) -> str:
    """The text without what a terminal might act on: names from outside stand in sentences too."""
    if not text or (text.isascii() and text.isprintable()):
        return text
    return format_untrusted(text, _ANY_WIDTH)


def print_json(value: dict[str, Any]) -> None:
    """One object on one line, with the schema's number."""
    print(json.dumps({"schema": SCHEMA, **value}))  # noqa: T201  what the command is for


def print_json_list(name: str, values: Iterable[Any]) -> None:
    """As `print_json` of one list, whose values are printed as they come."""
    print(f'{{"schema": {SCHEMA}, {json.dumps(name)}: [', end="")  # noqa: T201  the same
    for index, value in enumerate(values):
        print(", " if index else "", json.dumps(value), sep="", end="")  # noqa: T201  the same
    print("]}")  # noqa: T201  the same

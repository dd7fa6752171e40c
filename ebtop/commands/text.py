"""Plain output: aligned text without escapes, and JSON with a schema number."""

import json
from collections.abc import Sequence
from typing import Any

SCHEMA = 1


def print_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns as wide as their widest cell, nothing cut off."""
    table = [headings, *rows]
    widths = [max(len(row[column]) for row in table) for column in range(len(headings))]
    for row in table:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print("  ".join(cells).rstrip())  # noqa: T201  what the command is for


def print_json(value: dict[str, Any]) -> None:
    """One object on one line, with the schema's number."""
    print(json.dumps({"schema": SCHEMA, **value}))  # noqa: T201  what the command is for

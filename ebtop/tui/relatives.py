"""The prefixes around a route: what would take its packets, and what takes some of them away."""

from dataclasses import dataclass

import numpy as np

from ebtop.model.match import find_contained, find_covering
from ebtop.model.prefix import Prefix
from ebtop.model.route import TABLE_LOCAL
from ebtop.model.snapshot import RouteTable, RowState, Snapshot
from ebtop.tui.columns import GUTTER, Column, Placed
from ebtop.tui.order import Rows
from ebtop.tui.paint import Line
from ebtop.tui.row import format_row

SHOWN_COVERED = 12
"""Of a default route's million, the first ones stand for all."""

_SAMPLE = 1000
_NUMBER = 10  # a metric's digits
_GREATEST_WIDTH = 96  # what belongs together is not torn apart on a wide screen
_INDENT = 3
_SPACE = (" " * _INDENT, "")


@dataclass(frozen=True, slots=True)
class Relatives:
    """Ids of routes; those of the kernel's local table are left out."""

    covering: tuple[int, ...] = ()  # the longest first
    rivals: tuple[int, ...] = ()  # of the same prefix, the kernel's choice first
    covered: tuple[int, ...] = ()  # the first by address
    covered_count: int = 0


def prefix_of(table: RouteTable, route: int) -> Prefix:
    """The route's prefix."""
    return Prefix(*(int(table[name][route]) for name in ("family", "high", "low", "length")))


def find_relatives(snapshot: Snapshot, route: int) -> Relatives:
    """The routes around one; a full table takes up to 15 ms."""
    table, prefix = snapshot.routes, prefix_of(snapshot.routes, route)
    # Of a default route's million, a mask of the whole table is gathered faster than a column.
    shown = table["table"] != TABLE_LOCAL
    covering = find_covering(table, prefix)
    covering = covering[shown[covering]]
    covering = covering[np.argsort(-table["length"][covering].astype(int), kind="stable")]
    within = find_contained(table, prefix)
    rivals = within[(shown & (table["length"] == prefix.length))[within]]
    rivals = rivals[rivals != route]
    rivals = rivals[np.lexsort((table["metric"][rivals], table["state"][rivals]))]
    inner = shown & (table["length"] > prefix.length) & (table["state"] == RowState.BEST)
    covered = within[inner[within]]
    return Relatives(
        covering=tuple(covering.tolist()),
        rivals=tuple(rivals.tolist()),
        covered=tuple(_first_by_address(table, covered).tolist()),
        covered_count=len(covered),
    )


def _first_by_address(table: RouteTable, rows: Rows) -> Rows:
    """The first rows in the order of prefixes, without sorting the rest."""
    # As many of a sample are not greater than a bound that the wanted rows cannot be beyond.
    sample = table["high"][rows[:: max(len(rows) // _SAMPLE, 1)]]
    if len(sample) > SHOWN_COVERED:
        bound = np.partition(sample, SHOWN_COVERED - 1)[SHOWN_COVERED - 1]
        rows = rows[(table["high"] <= bound)[rows]]
    keys = [table[name][rows] for name in ("metric", "table", "length", "low", "high")]
    return rows[np.lexsort(keys)][:SHOWN_COVERED]


def format_relatives(snapshot: Snapshot, relatives: Relatives, width: int) -> tuple[Line, ...]:
    """Sections with a line for each route; a section without routes is a line that says so."""
    lines: list[Line] = []
    if relatives.rivals:
        rivals = relatives.rivals
        lines += _section(snapshot, "also for this prefix", rivals, width, Column.METRIC)
        lines.append(())
    lines += _section(snapshot, "covered by", relatives.covering, width, Column.PPS)
    lines.append(())
    count = relatives.covered_count
    name = f"covers {count:,} route{'' if count == 1 else 's'}" if count else "covers"
    lines += _section(snapshot, name, relatives.covered, width, Column.PPS)
    more = count - len(relatives.covered)
    if more:
        lines.append(((f"   and {more:,} more", "tone--muted"),))
    return tuple(lines)


def _section(
    snapshot: Snapshot, name: str, routes: tuple[int, ...], width: int, number: Column
) -> list[Line]:
    if not routes:
        return [((f" {name}", "tone--title"), ("  no route", "tone--muted"))]
    columns = _place(width - _INDENT, number)
    end = _INDENT + columns[-1].start + columns[-1].width - GUTTER
    heading = f"{number:>{max(end - len(name) - 1, len(number) + 1)}}"
    head: Line = ((f" {name}", "tone--title"), (heading, "tone--head"))
    return [head, *((_SPACE, *format_row(snapshot, route, columns)) for route in routes)]


def _place(width: int, number: Column) -> tuple[Placed, ...]:
    """Prefix, next hop and port share what the number leaves of the width."""
    room = min(width, _GREATEST_WIDTH) - GUTTER - 3 - _NUMBER
    prefix = next_hop = room * 2 // 5
    names = (Column.PREFIX, Column.NEXT_HOP, Column.PORT, number)
    placed, start = [], GUTTER
    for column, cells in zip(names, (prefix, next_hop, room // 5, _NUMBER), strict=True):
        placed.append(Placed(column, start, cells))
        start += cells + 1
    return tuple(placed)

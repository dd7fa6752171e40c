"""The columns of the route table, and which of them fit a width."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Column(StrEnum):
    """A column, named by its heading."""

    PREFIX = "prefix"
    NEXT_HOP = "next hop"
    PORT = "port"
    OWNER = "owner"
    METRIC = "metric"
    TABLE = "table"
    PACKETS = "packets"
    PPS = "pps"
    BPS = "bit/s"
    P50 = "p50"
    P99 = "p99"
    PUNTS = "punt/s"
    SPARK = "1 minute"
    SHARE = "share"


@dataclass(frozen=True, slots=True)
class Field:
    """How a column is set: `rank` says who stays when room is short, 0 first."""

    minimum: int
    ideal: int
    rank: int
    right: bool = False  # numbers; sorted from the greatest
    extra: bool = False  # stands only where the others have room to spare


FIELDS: dict[Column, Field] = {
    Column.PREFIX: Field(18, 30, 0),
    Column.NEXT_HOP: Field(15, 26, 1),
    Column.PORT: Field(8, 15, 3),
    Column.OWNER: Field(6, 10, 8),
    Column.METRIC: Field(6, 7, 10, right=True),
    Column.TABLE: Field(5, 8, 11, right=True, extra=True),
    Column.PACKETS: Field(7, 7, 12, right=True, extra=True),
    Column.PPS: Field(6, 7, 2, right=True),
    Column.BPS: Field(6, 7, 5, right=True),
    Column.P50: Field(5, 6, 6, right=True),
    Column.P99: Field(5, 6, 4, right=True),
    Column.PUNTS: Field(6, 7, 9, right=True),
    Column.SPARK: Field(8, 30, 7),
    Column.SHARE: Field(5, 24, 13, extra=True),
}
GUTTER = 1
"""Cells before the first column: the cursor's mark."""

SORTABLE = tuple(column for column in Column if column not in {Column.SPARK, Column.SHARE})
EXTRA_FROM = 140
"""Below this width an IPv6 prefix in full is worth more than another column."""

_CYCLE = (Column.PPS, Column.BPS, Column.P50, Column.P99, Column.PUNTS, Column.PACKETS)


@dataclass(frozen=True, slots=True)
class Placed:
    """A column with the cells that it got."""

    column: Column
    start: int
    width: int


@dataclass(frozen=True, slots=True)
class Sort:
    """What the table is sorted by; ties go by prefix, what was not measured stands last."""

    column: Column = Column.PPS
    descending: bool = True

    def reversed(self) -> "Sort":
        """The other way round."""
        return Sort(self.column, not self.descending)


def natural_sort(column: Column) -> Sort:
    """Numbers from the greatest, names from the first; metrics and tables count as names."""
    descending = FIELDS[column].right and column not in {Column.METRIC, Column.TABLE}
    return Sort(column, descending)


def next_sort(sort: Sort, shown: Iterable[Column], step: int = 1) -> Sort:
    """The sort after this one (-1: before): measured columns first, then the rest on screen."""
    wanted = set(shown)
    order = [*_CYCLE, *(column for column in SORTABLE if column not in _CYCLE)]
    return _stepped(sort, [column for column in order if column in wanted], step)


def beside_sort(sort: Sort, shown: Iterable[Column], step: int) -> Sort:
    """The sort by the column right (1) or left (-1) of the sorted one, round the edges."""
    return _stepped(sort, [column for column in shown if column in SORTABLE], step)


def _stepped(sort: Sort, cycle: list[Column], step: int) -> Sort:
    if sort.column not in cycle:
        return natural_sort(cycle[0])
    return natural_sort(cycle[(cycle.index(sort.column) + step) % len(cycle)])


def place_columns(width: int, wanted: frozenset[Column] = frozenset()) -> tuple[Placed, ...]:
    """The columns that fit `width` cells, in their order, grown towards their ideal widths.

    Those that are `wanted` come before all but the prefix.
    """
    chosen: list[Column] = []
    used = GUTTER
    for column in sorted(Column, key=lambda each: _urgency(each, wanted)):
        field = FIELDS[column]
        needed = field.minimum + (1 if chosen else 0)
        if chosen and (used + needed > width or (field.extra and width < EXTRA_FROM)):
            break
        chosen.append(column)
        used += needed
    widths = {column: FIELDS[column].minimum for column in Column if column in chosen}
    _grow(widths, width - used)
    placed = []
    start = GUTTER
    for column, cells in widths.items():
        placed.append(Placed(column, start, cells))
        start += cells + 1
    return tuple(placed)


def _urgency(column: Column, wanted: frozenset[Column]) -> tuple[bool, int]:
    """Who is placed first: the least."""
    first = column is Column.PREFIX or column in wanted
    return not first, FIELDS[column].rank


def _grow(widths: dict[Column, int], spare: int) -> None:
    """Hands out spare cells one by one, to every column that wants more in turn."""
    while spare > 0:
        wanting = [column for column in widths if widths[column] < FIELDS[column].ideal]
        if not wanting:
            return
        for column in wanting[:spare]:
            widths[column] += 1
        spare -= min(len(wanting), spare)

"""Which routes the table shows, and in what order: pure numpy over the columns."""

from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from ebtop.model.route import OWNERS, TABLE_LOCAL, RouteType, format_owner
from ebtop.model.snapshot import RouteTable, RowState, Snapshot
from ebtop.tui.columns import Column, Sort

Rows = NDArray[np.intp]
MAX_APPENDED = 10_000
"""So many new routes are put in place at once; more wait for the next sort, off the loop."""

_LIVE = {
    Column.PPS: "pps",
    Column.BPS: "bps",
    Column.P50: "p50_ns",
    Column.P99: "p99_ns",
    Column.PUNTS: "punt_pps",
    Column.METRIC: "metric",
    Column.TABLE: "table",
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Order:
    """The route ids of the table from top to bottom."""

    rows: Rows
    sort: Sort
    structure: int  # of the snapshot whose routes these are
    born: NDArray[np.uint32]  # by route id, at that snapshot
    by_prefix: Rows | None = None  # the same routes by prefix; None: not known
    complete: bool = True  # False: routes are missing until the next sort


def arrange(snapshot: Snapshot, sort: Sort, previous: Order | None = None) -> Order:
    """The table in full order; stable, with ties by prefix.

    Takes about 0.3 s for a million routes whose structure changed, else a tenth of it: made
    for a thread. `previous` spares the order by prefix where the structure is the same.
    """
    same = previous is not None and previous.structure == snapshot.structure
    by_prefix = previous.by_prefix if previous is not None and same else None
    if by_prefix is None:
        by_prefix = _prefix_order(snapshot.routes, np.flatnonzero(_visible(snapshot.routes)))
    if sort.column is Column.PREFIX:
        rows = by_prefix[::-1] if sort.descending else by_prefix
    else:
        rows = _ranked(by_prefix, _sort_key(snapshot, sort.column, by_prefix), sort.descending)
    born = _born(snapshot.routes)
    return Order(rows=rows, sort=sort, structure=snapshot.structure, born=born, by_prefix=by_prefix)


def follow(order: Order, snapshot: Snapshot) -> Order:
    """The same order for another snapshot: dead routes out, new ones at the end.

    No route is ever shown under an id that another route has taken over.
    """
    if order.structure == snapshot.structure:
        return order
    visible = _visible(snapshot.routes)
    born = _born(snapshot.routes)
    rows = order.rows[order.rows < len(visible)]
    rows = rows[visible[rows] & (born[rows] == order.born[rows])]
    visible[rows] = False
    added = np.flatnonzero(visible)
    complete = order.complete and len(added) <= MAX_APPENDED
    if complete and len(added):
        rows = np.concatenate([rows, _prefix_order(snapshot.routes, added)])
    return Order(
        rows=rows, sort=order.sort, structure=snapshot.structure, born=born, complete=complete
    )


def _visible(table: RouteTable) -> NDArray[np.bool_]:
    """Routes that packets use, without the kernel's own of the local table."""
    visible: NDArray[np.bool_] = table["state"] == int(RowState.BEST)
    visible &= table["table"] != TABLE_LOCAL
    visible[:1] = False
    return visible


def _born(table: RouteTable) -> NDArray[np.uint32]:
    return cast("NDArray[np.uint32]", table["born"])


def _prefix_order(table: RouteTable, rows: Rows) -> Rows:
    """Rows by family, address, length, table and metric."""
    family = table["family"][rows]
    four, six = rows[family == 4], rows[family != 4]
    high = cast("NDArray[np.uint64]", table["high"])
    # An IPv4 address leaves the lower half of `high` free: address and length are one key.
    key = high[four] | cast("NDArray[np.uint8]", table["length"])[four]
    four = four[np.lexsort((table["metric"][four], table["table"][four], key))]
    keys = [table[name][six] for name in ("metric", "table", "length", "low", "high")]
    return np.concatenate([four, six[np.lexsort(keys)]])


def _ranked(rows: Rows, key: NDArray[np.float64], descending: bool) -> Rows:  # noqa: FBT001  a value, not a switch
    """Rows by key. Most routes of a full table are idle, so only the others are sorted."""
    moving = np.flatnonzero(key > 0)
    values = key[moving]
    moving = moving[np.argsort(-values if descending else values, kind="stable")]
    idle, unknown = np.flatnonzero(key <= 0), np.flatnonzero(np.isnan(key))
    parts = (moving, idle, unknown) if descending else (idle, moving, unknown)
    return rows[np.concatenate(parts)]


def _sort_key(snapshot: Snapshot, column: Column, rows: Rows) -> NDArray[np.float64]:
    """A number for each row; NaN where there is nothing to compare."""
    table = snapshot.routes
    if column is Column.PACKETS:
        seen = (table[name][rows].astype(np.float64) for name in ("packets", "observed_packets"))
        return np.add(*seen)
    if column in _LIVE:
        return table[_LIVE[column]][rows].astype(np.float64)
    if column is Column.OWNER:
        names = [format_owner(protocol) for protocol in range(256)]
        return _ranks([(name not in OWNERS.values(), name) for name in names])[
            cast("NDArray[np.uint8]", table["protocol"])[rows]
        ]
    of_group = _ranks(
        [_next_hop_key(snapshot, number, column) for number in range(len(snapshot.groups))]
    )
    groups = cast("NDArray[np.uint32]", table["group"])[rows]
    known = (table["type"][rows] == int(RouteType.UNICAST)) & (groups < len(of_group))
    key = np.full(len(rows), np.nan)
    key[known] = of_group[groups[known]]
    return key


def _next_hop_key(snapshot: Snapshot, number: int, column: Column) -> tuple[object, ...]:
    """What a group's first member is compared by."""
    members = snapshot.groups[number].members
    if not members:
        return (9, "", 0)
    if column is Column.PORT:
        return (0, snapshot.names.get(members[0].ifindex, ""), members[0].ifindex)
    gateway = members[0].gateway
    return (0, 0, 0) if gateway is None else (gateway.family, gateway.high, gateway.low)


def _ranks(keys: list[tuple[object, ...]]) -> NDArray[np.float64]:
    """Place of each key among all keys in order, from 1; equal keys share it."""
    places = {key: place for place, key in enumerate(sorted(set(keys)), start=1)}
    return np.array([places[key] for key in keys], dtype=np.float64)

"""The decoder's output: one array for each attribute, one row for each netlink message."""

from dataclasses import dataclass, field, fields
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from ebtop.model.route import NexthopGroup


class RouteEvent(IntEnum):
    """What a route message says; the order of rows is the order of messages."""

    DELETED = 0
    ADDED = 1  # in front of the routes of its key; all that a dump holds is ADDED
    APPENDED = 2  # NLM_F_APPEND: behind the routes of its key
    REPLACED = 3  # NLM_F_REPLACE: instead of the first route of its key


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RouteColumns:
    """Routes of any number, all arrays of one length.

    Addresses are left-aligned pairs of u64 (see ebtop.model.prefix).
    """

    event: NDArray[np.uint8]  # RouteEvent
    family: NDArray[np.uint8]  # 4 or 6
    high: NDArray[np.uint64]
    low: NDArray[np.uint64]
    length: NDArray[np.uint8]
    table: NDArray[np.uint32]
    metric: NDArray[np.uint32]
    tos: NDArray[np.uint8]
    source_length: NDArray[np.uint8]  # IPv6 source-specific routes: > 0
    source_high: NDArray[np.uint64]
    source_low: NDArray[np.uint64]
    protocol: NDArray[np.uint8]
    scope: NDArray[np.uint8]
    type: NDArray[np.uint8]  # RouteType
    flags: NDArray[np.uint32]  # rtm_flags
    mtu: NDArray[np.uint32]  # RTAX_MTU, 0: none
    lifetime_s: NDArray[np.float64]  # IPv6 expiry from now, inf: none
    unsupported: NDArray[np.bool_]  # an attribute that XDP cannot honour (encap, ...)
    group: NDArray[np.uint32]  # index into `groups`
    groups: tuple[NexthopGroup, ...] = field(default=())

    def __len__(self) -> int:
        return len(self.event)


COLUMN_TYPES: dict[str, type[np.generic]] = {
    "event": np.uint8,
    "family": np.uint8,
    "high": np.uint64,
    "low": np.uint64,
    "length": np.uint8,
    "table": np.uint32,
    "metric": np.uint32,
    "tos": np.uint8,
    "source_length": np.uint8,
    "source_high": np.uint64,
    "source_low": np.uint64,
    "protocol": np.uint8,
    "scope": np.uint8,
    "type": np.uint8,
    "flags": np.uint32,
    "mtu": np.uint32,
    "lifetime_s": np.float64,
    "unsupported": np.bool_,
    "group": np.uint32,
}


def empty_columns(count: int = 0, *, groups: tuple[NexthopGroup, ...] = ()) -> RouteColumns:
    """Columns of zeros (no lifetime) to be filled."""
    arrays = {name: np.zeros(count, dtype=kind) for name, kind in COLUMN_TYPES.items()}
    arrays["lifetime_s"][:] = np.inf
    return RouteColumns(**arrays, groups=groups)


def concatenate(parts: list[RouteColumns]) -> RouteColumns:
    """The rows of all parts, their group numbers moved into one common tuple of groups."""
    known: dict[NexthopGroup, int] = {}
    moved = []
    for part in parts:
        table = [known.setdefault(group, len(known)) for group in part.groups]
        moved.append(np.array(table or [0], dtype=np.uint32)[part.group])
    arrays = {
        name: np.concatenate([getattr(part, name) for part in parts])
        if parts
        else np.zeros(0, dtype=kind)
        for name, kind in COLUMN_TYPES.items()
        if name != "group"
    }
    group = np.concatenate(moved) if moved else np.zeros(0, dtype=np.uint32)
    return RouteColumns(**arrays, group=group, groups=tuple(known))


def select(columns: RouteColumns, rows: NDArray[np.bool_] | NDArray[np.intp]) -> RouteColumns:
    """The rows that a mask or an index array picks, in its order."""
    arrays = {f.name: getattr(columns, f.name)[rows] for f in fields(columns) if f.name != "groups"}
    return RouteColumns(**arrays, groups=columns.groups)

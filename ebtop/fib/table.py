"""The rows that the RIB holds: columns by route id, found by prefix."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ebtop.fib.groups import Groups
from ebtop.fib.pool import Pool
from ebtop.fib.prefixes import MASKS, PrefixColumns, pack_key
from ebtop.model.columns import RouteColumns
from ebtop.model.prefix import Prefix
from ebtop.model.snapshot import STATIC_COLUMNS, RowState

PRIVATE_COLUMNS: dict[str, type[np.generic]] = {
    "tos": np.uint8,
    "source_length": np.uint8,
    "source_high": np.uint64,
    "source_low": np.uint64,
    "scope": np.uint8,
    "flags": np.uint32,
    "unsupported": np.bool_,
    "expiry_s": np.float64,  # on the caller's clock, inf: none
    "position": np.int64,  # order among the routes of one prefix
    "next": np.uint32,  # the next row of the same prefix, 0: none
    "verdict": np.uint8,  # of a BEST row: a verdict set, or FORWARD
    "twin": np.bool_,  # the kernel announced another one that looks the same
}
COPIED = (
    *("family", "high", "low", "length", "table", "metric", "protocol", "type", "mtu", "tos"),
    *("source_length", "source_high", "source_low", "scope", "flags", "unsupported"),
)
"""What a row takes from an event as it is; group, expiry and position are translated."""


class Table:
    """Rows by id and chains of rows by prefix. Ids of released rows rest until reclaim()."""

    def __init__(self, capacity: int) -> None:
        kinds = STATIC_COLUMNS | PRIVATE_COLUMNS
        self.columns: dict[str, NDArray[Any]] = {
            name: np.zeros(capacity, dtype=kind) for name, kind in kinds.items()
        }
        self.groups = Groups()
        self.ids = Pool(1, capacity)
        self.heads: dict[bytes, int] = {}
        self.front = -1  # position of the next row that goes in front
        self.back = 0
        self._births = 0
        self._lengths = {4: np.zeros(129, dtype=np.int64), 6: np.zeros(129, dtype=np.int64)}
        self._present: dict[int, list[int]] = {4: [], 6: []}

    def find(self, keys: Iterable[bytes]) -> NDArray[np.uint32]:
        """The first row of each prefix, 0 where there is none."""
        get = self.heads.get
        return np.fromiter((get(key, 0) for key in keys), dtype=np.uint32)

    def chain(self, key: bytes) -> list[int]:
        """All rows of a prefix, in kernel order: by table, metric and position."""
        columns, rows = self.columns, []
        row = self.heads.get(key, 0)
        while row:
            rows.append(row)
            row = int(columns["next"][row])
        if len(rows) > 1:
            rows.sort(key=lambda r: (columns["metric"][r], columns["position"][r]))
        return rows

    def rows(self) -> NDArray[np.uint32]:
        """Every held row, ascending."""
        return np.flatnonzero(self.columns["state"]).astype(np.uint32)

    def rows_of_table(self, table: int) -> NDArray[np.uint32]:
        """Every held row of one kernel table."""
        rows = self.rows()
        mine: NDArray[np.uint32] = rows[self.columns["table"][rows] == table]
        return mine

    def prefixes(self, rows: NDArray[Any]) -> PrefixColumns:
        """The prefixes of rows."""
        c = self.columns
        return PrefixColumns(c["family"][rows], c["high"][rows], c["low"][rows], c["length"][rows])

    def insert(
        self,
        events: RouteColumns,
        picked: NDArray[np.intp],
        group: NDArray[np.uint32],
        expiry_s: NDArray[np.float64],
        position: NDArray[np.int64],
    ) -> NDArray[np.uint32]:
        """New rows for the picked events, as many as fit; returns their ids, in order."""
        ids = self.ids.take_many(len(picked))
        picked = picked[: len(ids)]
        self.write(ids, events, picked, group, expiry_s)
        self.columns["position"][ids] = position[: len(ids)]
        self.columns["state"][ids] = RowState.SHADOWED
        self.columns["born"][ids] = np.arange(
            self._births + 1, self._births + 1 + len(ids), dtype=np.uint64
        ).astype(np.uint32)
        self._births += len(ids)
        self.columns["verdict"][ids] = 0
        self.columns["twin"][ids] = False
        self._link(ids)
        return ids

    def write(
        self,
        ids: NDArray[np.uint32],
        events: RouteColumns,
        picked: NDArray[np.intp],
        group: NDArray[np.uint32],
        expiry_s: NDArray[np.float64],
    ) -> None:
        """Give rows the attributes of events; `group` and `expiry_s` belong to all events."""
        for name in COPIED:
            self.columns[name][ids] = getattr(events, name)[picked]
        self.columns["group"][ids] = group[picked]
        self.columns["expiry_s"][ids] = expiry_s[picked]

    def _link(self, ids: NDArray[np.uint32]) -> None:
        prefixes = self.prefixes(ids)
        heads, follow, followed = self.heads, [], []
        for key, row in zip(prefixes.keys(), ids.tolist(), strict=True):
            head = heads.get(key)
            if head is not None:
                follow.append(row)
                followed.append(head)
            heads[key] = row
        self.columns["next"][ids] = 0
        self.columns["next"][follow] = followed
        self._count(prefixes, 1)

    def release(self, ids: NDArray[np.uint32]) -> None:
        """Take rows out; their columns stay readable until the ids are given out again."""
        prefixes = self.prefixes(ids)
        heads, following = self.heads, self.columns["next"]
        for key, row in zip(prefixes.keys(), ids.tolist(), strict=True):
            follower = int(following[row])
            before = heads[key]
            if before != row:
                while following[before] != row:
                    before = int(following[before])
                following[before] = follower
            elif follower:
                heads[key] = follower
            else:
                del heads[key]
        self.columns["state"][ids] = RowState.FREE
        self.ids.release(ids.tolist())
        self._count(prefixes, -1)

    def _count(self, prefixes: PrefixColumns, step: int) -> None:
        for family, counts in self._lengths.items():
            lengths = prefixes.length[prefixes.family == family]
            np.add(counts, step * np.bincount(lengths, minlength=129), out=counts)
            self._present[family] = np.flatnonzero(counts)[::-1].tolist()

    def cover(self, prefix: Prefix, tables: Sequence[int] = ()) -> int:
        """BEST row of the longest strictly shorter prefix around this one, 0: none.

        With `tables`, only rows of these count.
        """
        columns, heads = self.columns, self.heads
        for length in self._present[prefix.family]:
            if length >= prefix.length:
                continue
            high, low = MASKS[length]
            key = pack_key(prefix.family, prefix.high & high, prefix.low & low, length)
            row = heads.get(key, 0)
            while row:
                if columns["state"][row] == RowState.BEST and (
                    not tables or columns["table"][row] in tables
                ):
                    return row
                row = int(columns["next"][row])
        return 0

    def best(self, heads: NDArray[np.uint32]) -> NDArray[np.uint32]:
        """The BEST row of each chain, 0: none."""
        state, following = self.columns["state"], self.columns["next"]
        found = np.zeros(len(heads), dtype=np.uint32)
        row = heads
        while row.any():
            found = np.where(state[row] == RowState.BEST, row, found)
            row = following[row]
        return found

    def members_of(self, heads: NDArray[np.uint32]) -> tuple[NDArray[np.uint32], NDArray[np.intp]]:
        """All rows of many chains, and for each the number of its chain."""
        row, ordinal = heads, np.arange(len(heads), dtype=np.intp)
        rows, ordinals = [], []
        while True:
            ordinal, row = ordinal[row > 0], row[row > 0]
            if not len(row):
                break
            rows.append(row)
            ordinals.append(ordinal)
            row = self.columns["next"][row]
        if not rows:
            return heads[:0], np.zeros(0, dtype=np.intp)
        return np.concatenate(rows), np.concatenate(ordinals)

"""What route messages do to the table, one after the other, as in the kernel.

IPv4: net/ipv4/fib_trie.c fib_table_insert, fib_table_delete. IPv6: net/ipv6/ip6_fib.c
fib6_add_rt2node and net/ipv6/route.c ip6_route_del, where one row stands for all siblings.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ebtop.fib.table import Table
from ebtop.model.columns import RouteColumns, RouteEvent
from ebtop.model.prefix import Address
from ebtop.model.route import Nexthop, NexthopGroup

_KEY = ("table", "tos", "metric", "source_length", "source_high", "source_low")
_REST = ("type", "scope", "protocol")


@dataclass(slots=True)
class Outcome:
    """What a run of events did."""

    born: list[NDArray[np.uint32]] = field(default_factory=list)
    gone: list[NDArray[np.uint32]] = field(default_factory=list)
    written: list[NDArray[np.uint32]] = field(default_factory=list)  # rows with new attributes
    lost: list[int] = field(default_factory=list)  # events that found no free row
    confused: bool = False


class Replay:
    """Applies events (with the table's group numbers and absolute expiry) to a table."""

    def __init__(
        self,
        table: Table,
        events: RouteColumns,
        keys: list[bytes],
        group: NDArray[np.uint32],
        expiry_s: NDArray[np.float64],
    ) -> None:
        self._table = table
        self._events = events
        self._keys = keys
        self._group = group
        self._expiry_s = expiry_s
        self.outcome = Outcome()

    def run(self) -> Outcome:
        """All events, those of one prefix in order; the first of each, the second, ... in bulk."""
        for index in _rounds(self._keys):
            left = self._run_bulk(index) if len(index) > 1 else index
            for one in left.tolist():
                self._run_one(one)
        return self.outcome

    def _run_one(self, index: int) -> None:
        if self._events.event[index] == RouteEvent.DELETED:
            self._delete(index)
        elif self._events.family[index] == 4:
            self._add4(index)
        else:
            self._add6(index)

    def _run_bulk(self, index: NDArray[np.intp]) -> NDArray[np.intp]:
        """Events of different prefixes at once; those that need a closer look are returned."""
        events, table = self._events, self._table
        event = events.event[index]
        heads = table.find([self._keys[one] for one in index.tolist()])
        added = (event == RouteEvent.ADDED) | (event == RouteEvent.APPENDED)
        fresh: NDArray[np.bool_] = (heads == 0) & added
        fits: NDArray[np.bool_] = (heads != 0) & (table.columns["next"][heads] == 0)
        for name in _KEY:
            fits &= table.columns[name][heads] == getattr(events, name)[index]
        replaced: NDArray[np.bool_] = fits & (event == RouteEvent.REPLACED)
        for name in _REST:
            fits &= table.columns[name][heads] == getattr(events, name)[index]
        plain = table.groups.plain
        fits &= plain[table.columns["group"][heads]] == plain[self._group[index]]
        deleted: NDArray[np.bool_] = fits & (event == RouteEvent.DELETED)
        self._insert(index[fresh])
        self._write(heads[replaced], index[replaced])
        if deleted.any():
            self._release(heads[deleted])
        return index[~(fresh | replaced | deleted)]

    def _insert(self, picked: NDArray[np.intp], *, in_front: bool = False) -> None:
        table, count = self._table, len(picked)
        if in_front:
            position = np.arange(table.front, table.front - count, -1, dtype=np.int64)
            table.front -= count
        else:
            position = np.arange(table.back, table.back + count, dtype=np.int64)
            table.back += count
        ids = table.insert(self._events, picked, self._group, self._expiry_s, position)
        self.outcome.born.append(ids)
        self.outcome.lost.extend(picked[len(ids) :].tolist())

    def _write(self, ids: NDArray[np.uint32], picked: NDArray[np.intp]) -> None:
        self._table.write(ids, self._events, picked, self._group, self._expiry_s)
        self.outcome.written.append(ids)

    def _write_one(self, row: int, index: int) -> None:
        self._write(np.array([row], dtype=np.uint32), np.array([index], dtype=np.intp))

    def _release(self, ids: NDArray[np.uint32]) -> None:
        self.outcome.confused |= bool(self._table.columns["twin"][ids].any())
        self._table.release(ids)
        self.outcome.gone.append(ids)

    def _same(self, row: int, index: int, names: tuple[str, ...]) -> bool:
        columns, events = self._table.columns, self._events
        return all(columns[name][row] == getattr(events, name)[index] for name in names)

    def _candidates(self, index: int) -> list[int]:
        """Rows of the event's kernel key, in order."""
        chain = self._table.chain(self._keys[index])
        return [row for row in chain if self._same(row, index, _KEY)]

    def _identical(self, row: int, index: int) -> bool:
        plain = self._table.groups.plain
        same_group = plain[self._table.columns["group"][row]] == plain[self._group[index]]
        return bool(same_group) and self._same(row, index, _REST)

    def _add4(self, index: int) -> None:
        rows = self._candidates(index)
        if self._events.event[index] == RouteEvent.REPLACED:
            if rows:
                self._write_one(rows[0], index)
                return
            self.outcome.confused = True
        for row in rows:
            if self._identical(row, index) and self._same(row, index, ("mtu",)):
                # The kernel refuses a second one that is equal in all it compares: either this
                # event is older than the dump, or they differ in what we do not keep.
                self._table.columns["twin"][row] = True
                self._write_one(row, index)
                return
        in_front = bool(self._events.event[index] == RouteEvent.ADDED)
        self._insert(np.array([index], dtype=np.intp), in_front=in_front)

    def _add6(self, index: int) -> None:
        rows = self._candidates(index)
        if self._events.event[index] == RouteEvent.REPLACED:
            own = [row for row in rows if self._same(row, index, ("protocol",))]
            self.outcome.confused |= len(rows) != 1
            rows = own or rows
        else:
            rows = [row for row in rows if self._related(row, index)]
        if rows:
            self._write_one(rows[0], index)
        else:
            # Equal metrics that are no siblings stand in order of arrival.
            self._insert(np.array([index], dtype=np.intp))

    def _group_of(self, row: int) -> NexthopGroup:
        return self._table.groups.items[int(self._table.columns["group"][row])]

    def _related(self, row: int, index: int) -> bool:
        """Whether event and row are the same multipath route with more or fewer siblings."""
        held = self._group_of(row)
        said = self._table.groups.items[int(self._group[index])]
        if held.nexthop_id or said.nexthop_id:
            return held.nexthop_id == said.nexthop_id
        if not self._same(row, index, ("type", "protocol")):
            return False
        ours, theirs = _ways(held.members), _ways(said.members)
        return ours <= theirs or theirs <= ours

    def _delete(self, index: int) -> None:
        rows = self._candidates(index)
        for row in rows:
            if self._identical(row, index):
                self._release(np.array([row], dtype=np.uint32))
                return
        if self._events.family[index] != 6 or not self._delete_siblings(rows, index):
            self.outcome.confused = True

    def _delete_siblings(self, rows: list[int], index: int) -> bool:
        said = self._table.groups.items[int(self._group[index])]
        named = _ways(said.members)
        for row in rows:
            held = self._group_of(row)
            if held.nexthop_id or said.nexthop_id or not named or not self._same(row, index, _REST):
                continue
            if not named <= _ways(held.members):
                continue
            rest = tuple(m for m in held.members if (m.ifindex, m.gateway) not in named)
            if not rest:
                self._release(np.array([row], dtype=np.uint32))
                return True
            number = self._table.groups.number(NexthopGroup(0, rest))
            self._table.columns["group"][row] = number
            self.outcome.written.append(np.array([row], dtype=np.uint32))
            return True
        return False


def _rounds(keys: list[bytes]) -> Iterator[NDArray[np.intp]]:
    """Indexes of the first of each key, then of the second of each that has one, and so on."""
    seen: Counter[bytes] = Counter()
    turn = np.zeros(len(keys), dtype=np.intp)
    for index, key in enumerate(keys):
        turn[index] = seen[key]
        seen[key] += 1
    order = np.argsort(turn, kind="stable")
    yield from np.split(order, np.flatnonzero(np.diff(turn[order])) + 1)


def _ways(members: tuple[Nexthop, ...]) -> frozenset[tuple[int, Address | None]]:
    return frozenset((member.ifindex, member.gateway) for member in members)

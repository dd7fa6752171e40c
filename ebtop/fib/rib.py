"""The RIB: every route that the kernel holds, in columns, and which of them answers.

A route keeps its id while it lives, also when it is replaced in place. Ids of deleted routes
are given out again only after reclaim().
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ebtop.fib.cascade import Steps
from ebtop.fib.change import RibChange, no_change
from ebtop.fib.covers import CoverSet
from ebtop.fib.diff import compare
from ebtop.fib.events import Outcome, Replay
from ebtop.fib.layout import MAX_ROUTES
from ebtop.fib.prefixes import MASKS, PrefixColumns, pack_key, unique_rows
from ebtop.fib.select import EARLY_S, Lost, Selection, rank
from ebtop.fib.table import Table
from ebtop.model.columns import RouteColumns, RouteEvent, select
from ebtop.model.prefix import ADDRESS_BITS, Address, Prefix
from ebtop.model.route import TABLE_DEFAULT, TABLE_LOCAL, TABLE_MAIN, NexthopGroup
from ebtop.model.snapshot import RowState

MAX_LOST = 1024
"""With more lost routes than this everything is punted, instead of what covers them."""


@dataclass(frozen=True, slots=True, eq=False)
class Touched:
    """Distinct prefixes, and what answered for them."""

    prefixes: PrefixColumns
    before: NDArray[np.uint32]
    keys: list[bytes]


class Rib:
    """Routes of both families. Not thread-safe; `columns` may be read between calls."""

    def __init__(self, capacity: int) -> None:
        if not 1 < capacity <= MAX_ROUTES:
            raise ValueError(f"A RIB has 2 to {MAX_ROUTES} rows, not {capacity}.")
        self._table = Table(capacity)
        self._selection = Selection(self._table, CoverSet(), Lost(set()))
        self._expired_s = -np.inf
        self._seen_version = 0
        self.columns = self._table.columns
        self.structure = 0
        self.overflow = 0  # routes that found no free row since the last dump

    @property
    def groups(self) -> list[NexthopGroup]:
        """Next-hop groups by the numbers in column "group"."""
        return self._table.groups.items

    @property
    def groups_version(self) -> int:
        """Differs whenever a number in use got other members."""
        return self._table.groups.version

    def __len__(self) -> int:
        return self._table.ids.used

    def apply(self, events: RouteColumns, now_s: float) -> RibChange:
        """Route messages, in order. What is no route at all is ignored."""
        self._selection.now_s = now_s
        events, prefixes = _only_routes(events)
        group = self._number_groups(events)
        keys = prefixes.keys()
        touched = self._touch(prefixes, keys)
        expiry_s = _expiry(events, now_s)
        outcome = Replay(self._table, events, keys, group, expiry_s).run()
        self._lose(events, prefixes, np.array(outcome.lost, dtype=np.intp))
        return self._change(touched, outcome)

    def replace(self, dump: RouteColumns, now_s: float) -> RibChange:
        """A complete dump of both families, in the kernel's order."""
        self._selection.now_s = now_s
        dump, prefixes = _only_routes(dump)
        group = self._number_groups(dump)
        expiry_s = _expiry(dump, now_s)
        table, columns = self._table, self._table.columns
        found = compare(table, dump, group)
        several = found.kept_rows[columns["next"][found.kept_rows] != 0]
        timed = self._retimed(found.kept_rows, expiry_s[found.kept])
        parts = [
            table.prefixes(np.concatenate([found.changed_rows, found.gone, several, timed])),
            prefixes[found.new],
            self._forget_losses(),
        ]
        maybe = PrefixColumns.concatenate(parts)
        touched = self._touch(maybe, maybe.keys())
        table.release(found.gone)
        table.write(found.changed_rows, dump, found.changed, group, expiry_s)
        columns["expiry_s"][found.kept_rows] = expiry_s[found.kept]
        columns["position"][found.kept_rows] = found.kept
        columns["position"][found.changed_rows] = found.changed
        table.front, table.back = -1, len(dump)
        columns["twin"][:] = False
        ranks = rank(dump.table[found.new], dump.family[found.new])
        new = found.new[np.argsort(ranks, kind="stable")]
        born = table.insert(dump, new, group, expiry_s, new.astype(np.int64))
        self._lose(dump, prefixes, new[len(born) :])
        outcome = Outcome([born], [found.gone], [found.changed_rows], new[len(born) :].tolist())
        change = self._change(touched, outcome)
        table.groups.retire(np.unique(columns["group"][table.rows()]))
        return change

    def expire(self, now_s: float) -> RibChange:
        """Withdraw the routes whose lifetime has at most a second left."""
        self._selection.now_s = now_s
        rows = self._table.rows()
        due_s = self.columns["expiry_s"][rows] - EARLY_S
        ended = (due_s > self._expired_s) & (due_s <= now_s)
        self._expired_s = now_s
        return self._reconsider(rows[ended])

    def ignore_linkdown(self, ignored: frozenset[int]) -> RibChange:
        """Members on these interfaces count as dead while they have no carrier."""
        if ignored == self._table.groups.ignored:
            return no_change()
        return self._reconsider(self._rows_of(self._table.groups.ignore_linkdown(ignored)))

    def move_nexthop(self, group: NexthopGroup) -> RibChange:
        """A next-hop object got other members; all its routes follow."""
        self._table.groups.number(group)
        return self._reconsider(self._turned())

    def reclaim(self) -> None:
        """A grace period has passed since the last change was installed: reuse ids."""
        self._table.ids.settle()
        self._table.groups.reclaim()

    def everything(self) -> RibChange:
        """All answers as one change, for a FIB that starts empty."""
        return self.answers(np.flatnonzero(self.columns["state"] == RowState.BEST))

    def answers(self, rows: NDArray[Any]) -> RibChange:
        """BEST rows as a change, to be looked at again."""
        rows = rows.astype(np.uint32)
        none = rows[:0]
        prefixes = self.prefixes(rows)
        return RibChange(prefixes=prefixes, before=rows, after=rows, born=none, gone=none)

    def prefixes(self, rows: NDArray[Any]) -> PrefixColumns:
        """The prefixes of rows."""
        return self._table.prefixes(rows)

    def longest_match(self, address: Address) -> int:
        """The row that answers for an address, 0: none."""
        bits = ADDRESS_BITS[address.family]
        host = Prefix(address.family, address.high, address.low, bits)
        key = pack_key(host.family, host.high, host.low, bits)
        return int(self._best_by_key([key])[0]) or self._table.cover(host)

    def cover(self, prefix: Prefix) -> int:
        """The row that answers for the longest strictly shorter prefix around one, 0: none."""
        return self._table.cover(prefix)

    def _best_by_key(self, keys: list[bytes]) -> NDArray[np.uint32]:
        return self._table.best(self._table.find(keys))

    def _number_groups(self, events: RouteColumns) -> NDArray[np.uint32]:
        """The column "group" in this RIB's numbers; of a next-hop object the last word counts."""
        groups = self._table.groups
        last = np.full(len(events.groups), -1, dtype=np.intp)
        living = np.flatnonzero(events.event != RouteEvent.DELETED)
        last[events.group[living]] = living
        numbers = np.zeros(len(events.groups), dtype=np.uint32)
        used = np.unique(events.group)
        for index in used[np.argsort(last[used], kind="stable")].tolist():
            numbers[index] = groups.number(events.groups[index], moves=bool(last[index] >= 0))
        return numbers[events.group]

    def _rows_of(self, groups: NDArray[Any]) -> NDArray[np.uint32]:
        if not len(groups):
            return np.zeros(0, dtype=np.uint32)
        rows = self._table.rows()
        return rows[np.isin(self.columns["group"][rows], groups)]

    def _turned(self) -> NDArray[np.uint32]:
        """Rows whose group died or rose since the last call."""
        turned = np.array(self._table.groups.turned, dtype=np.uint32)
        self._table.groups.turned.clear()
        return self._rows_of(turned)

    def _retimed(
        self, rows: NDArray[np.uint32], expiry_s: NDArray[np.float64]
    ) -> NDArray[np.uint32]:
        """Rows that a new expiry brings back or ends."""
        timed: NDArray[np.bool_] = np.isfinite(self.columns["expiry_s"][rows]) | np.isfinite(
            expiry_s
        )
        return rows[timed]

    def _lose(self, events: RouteColumns, prefixes: PrefixColumns, rows: NDArray[np.intp]) -> None:
        """Remember routes that found no free row: whatever covers them must not answer."""
        lost = self._selection.lost
        self.overflow += len(rows)
        ranks = rank(events.table[rows], events.family[rows])
        rows = rows[ranks < len((TABLE_LOCAL, TABLE_MAIN, TABLE_DEFAULT))]
        lost.everything |= bool((ranks == 0).any()) or self.overflow > MAX_LOST
        if lost.everything:
            return
        for prefix in prefixes[rows]:
            for length in range(prefix.length + 1):
                high, low = MASKS[length]
                parts = (prefix.family, prefix.high & high, prefix.low & low, length)
                lost.covers.add(pack_key(*parts))

    def _forget_losses(self) -> PrefixColumns:
        """A dump starts anew; all prefixes that punted for a lost route."""
        lost = self._selection.lost
        rows = self._table.rows() if lost.any else np.zeros(0, dtype=np.uint32)
        self.overflow = 0
        lost.covers.clear()
        lost.everything = False
        return self._table.prefixes(rows)

    def _reconsider(self, rows: NDArray[np.uint32]) -> RibChange:
        """Choose anew for the prefixes of rows."""
        prefixes = self._table.prefixes(rows)
        return self._change(self._touch(prefixes, prefixes.keys()), Outcome())

    def _touch(self, prefixes: PrefixColumns, keys: list[bytes]) -> Touched:
        """Each prefix once, with what answers before anything is done."""
        distinct = unique_rows(keys)
        if len(distinct) < len(keys):
            prefixes, keys = prefixes[distinct], [keys[i] for i in distinct.tolist()]
        before = self._best_by_key(keys) if len(self) else np.zeros(len(keys), dtype=np.uint32)
        return Touched(prefixes, before, keys)

    def _change(self, touched: Touched, outcome: Outcome) -> RibChange:
        """Choose for the touched prefixes, then for those whose answer hangs on theirs."""
        steps = Steps(self._selection)
        steps.add(touched.prefixes, touched.before, touched.keys)
        steps.add_rows(self._turned())
        if outcome.lost:
            steps.add_rows(self._table.rows())
        steps.run()
        steps.add_rows(steps.inside_changed_locals())
        steps.run()
        if steps.main_changed:
            steps.add_rows(self._table.rows_of_table(TABLE_DEFAULT))
            steps.run()
        change = steps.change(outcome)
        version = self._table.groups.version
        if change or any(map(len, outcome.written)) or version != self._seen_version:
            self.structure += 1
        self._seen_version = version
        return change


def _only_routes(events: RouteColumns) -> tuple[RouteColumns, PrefixColumns]:
    """The rows that can be routes at all, and their prefixes; what the kernel never sends goes."""
    prefixes = PrefixColumns(events.family, events.high, events.low, events.length)
    valid = prefixes.valid() & (events.group < max(len(events.groups), 1))
    valid &= events.event <= max(RouteEvent)
    if not events.groups:
        events = replace(events, groups=(NexthopGroup(0, ()),))
    if valid.all():
        return events, prefixes
    rows = np.flatnonzero(valid)
    return select(events, rows), prefixes[rows]


def _expiry(events: RouteColumns, now_s: float) -> NDArray[np.float64]:
    """When each route ends on the caller's clock; what is no number has ended."""
    lifetime_s = events.lifetime_s
    return now_s + np.where(np.isnan(lifetime_s), 0.0, lifetime_s)

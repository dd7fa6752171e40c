"""Which row of a prefix its packets use, and whether XDP may follow it.

The kernel asks the tables local, main and default in this order. Flattened into one FIB that is
the longest match over all of them, as long as no prefix of a later table lies inside one of an
earlier table: there the two answers differ, and the packet is the kernel's.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ebtop.fib.covers import CoverSet
from ebtop.fib.layout import VerdictSet
from ebtop.fib.prefixes import PrefixColumns
from ebtop.fib.table import Table
from ebtop.model.route import (
    TABLE_DEFAULT,
    TABLE_EXCEPTIONS,
    TABLE_LOCAL,
    TABLE_MAIN,
    NexthopFlag,
    RouteType,
)
from ebtop.model.snapshot import RowState

FORWARD = 255
"""Column `verdict`: the answer is the next-hop set of the row's group and MTU."""

EARLY_S = 1.0
"""How long before its end a route with a lifetime is withdrawn."""

_RANKS = {TABLE_EXCEPTIONS: 0, TABLE_LOCAL: 0, TABLE_MAIN: 1, TABLE_DEFAULT: 2}
_NOT_FOLLOWED = 3

_VERDICTS = np.full(256, VerdictSet.UNSUPPORTED, dtype=np.uint8)
for _kind, _verdict in {
    RouteType.UNICAST: FORWARD,
    RouteType.LOCAL: VerdictSet.LOCAL,
    RouteType.BROADCAST: VerdictSet.BROADCAST,
    RouteType.ANYCAST: VerdictSet.MULTICAST,
    RouteType.MULTICAST: VerdictSet.MULTICAST,
    RouteType.BLACKHOLE: VerdictSet.BLACKHOLE,
    RouteType.UNREACHABLE: VerdictSet.UNREACHABLE,
    RouteType.PROHIBIT: VerdictSet.PROHIBIT,
    RouteType.THROW: VerdictSet.THROW,
    RouteType.EXCEPTION: VerdictSet.EXCEPTION,
}.items():
    _VERDICTS[_kind] = _verdict
_ERRORS = np.isin(
    np.arange(256),
    [RouteType.BLACKHOLE, RouteType.UNREACHABLE, RouteType.PROHIBIT, RouteType.THROW],
)


def rank(tables: NDArray[np.uint32], families: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """When a table is asked: 0 first; 3 is never."""
    ranks = np.full(len(tables), _NOT_FOLLOWED, dtype=np.uint8)
    for table, value in _RANKS.items():
        ranks[tables == table] = value
    # No rule of IPv6 leads to table default (net/ipv6/fib6_rules.c fib6_rules_net_init).
    ranks[(tables == TABLE_DEFAULT) & (families == 6)] = _NOT_FOLLOWED
    return ranks


@dataclass(slots=True)
class Lost:
    """Prefixes of routes that found no free row, and every prefix that contains one."""

    covers: set[bytes]
    everything: bool = False

    @property
    def any(self) -> bool:
        """Whether a route was lost at all."""
        return self.everything or bool(self.covers)


@dataclass(slots=True)
class Selection:
    """Chooses, and keeps `state` and `verdict` of the table."""

    table: Table
    locals: CoverSet
    lost: Lost
    now_s: float = 0.0

    def alive(self, rows: NDArray[np.uint32]) -> NDArray[np.bool_]:
        """Which rows the kernel would use at all."""
        columns, groups = self.table.columns, self.table.groups
        alive: NDArray[np.bool_] = columns["expiry_s"][rows] - EARLY_S > self.now_s
        alive &= columns["flags"][rows] & NexthopFlag.DEAD == 0
        alive &= ~groups.dead[columns["group"][rows]] | _ERRORS[columns["type"][rows]]
        return alive

    def choose(
        self, prefixes: PrefixColumns, keys: list[bytes], before: NDArray[np.uint32]
    ) -> NDArray[np.uint32]:
        """The BEST row of each (distinct) prefix, 0: none; `before` may be released by now.

        `locals.changed` then holds the local prefixes that came or went.
        """
        table = self.table
        heads = table.find(keys)
        rows, ordinal = table.members_of(heads)
        ranks = rank(table.columns["table"][rows], table.columns["family"][rows])
        best, tied = self._first(rows, ordinal, ranks, len(keys))
        self.locals.follow(prefixes, self._are_local(before), self._are_local(best))
        table.columns["state"][rows] = RowState.SHADOWED
        table.columns["state"][best[best > 0]] = RowState.BEST
        self._shadow_defaults(best)
        odd = np.zeros(len(keys), dtype=np.bool_)
        columns = table.columns
        special = (columns["tos"][rows] != 0) | (columns["source_length"][rows] != 0)
        odd[ordinal[special & (ranks < _NOT_FOLLOWED)]] = True
        self._judge(prefixes, keys, best, odd | tied)
        return best

    def _are_local(self, rows: NDArray[np.uint32]) -> NDArray[np.bool_]:
        are: NDArray[np.bool_] = self.table.columns["table"][rows] == TABLE_LOCAL
        return are & (rows > 0)

    def _first(
        self, rows: NDArray[np.uint32], ordinal: NDArray[np.intp], ranks: NDArray[Any], count: int
    ) -> tuple[NDArray[np.uint32], NDArray[np.bool_]]:
        """The first living row of each prefix in kernel order, and whether ties leave it open."""
        columns = self.table.columns
        best = np.zeros(count, dtype=np.uint32)
        tied = np.zeros(count, dtype=np.bool_)
        living = self.alive(rows) & (ranks < _NOT_FOLLOWED)
        rows, ordinal, ranks = rows[living], ordinal[living], ranks[living]
        special = (columns["source_length"][rows] != 0) * 2 + (columns["tos"][rows] != 0)
        metric = columns["metric"][rows]
        order = np.lexsort((columns["position"][rows], metric, special, ranks, ordinal))
        rows, ordinal = rows[order], ordinal[order]
        rank_metric = np.stack([ranks[order], special[order], metric[order]])
        lead = np.ones(len(rows), dtype=np.bool_)
        lead[1:] = ordinal[1:] != ordinal[:-1]
        best[ordinal[lead]] = rows[lead]
        leader = np.flatnonzero(lead)[np.cumsum(lead) - 1] if len(rows) else order
        kind = columns["type"][rows]
        tie = ~lead & (columns["family"][rows] == 6)
        tie &= (rank_metric == rank_metric[:, leader]).all(axis=0)
        tie &= (kind != kind[leader]) | (kind == RouteType.UNICAST)
        tied[ordinal[tie]] = True
        return best, tied

    def _shadow_defaults(self, best: NDArray[np.uint32]) -> None:
        """Table default is not asked where table main has an answer."""
        columns = self.table.columns
        for index in np.flatnonzero((best > 0) & (columns["table"][best] == TABLE_DEFAULT)):
            row = best[index]
            prefix = next(iter(self.table.prefixes(best[index : index + 1])))
            if self.table.cover(prefix, (TABLE_MAIN,)):
                columns["state"][row] = RowState.SHADOWED
                best[index] = 0

    def _judge(
        self,
        prefixes: PrefixColumns,
        keys: list[bytes],
        best: NDArray[np.uint32],
        odd: NDArray[np.bool_],
    ) -> None:
        columns, groups = self.table.columns, self.table.groups
        verdict = _VERDICTS[columns["type"][best]]
        odd = odd | columns["unsupported"][best]
        odd |= (verdict == FORWARD) & groups.empty[columns["group"][best]]
        later = (best > 0) & (columns["table"][best] != TABLE_LOCAL)
        odd[later] |= self.locals.covered(prefixes[np.flatnonzero(later)])
        verdict[odd] = VerdictSet.UNSUPPORTED
        if self.lost.any:
            full = np.array([key in self.lost.covers for key in keys], dtype=np.bool_)
            full |= columns["table"][best] == TABLE_DEFAULT
            verdict[full | self.lost.everything] = VerdictSet.FULL
        columns["verdict"][best] = verdict
        columns["verdict"][0] = 0

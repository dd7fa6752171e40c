"""Which routes have a row of their own where there is not one for each: the busiest."""

from collections.abc import Collection
from heapq import heappop, heappush
from typing import Any

import numpy as np
from numpy.typing import NDArray


class OwnRows:
    """Rows first..stop-1 of some table, given to routes: to all while there are few."""

    def __init__(self, first: int, stop: int) -> None:
        self._free = list(range(first, stop))  # a heap: low rows first, so that few are copied
        self._first = first
        self.rows: dict[int, int] = {}  # route id -> row

    @property
    def stop(self) -> int:
        """One behind the last row in use."""
        return max(self.rows.values(), default=self._first - 1) + 1

    def release(self, route: int) -> int:
        """The route has gone; its row, which is free now, 0: it had none."""
        row = self.rows.pop(route, 0)
        if row:
            heappush(self._free, row)
        return row

    def assign(
        self, wanted: NDArray[np.bool_], pps: NDArray[Any], favoured: Collection[int] = ()
    ) -> list[tuple[int, int]]:
        """Gives rows to the favoured of the wanted routes, then to the busiest.

        `wanted` and `pps` are columns by route id. Returns the (route, row) pairs that changed,
        those with row 0, which lost theirs, first.
        """
        chosen = self._choose(wanted, pps, favoured).tolist()
        fresh = [route for route in chosen if route not in self.rows]
        spare = sorted(self.rows.keys() - set(chosen))
        losers = spare[max(len(spare) + len(self._free) - len(fresh), 0) :]
        for loser in losers:
            self.release(loser)
        for route in fresh:
            self.rows[route] = heappop(self._free)
        return [(loser, 0) for loser in losers] + [(route, self.rows[route]) for route in fresh]

    def _choose(
        self, wanted: NDArray[np.bool_], pps: NDArray[Any], favoured: Collection[int]
    ) -> NDArray[np.intp]:
        """As many as there are rows. Whoever takes a row away has to be twice as busy.

        Else rows go to and fro among equals, and none of them ever shows ten seconds.
        """
        room = len(self.rows) + len(self._free)
        if np.count_nonzero(wanted) <= room:
            return np.flatnonzero(wanted)
        held = np.array([r for r in self.rows if r < len(wanted) and wanted[r]], dtype=np.intp)
        first = np.array([r for r in favoured if r < len(wanted) and wanted[r]], dtype=np.intp)
        busy = np.flatnonzero(wanted & (pps > 0))
        routes = np.unique(np.concatenate([held, first, busy]))
        if len(routes) <= room:
            return routes
        is_held = np.isin(routes, held)
        weight = pps[routes] * (1 + is_held) + is_held
        weight[np.isin(routes, first)] = np.inf
        return routes[np.argpartition(-weight, room)[:room]]

"""The routes that stand in the table: an order, and what a filter leaves of it."""

from dataclasses import dataclass
from typing import cast

import numpy as np

from ebtop.model.match import find_longest_match
from ebtop.model.route import TABLE_LOCAL
from ebtop.model.snapshot import Snapshot
from ebtop.tui.columns import Sort
from ebtop.tui.filter import Filter
from ebtop.tui.order import Order, Rows, follow

_NONE: Rows = np.empty(0, dtype=np.intp)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """Of the routes that stand in the table."""

    routes: int
    of: int  # routes that would stand there without a filter
    pps: float
    bps: float
    punt_pps: float


class Listing:
    """Follows the snapshots; the order is made elsewhere and handed in."""

    def __init__(self) -> None:
        self.sort = Sort()
        self.snapshot: Snapshot | None = None
        self.order: Order | None = None
        self.filter: Filter | None = None
        self.rows = _NONE  # route ids from the top
        self.match = 0  # what packets to the filter's address use; 0: no such route, no address
        self._ids = _NONE  # the same as `rows` by id, which sums up faster

    def adopt(self, snapshot: Snapshot) -> bool:
        """Shows another snapshot; whether other rows may stand in the table now.

        Ids and births of another engine say nothing here: its routes wait for their own order.
        """
        before, self.snapshot = self.snapshot, snapshot
        if before is not None and before.owner != snapshot.owner:
            self.order = None
        elif self.order is not None and self.order.structure != snapshot.structure:
            self.order = follow(self.order, snapshot)
        elif self.filter is None or before is None or before.names == snapshot.names:
            return False
        self._choose_rows()
        return True

    def take(self, order: Order, made_of: Snapshot) -> bool:
        """Puts an order in place; not where it is another engine's."""
        if self.snapshot is None or self.snapshot.owner != made_of.owner:
            return False
        self.order = follow(order, self.snapshot)
        self._choose_rows()
        return True

    def set_filter(self, chosen: Filter | None) -> None:
        """Leaves only routes that match; None: all."""
        self.filter = chosen
        self._choose_rows()

    def route_at(self, row: int) -> int | None:
        """The id of the route in a row."""
        return int(self.rows[row]) if 0 <= row < len(self.rows) else None

    def row_of(self, route: int) -> int | None:
        """Where a route stands, None: nowhere."""
        found = np.flatnonzero(self.rows == route)
        return int(found[0]) if len(found) else None

    @property
    def own_match(self) -> bool:
        """Whether the filter's address is one of the router itself."""
        if not self.match or self.snapshot is None:
            return False
        return int(self.snapshot.routes["table"][self.match]) == TABLE_LOCAL

    def sums(self) -> Sums:
        """Rates of the routes that stand in the table."""
        rates = [self._sum(name) for name in ("pps", "bps", "punt_pps")]
        of = 0 if self.order is None else len(self.order.rows)
        return Sums(routes=len(self.rows), of=of, pps=rates[0], bps=rates[1], punt_pps=rates[2])

    def _sum(self, name: str) -> float:
        if self.snapshot is None:
            return 0.0
        return float(self.snapshot.routes[name][self._ids].sum(dtype=np.float64))

    def _choose_rows(self) -> None:
        self.rows = self._ids = _NONE
        self.match = 0
        if self.order is None or self.snapshot is None:
            return
        self.rows = self.order.rows
        if self.filter is not None:
            self.rows = self.rows[self.filter.matches(self.snapshot)[self.rows]]
            if self.filter.address is not None:
                self.match = find_longest_match(self.snapshot.routes, self.filter.address)
        shown = np.zeros(len(self.snapshot.routes), dtype=np.bool_)
        shown[self.rows] = True
        self._ids = cast("Rows", np.flatnonzero(shown))

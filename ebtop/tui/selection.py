"""The selected route: an identity that rows, orders, filters and engines come and go around."""

import numpy as np

from ebtop.model.snapshot import Snapshot
from ebtop.tui.listing import Listing
from ebtop.tui.row import format_route

_KEY = ("family", "high", "low", "length", "table", "metric")


class Selection:
    """A route by id and birth; at another engine, by prefix, table and metric."""

    def __init__(self) -> None:
        self.departed = ""  # the route that was selected until it went, as text
        self.choice: tuple[int, int] | None = None  # id and birth
        self._text = ""
        self._key: tuple[int, ...] = ()
        self._owner = ""

    def choose(self, snapshot: Snapshot, route: int) -> None:
        """Selects a route."""
        self.departed, self._text = "", format_route(snapshot, route)
        self._key = tuple(int(snapshot.routes[name][route]) for name in _KEY)
        self._bind(snapshot, route)

    def clear(self) -> None:
        """Selects none."""
        self.choice, self.departed = None, ""

    def locate(self, listing: Listing) -> int | None:
        """The row of the selected route; None: there is none, or the filter hides it."""
        snapshot, order = listing.snapshot, listing.order
        if self.choice is None or snapshot is None or order is None:
            return None
        if snapshot.owner != self._owner:
            self._find_again(listing, snapshot)
        route, born = self.choice
        if route < len(order.born) and int(order.born[route]) == born:
            row = listing.row_of(route)
            if row is not None or route in order.rows:
                return row
        if route or not snapshot.loading:
            self.choice, self.departed = None, self._text
        return None

    def _find_again(self, listing: Listing, snapshot: Snapshot) -> None:
        """Id 0 stands for a route that an engine has not read yet."""
        assert listing.order is not None
        rows = listing.order.rows
        for name, value in zip(_KEY, self._key, strict=True):
            rows = rows[snapshot.routes[name][rows] == np.uint64(value)]
        if len(rows):
            self._bind(snapshot, int(rows[0]))
        else:
            self.choice = (0, 0)

    def _bind(self, snapshot: Snapshot, route: int) -> None:
        self.choice = (route, int(snapshot.routes["born"][route]))
        self._owner = snapshot.owner

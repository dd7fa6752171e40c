"""One route in full: next hops, counters, latency, rate, and the prefixes around it."""

from textual.app import ComposeResult

from ebtop.tui.feed import Feed
from ebtop.tui.views.view import View
from ebtop.tui.widgets.lines import Lines


class DetailView(View):
    """Follows one route (id and birth) until it is closed or the route goes."""

    HEADING = "Route"

    def __init__(self) -> None:
        super().__init__(id="detail-view")
        self._lines = Lines()

    def compose(self) -> ComposeResult:
        """From top to bottom."""
        yield self._lines

    def open(self, route: int, born: int) -> None:
        """Shows this route from now on."""
        del route, born

    def adopt(self, feed: Feed) -> None:
        """Shows what the feed shows."""
        del feed

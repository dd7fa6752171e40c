"""Each port: what it does, why not more, and what to do about it."""

from textual.app import ComposeResult

from ebtop.tui.feed import Feed
from ebtop.tui.views.view import View
from ebtop.tui.widgets.lines import Lines


class PortsView(View):
    """Each port: what it does, why not more, and what to do about it."""

    HEADING = "Ports"

    def __init__(self) -> None:
        super().__init__(id="ports-view")
        self._lines = Lines()

    def compose(self) -> ComposeResult:
        """From top to bottom."""
        yield self._lines

    def adopt(self, feed: Feed) -> None:
        """Shows what the feed shows."""
        del feed

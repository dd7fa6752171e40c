"""Each verdict with its rate and what it means."""

from textual.app import ComposeResult

from ebtop.tui.feed import Feed
from ebtop.tui.views.view import View
from ebtop.tui.widgets.lines import Lines


class VerdictsView(View):
    """Each verdict with its rate and what it means."""

    HEADING = "Verdicts"

    def __init__(self) -> None:
        super().__init__(id="verdicts-view")
        self._lines = Lines()

    def compose(self) -> ComposeResult:
        """From top to bottom."""
        yield self._lines

    def adopt(self, feed: Feed) -> None:
        """Shows what the feed shows."""
        del feed

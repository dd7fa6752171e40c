"""Each verdict with its rate and what it means."""

from textual.app import ComposeResult
from textual.widget import Widget

from ebtop.model.snapshot import Snapshot
from ebtop.tui.feed import Feed
from ebtop.tui.verdict_lines import account_lines, format_never
from ebtop.tui.verdicts import Account, accounts_of
from ebtop.tui.views.view import View
from ebtop.tui.widgets.scroll_lines import ScrollLines

RESORT_NS = 2_000_000_000
"""The order is made anew no more often."""


class VerdictsView(View):
    """The verdicts of all ports together, the greatest rate first."""

    HEADING = "Verdicts"

    def __init__(self) -> None:
        super().__init__(id="verdicts-view")
        self._lines = ScrollLines(widget_id="verdict-lines")
        self._order: list[int] = []
        self._sorted_ns: int | None = None

    def compose(self) -> ComposeResult:
        """From top to bottom."""
        yield self._lines

    def focus_target(self) -> Widget:
        """The text scrolls."""
        return self._lines

    def adopt(self, feed: Feed) -> None:
        """Shows what the feed shows."""
        if feed.snapshot is None or not self._lines.room:
            return
        accounts = self._in_order(feed.snapshot, accounts_of(feed.snapshot.ports, feed.verdicts))
        room = self._lines.room
        self._lines.show((*account_lines(accounts, room), *format_never(accounts, room)))

    def _in_order(self, snapshot: Snapshot, ranked: list[Account]) -> list[Account]:
        """The accounts in the order that is kept, those that are new to it last."""
        since = None if self._sorted_ns is None else snapshot.taken_ns - self._sorted_ns
        if since is None or not 0 <= since < RESORT_NS:
            self._order, self._sorted_ns = [], snapshot.taken_ns
        self._order += [each.verdict for each in ranked if each.verdict not in self._order]
        return sorted(ranked, key=lambda each: self._order.index(each.verdict))

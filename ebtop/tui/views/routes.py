"""The route table with its headings, the selected route in a line, and the ports below."""

import time
from collections.abc import Callable

from textual import on
from textual.app import ComposeResult
from textual.widget import Widget

from ebtop.tui.columns import natural_sort
from ebtop.tui.feed import Feed
from ebtop.tui.messages import RouteFocused
from ebtop.tui.paint import Line
from ebtop.tui.ports import format_ports
from ebtop.tui.row import describe_route
from ebtop.tui.source import Phase
from ebtop.tui.views.view import View
from ebtop.tui.widgets.column_heads import ColumnHeads
from ebtop.tui.widgets.lines import Lines
from ebtop.tui.widgets.route_list import RouteList

_PORTS_FROM_HEIGHT = 30  # on lower screens the lines are worth more as routes


class RoutesView(View):
    """The first view."""

    HEADING = "Routes"

    def __init__(self, clock_s: Callable[[], float] = time.monotonic) -> None:
        super().__init__(id="routes-view")
        self._feed: Feed | None = None
        self._focused: tuple[int, int] | None = None
        self._heads = ColumnHeads(widget_id="heads")
        self.routes = RouteList(widget_id="routes", clock_s=clock_s)
        self._detail = Lines(widget_id="detail")
        self._ports = Lines(widget_id="ports")

    def compose(self) -> ComposeResult:
        """From top to bottom."""
        yield self._heads
        yield self.routes
        yield self._detail
        yield self._ports

    def focus_target(self) -> Widget:
        """The table."""
        return self.routes

    def adopt(self, feed: Feed) -> None:
        """Shows what the feed shows."""
        self._feed = feed
        if feed.snapshot is None:
            return
        self.routes.adopt(feed.snapshot)
        self._show_selection()
        height = self.screen.size.height
        rows = height // 6 if height >= _PORTS_FROM_HEIGHT else 0
        lost = feed.link.phase is Phase.LOST
        width = self.size.width
        lines = format_ports(feed.snapshot, feed.verdicts, rows=rows, width=width, past=lost)
        self._ports.display = rows > 0
        self._ports.show(lines)

    @on(RouteList.Changed)
    def _show_selection(self) -> None:
        self._heads.show_columns(self.routes.columns, self.routes.sort)
        self._detail.show((self._detail_line(),))
        chosen = self.routes.choice
        if chosen != self._focused:
            self._focused = chosen
            self.post_message(RouteFocused(*chosen))

    @on(ColumnHeads.Clicked)
    def _sort_by(self, event: ColumnHeads.Clicked) -> None:
        """Another click on the sorted column turns it round."""
        sort = self.routes.sort
        again = sort.column is event.column
        self.routes.sort_by(sort.reversed() if again else natural_sort(event.column))

    def _detail_line(self) -> Line:
        """The selected route in full, or how many there are."""
        snapshot = self._feed.snapshot if self._feed else None
        if self.routes.departed:
            return ((f" {self.routes.departed} has gone", "tone--warning"),)
        if snapshot is None:
            return ()
        if self.routes.selected is not None:
            return ((" ", ""), *describe_route(snapshot, self.routes.selected))
        count = self.routes.row_count
        return ((f" {count:,} route{'' if count == 1 else 's'}", "tone--muted"),)

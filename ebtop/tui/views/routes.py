"""The route table with its headings, the filter or the selected route, and the ports below."""

import time
from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.events import DescendantFocus
from textual.widget import Widget

from ebtop.tui.columns import beside_sort, natural_sort, next_sort
from ebtop.tui.feed import Feed
from ebtop.tui.filter import Rejected, parse_filter
from ebtop.tui.messages import Answered, RouteFocused
from ebtop.tui.ports import format_ports
from ebtop.tui.source import Phase
from ebtop.tui.totals import format_below, format_typing
from ebtop.tui.views.edit import Editor
from ebtop.tui.views.view import View
from ebtop.tui.widgets.column_heads import ColumnHeads
from ebtop.tui.widgets.filter_line import FilterLine
from ebtop.tui.widgets.lines import Lines
from ebtop.tui.widgets.route_list import RouteList

_PORTS_FROM_HEIGHT = 30  # on lower screens the lines are worth more as routes


class RoutesView(View):
    """The first view."""

    HEADING = "Routes"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "sort_next(1)", "Sort"),
        Binding("S", "sort_next(-1)", "Sort by the column before", show=False),
        Binding("l,right", "sort_beside(1)", "Sort by the column to the right", show=False),
        Binding("h,left", "sort_beside(-1)", "Sort by the column to the left", show=False),
        Binding("r", "sort_reverse", "Reverse the sort", show=False),
        Binding("escape", "clear", "Clear", key_display="Esc"),
    ]

    def __init__(self, clock_s: Callable[[], float] = time.monotonic) -> None:
        super().__init__(id="routes-view")
        self._feed: Feed | None = None
        self._focused: tuple[int, int] | None = None
        self._wrong: Rejected | None = None
        self._heads = ColumnHeads(widget_id="heads")
        self.routes = RouteList(widget_id="routes", clock_s=clock_s)
        self.editor = Editor(self.routes, clock_s)
        self._below = Lines(widget_id="detail")
        self._filter = FilterLine(widget_id="filter")
        self._ports = Lines(widget_id="ports")

    def compose(self) -> ComposeResult:
        """From top to bottom."""
        yield self._heads
        yield self.editor
        yield self._below
        yield self._filter
        yield self._ports

    def on_mount(self) -> None:
        """Nothing is typed yet."""
        self._filter.display = False

    def focus_target(self) -> Widget:
        """The table, or the filter that is being typed."""
        return self._filter.input if self._filter.display else self.editor.focus_target()

    def adopt(self, feed: Feed) -> None:
        """Shows what the feed shows."""
        self._feed = feed
        if feed.snapshot is None:
            return
        self.routes.adopt(feed.snapshot)
        self.editor.adopt(feed)
        self._show_selection()
        self._show_ports(feed)

    def take(self, answered: Answered) -> None:
        """An answer to an edit."""
        self.editor.take(answered)

    def _show_ports(self, feed: Feed) -> None:
        height = self.screen.size.height
        rows = height // 6 if height >= _PORTS_FROM_HEIGHT else 0
        self._ports.display = rows > 0
        if feed.snapshot is None or not rows:
            return
        lost = feed.link.phase is Phase.LOST
        width = self.size.width
        self._ports.show(
            format_ports(feed.snapshot, feed.verdicts, rows=rows, width=width, past=lost)
        )

    @on(RouteList.Changed)
    def _show_selection(self) -> None:
        self._heads.show_columns(self.routes.columns, self.routes.sort)
        self._show_below()
        chosen = self.routes.choice
        if chosen != self._focused:
            self._focused = chosen
            self.post_message(RouteFocused(*chosen))

    def _show_below(self) -> None:
        """The line below the table, whichever it is now."""
        routes = self.routes
        if routes.listing.snapshot is None:
            return
        if self._filter.display:
            cells = self._filter.status_cells
            self._filter.show_status(format_typing(routes.listing, self._wrong, cells))
            return
        width = self.size.width
        line = format_below(routes.listing, routes.selected, routes.departed, width)
        self._below.show((line,))

    @on(ColumnHeads.Clicked)
    def _sort_by(self, event: ColumnHeads.Clicked) -> None:
        """Another click on the sorted column turns it round."""
        sort = self.routes.sort
        again = sort.column is event.column
        self.routes.sort_by(sort.reversed() if again else natural_sort(event.column))

    def action_sort_next(self, step: int) -> None:
        """Sorts by the next (1) or the previous (-1) column, those measured first."""
        shown = (placed.column for placed in self.routes.columns)
        self.routes.sort_by(next_sort(self.routes.sort, shown, step))

    def action_sort_beside(self, step: int) -> None:
        """Sorts by the column right (1) or left (-1) of the sorted one."""
        shown = (placed.column for placed in self.routes.columns)
        self.routes.sort_by(beside_sort(self.routes.sort, shown, step))

    def action_sort_reverse(self) -> None:
        """Sorts the other way round."""
        self.routes.sort_by(self.routes.sort.reversed())

    def action_clear(self) -> None:
        """Shows all routes again; where no filter is, selects none and shows the top."""
        if self.routes.listing.filter is None:
            self.routes.release()
        else:
            self.routes.set_filter(None)

    @on(RouteList.FilterAsked)
    def open_filter(self) -> None:
        """Types a filter, or goes on with the one there is."""
        chosen = self.routes.listing.filter
        self._below.display = False
        self._filter.display = True
        self._filter.open("" if chosen is None else chosen.text)
        self.call_after_refresh(self._show_below)

    @on(FilterLine.Typed)
    def _apply(self, event: FilterLine.Typed) -> None:
        """Filters at every keystroke; a text that is wrong changes nothing."""
        chosen = parse_filter(event.text)
        self._wrong = chosen if isinstance(chosen, Rejected) else None
        if not isinstance(chosen, Rejected) and chosen != self.routes.listing.filter:
            self.routes.set_filter(chosen)
        self._show_below()

    @on(FilterLine.Closed)
    def _close(self, event: FilterLine.Closed) -> None:
        """A text that is wrong is not kept: its line stays until it is mended or cleared."""
        if event.keep and self._wrong is not None:
            return
        if not event.keep:
            self.routes.set_filter(None)
        self._leave_filter()
        self.routes.focus()

    @on(FilterLine.Steered)
    def _steer(self, event: FilterLine.Steered) -> None:
        if event.action == "move":
            self.routes.action_move(event.step)
        else:
            self.routes.action_page(event.step)

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """Typing is over as well where a click has chosen the table."""
        if event.widget is self.routes and self._filter.display:
            self._leave_filter()

    def _leave_filter(self) -> None:
        self._wrong = None
        self._filter.display = False
        self._below.display = True
        self.call_after_refresh(self._show_below)

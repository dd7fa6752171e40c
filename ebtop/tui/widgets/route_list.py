"""The route table: any number of routes, of which only those on screen are formatted."""

import asyncio
import time
from collections.abc import Callable
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from ebtop.model.snapshot import Snapshot
from ebtop.tui.columns import GUTTER, Column, Placed, Sort, place_columns
from ebtop.tui.filter import Filter
from ebtop.tui.listing import Listing
from ebtop.tui.messages import RouteOpened
from ebtop.tui.order import arrange
from ebtop.tui.paint import Line
from ebtop.tui.row import format_row
from ebtop.tui.selection import Selection
from ebtop.tui.totals import format_empty
from ebtop.tui.widgets.rows import CURSOR, Rows

RESORT_S = 2.0
"""The order is made anew no more often, and not so soon after the cursor moved."""


class RouteList(Rows, inherit_bindings=False):
    """Sorted, filtered, with a cursor.

    The selection is a route, never a row: it moves with the route, and ends with it. Until a
    route is selected the view stays where it is while the order changes.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "Open", key_display="↵"),
        Binding("slash", "filter", "Filter", key_display="/"),
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("pageup,ctrl+b", "page(-1)", "Page up", show=False),
        Binding("pagedown,ctrl+f", "page(1)", "Page down", show=False),
        Binding("home,g", "edge(0)", "First", show=False),
        Binding("end,G", "edge(1)", "Last", show=False),
    ]

    class Changed(Message):
        """Selection, sort, columns, filter or the number of routes are others now."""

    class FilterAsked(Message):
        """A filter shall be typed."""

    def __init__(
        self, *, widget_id: str | None = None, clock_s: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(widget_id=widget_id)
        self.columns: tuple[Placed, ...] = ()
        self.listing = Listing()
        self._selection = Selection()
        self._wanted: frozenset[Column] = frozenset()
        self._clock_s = clock_s
        self._arranging = self._held = False
        self._sorted_at_s = self._moved_at_s = float("-inf")
        self._cursor: int | None = None  # row of the selected route, or where it was
        self._line: int | None = None  # of the screen, where the cursor stood last
        self._marked = False  # the selected route stands in the table

    @property
    def choice(self) -> tuple[int, int]:
        """The selected route's id and birth; (0, 0): none, or the filter hides it."""
        return (self._marked and self._selection.choice) or (0, 0)

    @property
    def selected(self) -> int | None:
        """The id of the selected route."""
        return self.choice[0] or None

    @property
    def departed(self) -> str:
        """The route that was selected until it went, as text."""
        return self._selection.departed

    @property
    def sort(self) -> Sort:
        """What the table is sorted by, or soon will be."""
        return self.listing.sort

    @property
    def row_count(self) -> int:
        """Routes in the table."""
        return len(self.listing.rows)

    def route_at(self, row: int) -> int | None:
        """The id of the route in a row of the table."""
        return self.listing.route_at(row)

    def line_of(self, route: int) -> int | None:
        """The line of the widget on which a route stands, None: on none."""
        row = self.listing.row_of(route)
        line = -1 if row is None else row - self.scroll_offset.y
        return line if 0 <= line < self.size.height else None

    def hold(self, on: bool) -> None:  # noqa: FBT001  a state, not a switch
        """While on, order and place stay as they are; rows go on being updated."""
        self._held = on

    def want_columns(self, wanted: frozenset[Column]) -> None:
        """Columns that stay however narrow it is."""
        self._wanted = wanted
        self._place_columns()

    @property
    def allow_vertical_scroll(self) -> bool:
        """Whether wheel and scroll bar move the table."""
        return not self._held and super().allow_vertical_scroll

    def adopt(self, snapshot: Snapshot) -> None:
        """Shows another snapshot."""
        count = self.row_count
        if self.listing.adopt(snapshot):
            self._rearranged(count)
        else:
            self.repaint_changed()
        if self._sort_is_due():
            self._start_arranging()

    def set_filter(self, chosen: Filter | None) -> None:
        """Leaves only routes that match; an address selects what its packets use."""
        count = self.row_count
        self.listing.set_filter(chosen)
        self._rearranged(count)
        self.select(self.listing.match)
        if self._marked and self._cursor is not None:
            self._reveal(self._cursor)
        elif chosen is not None:
            self.scroll_to_row(0)
        self.repaint_changed()
        self.post_message(self.Changed())

    def select(self, route: int) -> None:
        """Puts the cursor on a route of the table."""
        row = self.listing.row_of(route)
        if row is not None:
            self._select_row(row)

    def release(self) -> None:
        """Selects nothing and shows the top."""
        self._selection.clear()
        self._cursor = self._line = None
        self._marked = False
        self.scroll_to_row(0)
        self.repaint_changed()
        self.post_message(self.Changed())

    def sort_by(self, sort: Sort) -> None:
        """Sorts anew at once; not while the order is held."""
        if self._held:
            return
        self.listing.sort = sort
        self.post_message(self.Changed())
        self._start_arranging()

    def _sort_is_due(self) -> bool:
        order = self.listing.order
        if self._arranging or (self._held and order is not None):
            return False
        if order is None or not order.complete:
            return True
        now_s = self._clock_s()
        return now_s - max(self._sorted_at_s, self._moved_at_s) >= RESORT_S

    def _start_arranging(self) -> None:
        self._arranging = True
        self.run_worker(self._arrange(), group="order", exclusive=True)

    async def _arrange(self) -> None:
        """Sorts in a thread: a full table takes longer than a frame may."""
        listing = self.listing
        snapshot = listing.snapshot
        if snapshot is not None:
            order = await asyncio.to_thread(arrange, snapshot, listing.sort, listing.order)
            count = self.row_count
            stays = self._held and listing.order is not None
            if not stays and listing.take(order, snapshot):
                self._sorted_at_s = self._clock_s()
                self._rearranged(count)
        self._arranging = False
        if listing.order is None and listing.snapshot is not None:
            self.call_later(self._start_arranging)  # another engine's came meanwhile

    def _rearranged(self, count: int) -> None:
        """Other rows than the `count` before; the selected route stays on its line."""
        was, line = self.choice, self._line
        self.set_height(self.row_count)
        row = self._selection.locate(self.listing)
        self._marked = row is not None
        if row is not None or self._selection.choice is not None:
            self._cursor = row
        self._line = line  # scrolling may have lost it
        if row is not None and line is not None:
            self.scroll_to_row(row - line)
        self._note_line()
        if self.choice != was or self.row_count != count:
            self.post_message(self.Changed())
        self.repaint_changed()

    def format_line(self, y: int) -> Line:
        """A route, or why there is none."""
        row = self.scroll_offset.y + y
        route, snapshot = self.route_at(row), self.listing.snapshot
        if route is None or snapshot is None:
            return format_empty(self.listing) if y == 0 else ()
        mark = CURSOR if self._marked and row == self._cursor else " " * GUTTER
        return ((mark, "tone--bar"), *format_row(snapshot, route, self.columns))

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Other routes stand on the lines now."""
        if round(old_value) != round(new_value):
            self._note_line()
        super().watch_scroll_y(old_value, new_value)

    def _note_line(self) -> None:
        """Where the cursor stands on the screen; off it, nothing has to stay in its place."""
        if self._marked and self._cursor is not None:
            line = self._cursor - self.scroll_offset.y
            self._line = line if 0 <= line < self.size.height else None

    def on_resize(self) -> None:
        """Chooses the columns that fit."""
        self._place_columns()

    def _place_columns(self) -> None:
        self.columns = place_columns(self.width, self._wanted)
        self.set_height(self.row_count)
        self._note_line()
        self.repaint_all()
        self.post_message(self.Changed())

    def action_move(self, rows: int) -> None:
        """Selects the route so many rows away; the first time, one on the screen."""
        start = self.scroll_offset.y - 1 if self._cursor is None else self._cursor
        self._select_row(max(start + rows, 0))

    def action_page(self, pages: int) -> None:
        """Selects the route a screen away."""
        start = self.scroll_offset.y if self._cursor is None else self._cursor
        self._select_row(start + pages * max(self.size.height - 1, 1))

    def action_edge(self, end: int) -> None:
        """Selects the first or the last route."""
        self._select_row(self.row_count - 1 if end else 0)

    def action_filter(self) -> None:
        """Asks for the line that a filter is typed on."""
        self.post_message(self.FilterAsked())

    def action_open(self) -> None:
        """Asks for the selected route in full, without one for the top one on the screen."""
        if not self._marked:
            self._select_row(self.scroll_offset.y)
        if self._marked:
            self.post_message(RouteOpened(*self.choice))

    def on_click(self, event: events.Click) -> None:
        """Selects the route under the pointer, twice opens it; not while the table is held."""
        row = self.scroll_offset.y + event.y
        if self._held or self.route_at(row) is None:
            return
        self._select_row(row)
        if event.chain == 2:
            self.action_open()

    def _select_row(self, row: int) -> None:
        row = min(max(row, 0), self.row_count - 1)
        route, snapshot = self.route_at(row), self.listing.snapshot
        if route is None or snapshot is None:
            return
        self._selection.choose(snapshot, route)
        self._moved_at_s = self._clock_s()
        self._cursor, self._marked = row, True
        self._reveal(row)
        self.repaint_changed()
        self.post_message(self.Changed())

    def _reveal(self, row: int) -> None:
        """Scrolls as little as shows the row."""
        top = self.scroll_offset.y
        self.scroll_to_row(min(max(top, row - self.size.height + 1), row))
        self._note_line()

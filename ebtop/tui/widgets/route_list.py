"""The route table: any number of routes, of which only those on screen are formatted."""

import asyncio
import time
from collections.abc import Callable
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

from ebtop.model.snapshot import Snapshot
from ebtop.tui.columns import GUTTER, Column, Placed, Sort, next_sort, place_columns
from ebtop.tui.order import Order, arrange, find_row, follow
from ebtop.tui.paint import TONES, Line, paint
from ebtop.tui.row import format_route, format_row

RESORT_S = 2.0
"""The order is made anew no more often, and not so soon after the cursor moved."""

CURSOR = "▌"


class RouteList(ScrollView, can_focus=True, inherit_bindings=False):
    """Rows are repainted when their text changed, the whole only when it scrolled.

    The selection is a route (its id and birth), never a row: it moves with the route, and ends
    with it. Until a route is selected the view stays where it is while the order changes.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {*TONES, "route-list--cursor"}
    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Select", key_display="↑↓"),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("home,g", "edge(0)", "First", show=False),
        Binding("end,G", "edge(1)", "Last", show=False),
        Binding("s", "sort_next", "Sort"),
        Binding("r", "sort_reverse", "Reverse"),
        Binding("escape", "release", "Top", key_display="Esc"),
    ]

    class Changed(Message):
        """Selection, sort, columns or the number of routes are others now."""

    def __init__(
        self, *, widget_id: str | None = None, clock_s: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(id=widget_id)
        self.columns: tuple[Placed, ...] = ()
        self.sort = Sort()
        self._wanted: frozenset[Column] = frozenset()
        self.departed = ""  # the route that was selected until it went, as text
        self._clock_s = clock_s
        self._snapshot: Snapshot | None = None
        self._order: Order | None = None
        self._arranging = self._held = False
        self._sorted_at_s = self._moved_at_s = float("-inf")
        self._selected: tuple[int, int] | None = None  # route id, born
        self._selected_text = ""
        self._cursor: int | None = None  # row of the selected route, or where it was
        self._painted: dict[int, Line] = {}  # line of the screen -> what stands there

    @property
    def selected(self) -> int | None:
        """The id of the selected route."""
        return None if self._selected is None else self._selected[0]

    @property
    def choice(self) -> tuple[int, int]:
        """The selected route's id and birth; (0, 0): none."""
        return self._selected or (0, 0)

    @property
    def row_count(self) -> int:
        """Routes in the table."""
        return 0 if self._order is None else len(self._order.rows)

    @property
    def _width(self) -> int:
        """Cells left of the scroll bar."""
        return self.scrollable_content_region.width

    def route_at(self, row: int) -> int | None:
        """The id of the route in a row of the table."""
        if self._order is None or not 0 <= row < len(self._order.rows):
            return None
        return int(self._order.rows[row])

    def line_of(self, route: int) -> int | None:
        """The line of the widget on which a route stands, None: on none."""
        row = None if self._order is None else find_row(self._order, route)
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
        self._snapshot = snapshot
        if self._order is not None and self._order.structure != snapshot.structure:
            self._install(follow(self._order, snapshot))
        else:
            self._repaint_changed()
        if self._sort_is_due():
            self._start_arranging()

    def _sort_is_due(self) -> bool:
        if self._arranging or self._held:
            return False
        if self._order is None or not self._order.complete:
            return True
        now_s = self._clock_s()
        return now_s - max(self._sorted_at_s, self._moved_at_s) >= RESORT_S

    def _start_arranging(self) -> None:
        self._arranging = True
        self.run_worker(self._arrange(), group="order", exclusive=True)

    async def _arrange(self) -> None:
        """Sorts in a thread: a full table takes longer than a frame may."""
        snapshot, order = self._snapshot, self._order
        if snapshot is None:
            self._arranging = False
            return
        made = await asyncio.to_thread(arrange, snapshot, self.sort, order)
        self._arranging = False
        if self._held:
            return
        self._sorted_at_s = self._clock_s()
        self._install(follow(made, self._snapshot or snapshot))

    def _install(self, order: Order) -> None:
        """Puts an order in place; the selected route stays on its line of the screen."""
        line = None if self._cursor is None else self._cursor - self.scroll_offset.y
        if len(order.rows) != self.row_count:
            self.post_message(self.Changed())
        self._order = order
        self._set_height(len(order.rows))
        self._find_selected()
        if self._cursor is not None and line is not None and 0 <= line < self.size.height:
            self._scroll_to_row(self._cursor - line)
        self._repaint_changed()

    def _set_height(self, rows: int) -> None:
        size = Size(self._width, rows)
        if size != self.virtual_size:
            # Assigning it would lay out and repaint the whole screen; only the bar has to move.
            self.set_reactive(Widget.virtual_size, size)
            self._scroll_update(size)

    def _find_selected(self) -> None:
        """Finds the selected route's row again, or takes note that it has gone."""
        if self._selected is None or self._order is None or self._snapshot is None:
            return
        route, born = self._selected
        row = find_row(self._order, route)
        if row is not None and int(self._order.born[route]) == born:
            self._cursor = row
            return
        self._selected = None
        self.departed = self._selected_text
        self.post_message(self.Changed())

    def _repaint_changed(self) -> None:
        """Formats the rows on screen and repaints those that differ from what stands there."""
        rows = {y: self._format_line(y) for y in range(self.size.height)}
        changed = [y for y, line in rows.items() if self._painted.get(y) != line]
        self._painted = rows
        if changed:
            self.refresh(*(Region(0, y, self._width, 1) for y in changed))

    def _format_line(self, y: int) -> Line:
        row = self.scroll_offset.y + y
        route = self.route_at(row)
        if route is None or self._snapshot is None:
            return ()
        mark = CURSOR if self._selected is not None and row == self._cursor else " " * GUTTER
        return ((mark, "tone--bar"), *format_row(self._snapshot, route, self.columns))

    def render_line(self, y: int) -> Strip:
        """One line of the screen."""
        if y not in self._painted:
            self._painted[y] = self._format_line(y)
        line = self._painted[y]
        strip = paint(line, self._width, self._style_of)
        if line and line[0][0] == CURSOR:
            cursor = self.get_component_rich_style("route-list--cursor")
            over = Style(bgcolor=cursor.bgcolor, bold=True, reverse=cursor.reverse)
            return Strip(Segment.apply_style(strip, post_style=over), strip.cell_length)
        return strip

    def _style_of(self, tone: str) -> Style:
        return self.get_component_rich_style(tone or "tone--plain")

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Other routes stand on the lines now."""
        if round(old_value) != round(new_value):
            self._painted.clear()
        super().watch_scroll_y(old_value, new_value)

    def on_resize(self) -> None:
        """Chooses the columns that fit."""
        self._place_columns()

    def _place_columns(self) -> None:
        self.columns = place_columns(self._width, self._wanted)
        self._painted.clear()
        self._set_height(self.row_count)
        self.refresh()
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

    def action_release(self) -> None:
        """Selects nothing and shows the top."""
        self._selected = self._cursor = None
        self.departed = ""
        self._scroll_to_row(0)
        self._repaint_changed()
        self.post_message(self.Changed())

    def action_sort_next(self) -> None:
        """Sorts by the next column."""
        self.sort_by(next_sort(self.sort, (placed.column for placed in self.columns)))

    def action_sort_reverse(self) -> None:
        """Sorts the other way round."""
        self.sort_by(self.sort.reversed())

    def sort_by(self, sort: Sort) -> None:
        """Sorts anew at once; not while the order is held."""
        if self._held:
            return
        self.sort = sort
        self.post_message(self.Changed())
        if self._snapshot is not None:
            self._start_arranging()

    def on_click(self, event: events.Click) -> None:
        """Selects the route under the pointer; not while the table is held."""
        if not self._held and self.route_at(self.scroll_offset.y + event.y) is not None:
            self._select_row(self.scroll_offset.y + event.y)

    def _select_row(self, row: int) -> None:
        row = min(max(row, 0), self.row_count - 1)
        route = self.route_at(row)
        if route is None or self._order is None or self._snapshot is None:
            return
        self._selected_text, self.departed = format_route(self._snapshot, route), ""
        self._moved_at_s = self._clock_s()
        self._selected, self._cursor = (route, int(self._order.born[route])), row
        top = self.scroll_offset.y
        self._scroll_to_row(min(max(top, row - self.size.height + 1), row))
        self._repaint_changed()
        self.post_message(self.Changed())

    def _scroll_to_row(self, row: int) -> None:
        """Puts a row at the top, as far as the table reaches; jumps, never glides."""
        self.scroll_to(y=row, animate=False, force=True)

"""Lines of styled text that scroll: a handful, or a few hundred, with or without a cursor."""

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

from ebtop.tui.paint import TONES, Line, paint

CURSOR = "▌"


class ScrollLines(ScrollView, can_focus=True, inherit_bindings=False):
    """Repaints the lines that changed; longer ones are cut at its edge.

    With `cursor` one line is selected, marked in a first cell that the lines do not count.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {*TONES, "scroll-lines--cursor"}
    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("home,g", "edge(0)", "First", show=False),
        Binding("end,G", "edge(1)", "Last", show=False),
    ]

    class Changed(Message):
        """Another line is selected."""

        def __init__(self, lines: "ScrollLines") -> None:
            super().__init__()
            self.lines = lines

        @property
        def control(self) -> "ScrollLines":
            """Whose line it is."""
            return self.lines

    def __init__(self, *, widget_id: str | None = None, cursor: bool = False) -> None:
        super().__init__(id=widget_id)
        self._lines: tuple[Line, ...] = ()
        self._has_cursor = cursor
        self._selected = 0
        self._painted: dict[int, tuple[Line, bool]] = {}  # line of the screen -> what stands there

    @property
    def lines(self) -> tuple[Line, ...]:
        """What it holds, on the screen or not."""
        return self._lines

    @property
    def selected(self) -> int | None:
        """Index of the line with the cursor; None where there is none."""
        return self._selected if self._has_cursor and self._lines else None

    @property
    def room(self) -> int:
        """Cells for the text of a line."""
        return max(self.scrollable_content_region.width - self._has_cursor, 0)

    def show(self, lines: tuple[Line, ...]) -> None:
        """Replaces the lines; the place on the screen stays as far as there are lines."""
        self._lines = lines
        self._selected = min(self._selected, max(len(lines) - 1, 0))
        self._set_height()
        self._repaint_changed()

    def select(self, index: int) -> None:
        """Puts the cursor on a line, and that line on the screen."""
        index = min(max(index, 0), max(len(self._lines) - 1, 0))
        moved, self._selected = index != self._selected, index
        height = self.scrollable_content_region.height
        self._scroll_to_line(min(max(self.scroll_offset.y, index - height + 1), index))
        self._repaint_changed()
        if moved:
            self.post_message(self.Changed(self))

    def _set_height(self) -> None:
        size = Size(self.scrollable_content_region.width, len(self._lines))
        if size != self.virtual_size:
            # Assigning it would lay out and repaint the whole screen; only the bar has to move.
            self.set_reactive(Widget.virtual_size, size)
            self._scroll_update(size)

    def _repaint_changed(self) -> None:
        lines = {y: self._line_at(y) for y in range(self.size.height)}
        changed = [y for y, line in lines.items() if self._painted.get(y) != line]
        self._painted = lines
        if changed:
            self.refresh(*(Region(0, y, self.size.width, 1) for y in changed))

    def _line_at(self, y: int) -> tuple[Line, bool]:
        """What belongs on a line of the screen, and whether the cursor is there."""
        index = self.scroll_offset.y + y
        if index >= len(self._lines):
            return (), False
        if not self._has_cursor:
            return self._lines[index], False
        chosen = index == self._selected
        return ((CURSOR if chosen else " ", "tone--bar"), *self._lines[index]), chosen

    def render_line(self, y: int) -> Strip:
        """One line of the screen."""
        if y not in self._painted:
            self._painted[y] = self._line_at(y)
        line, chosen = self._painted[y]
        strip = paint(line, self.scrollable_content_region.width, self._style_of)
        if not chosen:
            return strip
        cursor = self.get_component_rich_style("scroll-lines--cursor")
        over = Style(bgcolor=cursor.bgcolor, bold=True, reverse=cursor.reverse)
        return Strip(Segment.apply_style(strip, post_style=over), strip.cell_length)

    def _style_of(self, tone: str) -> Style:
        return self.get_component_rich_style(tone or "tone--plain")

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Other lines stand on the screen now."""
        if round(old_value) != round(new_value):
            self._painted.clear()
        super().watch_scroll_y(old_value, new_value)

    def on_resize(self) -> None:
        """What is painted has another width."""
        self._painted.clear()
        self._set_height()
        self.refresh()

    def action_move(self, lines: int) -> None:
        """Moves the cursor, or without one the text, by so many lines."""
        if self._has_cursor:
            self.select(self._selected + lines)
        else:
            self._scroll_to_line(self.scroll_offset.y + lines)

    def action_page(self, pages: int) -> None:
        """A screen down (1) or up (-1); one line stays for the eye."""
        self.action_move(pages * max(self.scrollable_content_region.height - 1, 1))

    def action_edge(self, end: int) -> None:
        """The first (0) or the last (1) line."""
        self.action_move(len(self._lines) * (1 if end else -1))

    def on_click(self, event: events.Click) -> None:
        """Selects the line under the pointer."""
        index = self.scroll_offset.y + event.y
        if self._has_cursor and index < len(self._lines):
            self.select(index)

    def _scroll_to_line(self, line: int) -> None:
        """Puts a line at the top, as far as there are lines below; jumps, never glides."""
        self.scroll_to(y=line, animate=False, force=True)

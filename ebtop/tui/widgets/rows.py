"""A table of any length whose lines are formatted when they come on the screen."""

from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

from ebtop.tui.paint import TONES, Line, paint

CURSOR = "▌"
"""What a line begins with where the cursor stands."""


class Rows(ScrollView, can_focus=True, inherit_bindings=False):
    """Lines are repainted when their text changed, the whole only when it scrolled."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {*TONES, "rows--cursor"}
    ALLOW_SELECT = False

    def __init__(self, *, widget_id: str | None = None) -> None:
        super().__init__(id=widget_id)
        self._painted: dict[int, Line] = {}  # line of the screen -> what stands there

    def format_line(self, y: int) -> Line:
        """What stands on a line of the screen now."""
        raise NotImplementedError

    @property
    def width(self) -> int:
        """Cells left of the scroll bar."""
        return self.scrollable_content_region.width

    def set_height(self, rows: int) -> None:
        """How far it scrolls."""
        size = Size(self.width, rows)
        if size != self.virtual_size:
            # Assigning it would lay out and repaint the whole screen; only the bar has to move.
            self.set_reactive(Widget.virtual_size, size)
            self._scroll_update(size)

    def scroll_to_row(self, row: int) -> None:
        """Puts a row at the top, as far as the table reaches; jumps, never glides."""
        self.scroll_to(y=row, animate=False, force=True)

    def repaint_changed(self) -> None:
        """Formats the lines on screen and repaints those that differ from what stands there."""
        lines = {y: self.format_line(y) for y in range(self.size.height)}
        changed = [y for y, line in lines.items() if self._painted.get(y) != line]
        self._painted = lines
        if changed:
            self.refresh(*(Region(0, y, self.width, 1) for y in changed))

    def repaint_all(self) -> None:
        """Formats and repaints every line."""
        self._painted.clear()
        self.refresh()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Other rows stand on the lines now."""
        if round(old_value) != round(new_value):
            self._painted.clear()
        super().watch_scroll_y(old_value, new_value)

    def render_line(self, y: int) -> Strip:
        """One line of the screen."""
        if y not in self._painted:
            self._painted[y] = self.format_line(y)
        line = self._painted[y]
        strip = paint(line, self.width, self._style_of)
        if line and line[0][0] == CURSOR:
            cursor = self.get_component_rich_style("rows--cursor")
            over = Style(bgcolor=cursor.bgcolor, bold=True, reverse=cursor.reverse)
            return Strip(Segment.apply_style(strip, post_style=over), strip.cell_length)
        return strip

    def _style_of(self, tone: str) -> Style:
        return self.get_component_rich_style(tone or "tone--plain")

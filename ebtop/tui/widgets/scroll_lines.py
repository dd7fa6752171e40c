"""Lines of styled text that scroll: a handful, or a few hundred, with or without a cursor."""

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from ebtop.tui.paint import Line
from ebtop.tui.widgets.rows import CURSOR, Rows


class ScrollLines(Rows):
    """Repaints the lines that changed; longer ones are cut at its edge.

    With `cursor` one line is selected, marked in a first cell that the lines do not count.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("pageup,ctrl+b", "page(-1)", "Page up", show=False),
        Binding("pagedown,ctrl+f", "page(1)", "Page down", show=False),
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
        super().__init__(widget_id=widget_id)
        self._lines: tuple[Line, ...] = ()
        self._has_cursor = cursor
        self._selected = 0

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
        return max(self.width - self._has_cursor, 0)

    def show(self, lines: tuple[Line, ...]) -> None:
        """Replaces the lines; the place on the screen stays as far as there are lines."""
        self._lines = lines
        self._selected = min(self._selected, max(len(lines) - 1, 0))
        self.set_height(len(lines))
        self.repaint_changed()

    def select(self, index: int) -> None:
        """Puts the cursor on a line, and that line on the screen."""
        index = min(max(index, 0), max(len(self._lines) - 1, 0))
        moved, self._selected = index != self._selected, index
        lowest_top = index - self.size.height + 1
        self.scroll_to_row(min(max(self.scroll_offset.y, lowest_top), index))
        self.repaint_changed()
        if moved:
            self.post_message(self.Changed(self))

    def format_line(self, y: int) -> Line:
        """The line that stands on a line of the screen."""
        index = self.scroll_offset.y + y
        if index >= len(self._lines):
            return ()
        if not self._has_cursor:
            return self._lines[index]
        mark = CURSOR if index == self._selected else " "
        return ((mark, "tone--bar"), *self._lines[index])

    def on_resize(self) -> None:
        """What is painted has another width."""
        self.set_height(len(self._lines))
        self.repaint_all()

    def action_move(self, lines: int) -> None:
        """Moves the cursor, or without one the text, by so many lines."""
        if self._has_cursor:
            self.select(self._selected + lines)
        else:
            self.scroll_to_row(self.scroll_offset.y + lines)

    def action_page(self, pages: int) -> None:
        """A screen down (1) or up (-1); one line stays for the eye."""
        self.action_move(pages * max(self.size.height - 1, 1))

    def action_edge(self, end: int) -> None:
        """The first (0) or the last (1) line."""
        self.action_move(len(self._lines) * (1 if end else -1))

    def on_click(self, event: events.Click) -> None:
        """Selects the line under the pointer."""
        index = self.scroll_offset.y + event.y
        if self._has_cursor and index < len(self._lines):
            self.select(index)

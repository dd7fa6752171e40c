"""A field that is edited, laid over its column of the table, with a mark when it is to blame."""

from typing import ClassVar

from rich.cells import cell_len
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widgets import Input

from ebtop.model.edit import Field
from ebtop.tui.columns import Placed
from ebtop.tui.widgets.lines import Lines

BLAME = "!"


class FieldInput(Input, inherit_bindings=False):
    """One line of text, set as its column is; Enter is left to whoever has the field."""

    BINDINGS: ClassVar[list[BindingType]] = [
        binding
        for binding in Binding.make_bindings(Input.BINDINGS)
        if binding.key not in {"enter", "ctrl+c"}  # the editor's and the app's
    ]

    def __init__(self, text: str, hint: str, *, right: bool = False) -> None:
        self._right = right  # before the text, which it aligns
        super().__init__(text, hint, compact=True)
        # Every blink is a write to the terminal.
        self.cursor_blink = False

    def watch_value(self) -> None:
        """Another text has another beginning."""
        self._align()

    def watch_has_focus(self, _has_focus: bool) -> None:  # noqa: FBT001  Textual calls it
        """The cursor after the text takes a cell."""
        super().watch_has_focus(_has_focus)
        self._align()

    def on_resize(self) -> None:
        """The field has the width of its column."""
        self._align()

    def _align(self) -> None:
        """Numbers end where those above and below them end."""
        if not self._right:
            return
        cells = cell_len(self.value) + self.has_focus if self.value else cell_len(self.placeholder)
        self.styles.padding = (0, 0, 0, max(self.size.width + self.gutter.left - cells, 0))

    def on_paste(self, event: events.Paste) -> None:
        """Only what can be seen is pasted."""
        event.stop()
        event.prevent_default()
        lines = event.text.splitlines()
        shown = "".join(char for char in lines[0] if char.isprintable()).strip() if lines else ""
        if shown:
            self.replace(shown, *sorted(self.selection))


class EditCell(Horizontal):
    """The mark in the gap before the column, and the field on the column itself."""

    def __init__(self, field: Field, text: str, hint: str, *, right: bool = False) -> None:
        super().__init__()
        self.field = field
        self.input = FieldInput(text, hint, right=right)
        self._mark = Lines()

    def compose(self) -> ComposeResult:
        """From left to right."""
        yield self._mark
        yield self.input

    def place(self, column: Placed | None, line: int) -> None:
        """Over a column, on a line of the parent; None: there is no room for it."""
        self.display = column is not None
        if column is not None:
            self.styles.width = column.width + 1
            self.styles.offset = (column.start - 1, line)

    def mark(self, *, blamed: bool) -> None:
        """Marks the field as the one to blame, or not."""
        self.set_class(blamed, "-blamed")
        self._mark.show((((BLAME if blamed else " ", "tone--bad"),),))

"""The line that a filter is typed on."""

from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input

from ebtop.tui.paint import Line
from ebtop.tui.widgets.lines import Lines

_MOST_CHARACTERS = 200


class _Text(Input):
    """Says what Enter does, where the keys are told."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "submit", "Keep", key_display="↵")]


class FilterLine(Horizontal):
    """A slash, the text, and what it leaves; on the screen only while it is typed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", "Clear", key_display="Esc"),
        Binding("up", "steer('move', -1)", "Up", show=False),
        Binding("down", "steer('move', 1)", "Down", show=False),
        Binding("pageup", "steer('page', -1)", "Page up", show=False),
        Binding("pagedown", "steer('page', 1)", "Page down", show=False),
    ]

    @dataclass
    class Typed(Message):
        """Another text stands there."""

        text: str

    @dataclass
    class Closed(Message):
        """The operator is done: the filter stays, or goes."""

        keep: bool

    @dataclass
    class Steered(Message):
        """The table's cursor shall move without the text being left."""

        action: str
        step: int

    def __init__(self, *, widget_id: str | None = None) -> None:
        super().__init__(id=widget_id)
        self.input = _Text(
            compact=True, select_on_focus=False, max_length=_MOST_CHARACTERS, id="filter-text"
        )
        # Every blink is a write to the terminal.
        self.input.cursor_blink = False
        self._slash = Lines(widget_id="filter-slash")
        self._status = Lines(widget_id="filter-status")

    def compose(self) -> ComposeResult:
        """From left to right."""
        yield self._slash
        yield self.input
        yield self._status

    def on_mount(self) -> None:
        """Shows what it is."""
        self._slash.show((((" /", "tone--title"),),))

    @property
    def status_cells(self) -> int:
        """Room for the status."""
        return self._status.size.width

    def open(self, text: str) -> None:
        """Goes on from a text, or starts anew: what is typed replaces it."""
        self.input.value = text
        self.input.select_all()
        self.input.focus()

    def show_status(self, line: Line) -> None:
        """Says at the right what the text leaves, or what is wrong with it."""
        self._status.show((line,))

    @on(Input.Changed)
    def _tell(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Typed(event.value))

    @on(Input.Submitted)
    def _submit(self, event: Input.Submitted) -> None:
        event.stop()
        self.post_message(self.Closed(keep=True))

    def action_close(self) -> None:
        """Clears the filter."""
        self.post_message(self.Closed(keep=False))

    def action_steer(self, action: str, step: int) -> None:
        """Moves the table's cursor."""
        self.post_message(self.Steered(action, step))

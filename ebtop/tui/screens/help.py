"""The help, over whatever view is shown."""

from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from ebtop.tui.bindings import Command
from ebtop.tui.help_lines import format_help
from ebtop.tui.paint import Line
from ebtop.tui.widgets.lines import Lines
from ebtop.tui.widgets.scroll_lines import ScrollLines

_CLOSING: tuple[Line, ...] = (
    (
        (" Help", "tone--title"),
        ("   ↑↓ PgUp PgDn", "tone--strong"),
        (" scroll", "tone--muted"),
        ("   Esc", "tone--strong"),
        (" close", "tone--muted"),
    ),
    (),
)


class HelpScreen(ModalScreen[None]):
    """Says what was in force when it was opened."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,q,enter", "dismiss", "Close", show=False),
    ]

    def __init__(self, heading: str, commands: list[Command]) -> None:
        super().__init__()
        self._heading = heading
        self._commands = commands
        self._panel = Vertical(id="help")
        self._head = Lines(widget_id="help-head")
        self._lines = ScrollLines(widget_id="help-lines")

    def compose(self) -> ComposeResult:
        """A panel in the middle."""
        with self._panel:
            yield self._head
            yield self._lines

    def on_mount(self) -> None:
        """The text takes the keys that scroll it."""
        self._head.show(_CLOSING)
        self._lines.focus()

    def on_resize(self) -> None:
        """Lines are broken to the width, and the panel is no higher than they are."""
        self.call_after_refresh(self._show)

    def _show(self) -> None:
        lines = format_help(self._heading, self._commands, self._lines.room)
        self._panel.styles.height = len(_CLOSING) + len(lines) + self._panel.gutter.height
        self._lines.show(lines)

    def on_click(self, event: events.Click) -> None:
        """A click beside the panel closes it."""
        if self.get_widget_at(event.screen_x, event.screen_y)[0] is self:
            self.dismiss()

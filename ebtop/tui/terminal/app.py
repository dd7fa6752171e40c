"""The base of every app that paints on a real terminal."""

from typing import ClassVar

from rich.console import RenderableType
from textual import events, on
from textual.app import App
from textual.binding import Binding, BindingType
from textual.driver import Driver
from textual.screen import Screen

from ebtop.tui.terminal import textual_private as private
from ebtop.tui.terminal.cell_diff import CellDiff
from ebtop.tui.terminal.signals import end_on_signals


class TerminalApp(App[None]):
    """A Textual app that sends little, and leaves the terminal as it was."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+l", "repaint", "Repaint", show=False, priority=True),
        Binding("ctrl+z", "suspend_process", "Suspend", show=False, priority=True),
    ]

    cell_diff: CellDiff | None = None
    """What the terminal shows; None: Textual paints as it always does."""
    _session: object = None

    @property
    def writer_is_busy(self) -> bool:
        """Whether the terminal has not taken what was sent already."""
        return False

    def action_repaint(self) -> None:
        """Paints every cell anew, over whatever others wrote to the terminal."""
        if self.cell_diff is not None:
            self.cell_diff.forget()
        self.refresh()

    def end(self, code: int) -> None:
        """Quits, and gives the terminal back."""
        self.exit(None, code)

    def on_load(self) -> None:
        """Comes before the terminal is taken."""
        end_on_signals(self.end)
        if private.is_known(self):
            self.cell_diff = CellDiff()

    def on_resize(self, _: events.Resize) -> None:
        """Terminals lay out anew what they show, or cut it off."""
        if self.cell_diff is not None and self.cell_diff.knows_any:
            self.action_repaint()

    @on(Driver.SignalResume)
    def _repaint_resumed(self) -> None:
        self.action_repaint()

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        """Sends what an update changes, in one write."""
        if self.cell_diff is None or renderable is None or not private.takes_cells(self):
            super()._display(screen, renderable)
            return
        sent = self._changes(self.cell_diff, screen, renderable)
        if sent is None:
            self.cell_diff.forget()
            super()._display(screen, renderable)
            return
        if sent:
            private.write_frame(self, sent)
        self.post_display_hook()

    def _changes(self, diff: CellDiff, screen: Screen[object], update: object) -> str | None:
        """What makes the terminal show the update; None where that is not known."""
        session, size = private.terminal_session(self), private.painted_size(screen)
        if session is not self._session:
            diff.forget()
            self._session = session
        if not diff.knows(size):
            update = private.render_all(self, screen)
        pieces = private.read_pieces(update, self.console)
        if pieces is None:
            return None
        cursor = screen.outer_size.clamp_offset(self.cursor_position)
        return diff.paint(pieces, size, cursor)

"""The base of every app that paints on a real terminal."""

import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from rich.console import RenderableType
from textual import events, on
from textual.app import App
from textual.binding import Binding, BindingType
from textual.driver import Driver
from textual.filter import LineFilter
from textual.screen import Screen

from ebtop.tui.terminal import textual_private as private
from ebtop.tui.terminal.ascii import AsciiFilter, needs_ascii
from ebtop.tui.terminal.painter import Painter
from ebtop.tui.terminal.signals import HUNG_UP, call_on_continue, end_on_signals

if TYPE_CHECKING:  # it would import trees and lists that no screen here has
    from textual.types import CSSPathType

_ASCII = AsciiFilter()
_LAST_ANSWER_S = 0.5  # what leaving waits for; a later answer would be typed into the shell
_CATCH_UP_S = 0.05
_LOOK_S = 1.0


class TerminalApp(App[None]):
    """A Textual app that sends little, and leaves the terminal as it was."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+l", "repaint", "Repaint", show=False, priority=True),
        Binding("ctrl+z", "suspend_process", "Suspend", show=False, priority=True),
    ]

    def __init__(
        self,
        driver_class: type[Driver] | None = None,
        css_path: "CSSPathType | None" = None,
        *,
        watch_css: bool = False,
        ansi_color: bool | None = None,
    ) -> None:
        super().__init__(driver_class, css_path, watch_css, ansi_color)
        self.painter = Painter(self) if private.is_known(self) else None
        """None: Textual paints as it always does."""
        self.ascii_only = False
        """Whether the terminal gets ASCII alone; set by itself where the locale asks for it."""
        self._leaving: list[Callable[[], None]] = []  # what waits for the terminal's last answer

    @property
    def writer_is_busy(self) -> bool:
        """Whether the terminal has not shown yet what was sent to it."""
        return self.painter is not None and self.painter.is_busy

    def get_line_filters(self) -> Sequence[LineFilter]:
        """What every line goes through, whichever widget it comes from."""
        filters = super().get_line_filters()
        return [*filters, _ASCII] if self.ascii_only else filters

    def exit(
        self,
        result: None = None,
        return_code: int = 0,
        message: RenderableType | None = None,
    ) -> None:
        """Ends the app when the terminal has answered everything that it was asked."""
        leave = super().exit
        self._leave(lambda: leave(result, return_code, message))

    def action_suspend_process(self) -> None:
        """Stops the job, and gives the terminal back to the shell until it goes on."""
        stop = super().action_suspend_process
        if private.handles_continue(self):
            stop = partial(private.stop_job, self)
        self._leave(stop)

    def action_repaint(self) -> None:
        """Paints every cell anew, over whatever others wrote to the terminal."""
        if self.painter is not None:
            self.painter.forget()
        self.refresh()

    def action_toggle_mouse(self) -> None:
        """Leaves the mouse to the terminal, which can then mark and copy; or takes it again."""
        private.set_mouse(self, wanted=not private.has_mouse(self))

    def on_load(self) -> None:
        """Comes before the terminal is taken."""
        end_on_signals(self._end)

    def on_mount(self) -> None:
        """Looks what terminal it is, and whether it stays."""
        encoding = getattr(sys.__stderr__, "encoding", None)  # Textual paints on standard error
        if not self.is_headless and needs_ascii(os.environ, encoding):
            self.ascii_only = True
        if private.handles_continue(self):
            call_on_continue(lambda: private.retake_terminal(self))
        self.set_interval(_LOOK_S, self._look_for_terminal)

    def on_unmount(self) -> None:
        """Comes when the terminal has been given back."""
        private.leave_mouse_format(self)

    def on_resize(self) -> None:
        """Terminals lay out anew what they show, or cut it off.

        The driver tells of a size as well when it has taken the terminal again.
        """
        if self.painter is not None and self.painter.knows(self.size):
            self.action_repaint()

    @on(events.CursorPosition)
    def _take_answer(self) -> None:
        """The terminal has shown all that was sent before it was asked."""
        if self.painter is not None:
            self.painter.pace.answer()
        self._catch_up()
        self._leave_now()

    def _end(self, code: int) -> None:
        self.exit(None, code)

    def _look_for_terminal(self) -> None:
        """Without one the writer's queue would fill, and the app stop for ever."""
        if private.terminal_is_gone(self):
            super().exit(None, HUNG_UP)

    def _leave(self, leave: Callable[[], None]) -> None:
        """Gives the terminal away when no answer of it is on its way."""
        self._leaving.append(leave)
        if self.painter is not None and self.painter.pace.is_waiting:
            self.set_timer(_LAST_ANSWER_S, self._leave_now)
        else:
            self._leave_now()

    def _leave_now(self) -> None:
        leaving, self._leaving = self._leaving, []
        for leave in leaving:
            leave()

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        """Sends what an update changes, in one write."""
        if self.painter is None or renderable is None or not private.takes_cells(self):
            super()._display(screen, renderable)
            return
        if not self.painter.paint(screen, renderable):
            super()._display(screen, renderable)
            return
        if self.painter.is_held:
            self.set_timer(_CATCH_UP_S, self._catch_up)
        self.post_display_hook()

    def _catch_up(self) -> None:
        """Shows what was held when there is room for it again."""
        if self.painter is None or not self.painter.is_held or not private.takes_cells(self):
            return
        if self.painter.is_full:
            self.set_timer(_CATCH_UP_S, self._catch_up)
        else:
            self._display(self.screen, private.render_all(self, self.screen))

"""Sends an app's frames to the terminal: only what differs, and not faster than it can show it."""

import time
from typing import Any

from textual.app import App
from textual.screen import Screen

from ebtop.tui.terminal import textual_private as private
from ebtop.tui.terminal.cell_diff import CellDiff
from ebtop.tui.terminal.pace import Pace

_FULL_FRAMES = 2  # that wait in Textual's queue


class Painter:
    """What the terminal shows, and what is on its way there."""

    def __init__(self, app: App[Any]) -> None:
        self._app = app
        self._diff = CellDiff()
        self._session: object = None
        self.pace = Pace(time.monotonic)
        self.is_held = False  # something was not sent, because too much was on its way

    @property
    def is_busy(self) -> bool:
        """Whether the terminal has not shown yet what was sent to it."""
        return self.is_held or self.pace.is_behind or private.queued_frames(self._app) > 1

    @property
    def is_full(self) -> bool:
        """Whether another frame would have to wait behind those that were sent."""
        return self.pace.is_full or private.queued_frames(self._app) >= _FULL_FRAMES

    def knows(self, size: tuple[int, int]) -> bool:
        """Whether it is known what a terminal of that size shows."""
        return self._diff.knows(size)

    def forget(self) -> None:
        """The terminal may show anything."""
        self._diff.forget()

    def paint(self, screen: Screen[Any], update: object) -> bool:
        """Sends an update, or holds it; False where it cannot be read."""
        self._begin_session()
        if self.is_full:
            self.is_held = True
            return True
        size = private.painted_size(screen)
        if self.is_held or not self._diff.knows(size):
            update = private.render_all(self._app, screen)
        pieces = private.read_pieces(update, self._app.console)
        if pieces is None:
            self._diff.forget()
            return False
        self.is_held = False
        cursor = screen.outer_size.clamp_offset(self._app.cursor_position)
        sent = self._diff.paint(pieces, size, cursor)
        if sent:
            private.write_frame(self._app, self.pace.send(sent))
        return True

    def _begin_session(self) -> None:
        """What was known of the terminal is void when others had it meanwhile."""
        session = private.terminal_session(self._app)
        if session is not self._session:
            self._session = session
            self._diff.forget()
            self.pace.restart()

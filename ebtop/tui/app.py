"""The app: watches the source, hands snapshots to the screen, leaves the terminal as it was."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable
from typing import ClassVar

from textual.app import App
from textual.binding import Binding, BindingType
from textual.types import CSSPathType

from ebtop.model.errors import EngineGone
from ebtop.tui.screens.routes import RoutesScreen
from ebtop.tui.source import SnapshotSource

EXIT_USAGE = 2
_ENDING_SIGNALS = (signal.SIGTERM, signal.SIGHUP)


class EbtopApp(App[None]):
    """ebtop's screen over any source of snapshots."""

    TITLE: str | None = "ebtop"
    CSS_PATH: ClassVar[CSSPathType | None] = "style.tcss"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q", "quit", "Quit"),
        Binding("ctrl+c", "quit", "Quit", show=False, priority=True),
    ]

    def __init__(
        self, source: SnapshotSource, *, clock_s: Callable[[], float] = time.monotonic
    ) -> None:
        # Without colours only the terminal's own are left: Textual would send greys instead.
        super().__init__(ansi_color=True if "NO_COLOR" in os.environ else None)
        # Over a slow line every frame of an animation is a delay.
        self.animation_level = "none"
        self._source = source
        self._routes = RoutesScreen(clock_s)

    def get_default_screen(self) -> RoutesScreen:
        """The screen that the app starts with."""
        return self._routes

    def on_mount(self) -> None:
        """Watches the source, and the signals after which Textual leaves a broken terminal."""
        loop = asyncio.get_running_loop()
        for number in _ENDING_SIGNALS:
            loop.add_signal_handler(number, self.exit, None, 128 + number)
        self._watch_source()

    def on_unmount(self) -> None:
        """Leaves source and signals alone again."""
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._source.fileno())
        for number in _ENDING_SIGNALS:
            loop.remove_signal_handler(number)

    def _watch_source(self) -> None:
        asyncio.get_running_loop().add_reader(self._source.fileno(), self._on_readable)

    def _on_readable(self) -> None:
        """Receives when the app comes to it, so that a busy screen skips ticks."""
        asyncio.get_running_loop().remove_reader(self._source.fileno())
        self.call_later(self._receive)

    def _receive(self) -> None:
        try:
            snapshot = self._source.receive()
        except EngineGone as gone:
            self._routes.lose_engine(str(gone))
            return
        if snapshot is not None:
            self._routes.adopt(snapshot)
        self._watch_source()


def run(source: SnapshotSource) -> int:
    """Runs the screen until the operator quits; the result is the exit code.

    2 where the terminal cannot show it, 128 + number after a signal.
    """
    complaint = _terminal_complaint()
    if complaint:
        print(f"ebtop: {complaint}", file=sys.stderr)  # noqa: T201  narration of a command
        return EXIT_USAGE
    app = EbtopApp(source)
    if app.console.color_system == "standard":
        # Theme colours would be rounded to greys; sixteen colours have a theme of their own.
        app.theme = "ansi-dark"
    app.run()
    return app.return_code or 0


def _terminal_complaint() -> str:
    """Why this terminal cannot show a screen; "" where it can."""
    # Textual paints on standard error.
    if not all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)):
        return "the screen needs a terminal on standard input, output and error (try ssh -t)."
    if os.environ.get("TERM", "dumb") == "dumb":
        return "the screen needs more than a dumb terminal; set TERM."
    return ""

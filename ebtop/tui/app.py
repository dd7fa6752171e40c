"""The app: what the source brings goes to the feed, and what the feed shows to the screen."""

import asyncio
import gc
import os
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.command import CommandPalette, Provider
from textual.widgets import Input

from ebtop.tui.bindings import commands_in_force
from ebtop.tui.feed import Feed
from ebtop.tui.keys_in_order import KeysInOrder
from ebtop.tui.messages import Answered, CheckAsked, CommitAsked, RouteFocused
from ebtop.tui.screens.main import MainScreen
from ebtop.tui.source import Phase, SnapshotSource
from ebtop.tui.terminal.app import TerminalApp
from ebtop.tui.terminal.complaint import find_complaint
from ebtop.tui.themes import DEFAULT, OWN_THEMES, SIXTEEN_COLOURS

if TYPE_CHECKING:  # it would import trees and lists that no screen here has
    from textual.types import CSSPathType

EXIT_USAGE = 2


def _import_commands() -> type[Provider]:
    """The palette's commands, when it opens."""
    from ebtop.tui.palette import EbtopCommands  # noqa: PLC0415  not for the first frame

    return EbtopCommands


class EbtopApp(KeysInOrder, TerminalApp):
    """ebtop's screen over any source of snapshots."""

    TITLE: str | None = "ebtop"
    CSS_PATH: "ClassVar[CSSPathType | None]" = "style.tcss"
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {_import_commands}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("R", "restart", "Restart engine"),
        Binding("N", "hold", "No restart"),
        Binding("space", "freeze", "Freeze", key_display="␣"),
        Binding(
            "plus,equals_sign",
            "refresh_rate(-1)",
            "Faster refresh",
            show=False,
            key_display="+",
        ),
        Binding("minus", "refresh_rate(1)", "Slower refresh", show=False, key_display="-"),
        Binding("question_mark", "help", "Help", key_display="?"),
        Binding("q", "quit", "Quit"),
        Binding("ctrl+c", "quit", "Quit", show=False, priority=True),
    ]

    def __init__(
        self, source: SnapshotSource, *, clock_s: Callable[[], float] = time.monotonic
    ) -> None:
        # Without colours only the terminal's own are left: Textual would send greys instead.
        super().__init__(ansi_color=True if "NO_COLOR" in os.environ else None)
        for theme in OWN_THEMES:
            self.register_theme(theme)
        self.theme = DEFAULT
        # Over a slow line every frame of an animation is a delay.
        self.animation_level = "none"
        self._source = source
        self._asked: dict[int, CheckAsked | CommitAsked] = {}
        self.feed = Feed(clock_s)
        self._main = MainScreen(self.feed, clock_s)

    def get_default_screen(self) -> MainScreen:
        """The screen that the app starts with."""
        return self._main

    def on_mount(self) -> None:
        """Watches the source."""
        asyncio.get_running_loop().add_reader(self._source.fileno(), self._on_readable)
        self.set_interval(0.5, self._advance)

    def on_ready(self) -> None:
        """Looks for the engine once the first frame stands."""
        self.call_after_refresh(self._source.open)

    def on_unmount(self) -> None:
        """Leaves the source alone again."""
        asyncio.get_running_loop().remove_reader(self._source.fileno())

    def _on_readable(self) -> None:
        """Receives when the app comes to it, so that a busy screen skips ticks."""
        asyncio.get_running_loop().remove_reader(self._source.fileno())
        self.call_later(self._receive)

    def _receive(self) -> None:
        snapshot = self._source.receive()
        self._take_answers()
        told, self.feed.link = self.feed.link, self._source.link
        moved = snapshot is not None and self.feed.offer(snapshot, busy=self.writer_is_busy)
        if moved or told != self.feed.link:
            self._main.adopt()
        asyncio.get_running_loop().add_reader(self._source.fileno(), self._on_readable)

    def _advance(self) -> None:
        """A snapshot that was held back is shown when the terminal has taken the last one."""
        if self.feed.advance(busy=self.writer_is_busy):
            self._main.adopt()

    def _take_answers(self) -> None:
        for answer in self._source.answers():
            asked = self._asked.pop(answer.number, None)
            if asked is not None:
                committed = isinstance(asked, CommitAsked)
                self._main.take(Answered(asked.edit, committed, answer.outcome))

    @on(CheckAsked)
    def _check(self, event: CheckAsked) -> None:
        self._asked[self._source.check(event.edit)] = event

    @on(CommitAsked)
    def _commit(self, event: CommitAsked) -> None:
        self._asked[self._source.commit(event.edit)] = event

    @on(RouteFocused)
    def _focus(self, event: RouteFocused) -> None:
        self._source.focus(event.route, event.born)

    @on(CommandPalette.Opened)
    def _hold_cursor_still(self) -> None:
        """Every blink is a write to the terminal."""
        self.screen.query_one(Input).cursor_blink = False

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Some keys work only while the engine has gone."""
        del parameters
        return action not in {"restart", "hold"} or self.feed.link.phase is Phase.LOST

    def action_freeze(self) -> None:
        """Holds what is shown, or goes on."""
        self.feed.toggle_freeze()
        self._main.adopt()

    def action_refresh_rate(self, step: int) -> None:
        """One refresh rate slower (1) or faster (-1)."""
        self.feed.change_rate(step)
        self._main.adopt()

    def action_restart(self) -> None:
        """Starts a new engine in place of the lost one."""
        self._source.restart()

    def action_hold(self) -> None:
        """Starts none."""
        self._source.hold()

    def action_help(self) -> None:
        """Shows the keys that work now."""
        from ebtop.tui.screens.help import HelpScreen  # noqa: PLC0415  not for the first frame

        commands = commands_in_force(self.screen.active_bindings.values())
        self.push_screen(HelpScreen(self._main.view.HEADING, commands))


def run(source: SnapshotSource, *, mouse: bool = True, ascii_only: bool = False) -> int:
    """Runs the screen until the operator quits; the result is the exit code.

    2 where the terminal cannot show it, 128 + number after a signal.
    """
    complaint = find_complaint()
    if complaint:
        print(f"ebtop: {complaint}", file=sys.stderr)  # noqa: T201  narration of a command
        return EXIT_USAGE
    # What is imported stays: no collection has to look at it again.
    gc.freeze()
    gc.enable()
    app = EbtopApp(source)
    app.ascii_only = ascii_only
    if app.console.color_system == "standard":
        # Theme colours would be rounded to greys; sixteen colours have a theme of their own.
        app.theme = SIXTEEN_COLOURS
    app.run(mouse=mouse)
    return app.return_code or 0

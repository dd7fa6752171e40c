"""An app whose every frame is painted twice: as Textual does it, and by the cells that differ."""

import random
from typing import ClassVar

from rich.console import RenderableType
from rich.segment import Segment
from rich.style import Style
from textual._compositor import CompositorUpdate
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.geometry import Region
from textual.screen import ModalScreen, Screen
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Footer, Input, Label

from ebtop.tui.terminal import textual_private as private
from ebtop.tui.terminal.app import TerminalApp
from tests.tui.emulator import Emulator, capturing_driver

NARROW = ("a", "bb ", "12.3k", "   ", "█▒░", "—…►", "\u2800⣿", "Ж")
TEXTS = (*NARROW, "字漢", "e\u0301x", "한 글")
STYLES = (
    "",
    "bold",
    "red",
    "bold red on blue",
    "reverse",
    "underline",
    "italic dim",
    "on #123456",
    "#fedcba",
    "strike color(200) on color(17)",
    "default on default",
    "bright_green",
    "bold dim",
    "overline",
    "conceal",
    "link https://example.net",
)
THEMES = ("textual-dark", "textual-light", "nord", "ansi-dark")


class RandomLines(Widget):
    """Lines of random text and looks; a tick changes some of them, in whole or in part."""

    DEFAULT_CSS = "RandomLines { height: 40; width: 1fr; }"

    def __init__(self, dice: random.Random) -> None:
        super().__init__()
        self._dice = dice
        self._lines = [self._line(number) for number in range(40)]

    def _line(self, number: int) -> list[Segment]:
        # Textual cuts wide characters in two where it paints a part of a line again.
        texts = NARROW if number % 2 else TEXTS
        pairs = [(self._dice.choice(texts), self._dice.choice(STYLES)) for _ in range(60)]
        return [Segment(text, Style.parse(style)) for text, style in pairs]

    def tick(self) -> None:
        for number in self._dice.sample(range(40), self._dice.choice((1, 8, 40))):
            line = self._line(number)
            start = self._dice.randrange(60)
            self._lines[number][start:] = line[start:]
            if number % 2:
                self.refresh(Region(self._dice.randrange(20), number, 30, 1))
        if self._dice.random() < 0.5:
            self.refresh()

    def render_line(self, y: int) -> Strip:
        strip = Strip(self._lines[y] if y < 40 else [])
        return strip.adjust_cell_length(self.size.width, Style())


class Dialog(ModalScreen[None]):
    """A dialog over half of the screen."""

    DEFAULT_CSS = "Dialog { align: center middle; } Dialog Label { border: round red; width: 30; }"

    def compose(self) -> ComposeResult:
        yield Label("Really?\n漢字漢字")


class TwiceApp(TerminalApp):
    """Feeds what Textual would write to one terminal, and what is written to another."""

    BINDINGS: ClassVar[list[BindingType]] = [("f1", "help", "Help"), ("f2", "quit", "漢 quit")]
    CSS = "Input { width: 40; height: 3; } VerticalScroll { height: 1fr; }"

    def __init__(self, dice: random.Random, columns: int, rows: int) -> None:
        self.written: list[str] = []
        super().__init__(driver_class=capturing_driver(self.written))
        self.animation_level = "none"
        self.stock, self.ours = Emulator(columns, rows), Emulator(columns, rows)
        self.lines = RandomLines(dice)
        self.scroller = VerticalScroll(self.lines)
        self.frames = 0
        self.different = ""
        self.stock_size = self.ours_size = 0

    def compose(self) -> ComposeResult:
        yield Input("10.0.0.0/8")
        yield self.scroller
        yield Footer()

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        shown = renderable is not None and private.takes_cells(self)
        if shown:
            size = private.painted_size(screen)
            if self.painter is not None and not self.painter.knows(size):
                renderable = private.render_all(self, screen)
            assert isinstance(renderable, CompositorUpdate)
            sent = renderable.render_segments(self.console)
            column, row = screen.outer_size.clamp_offset(self.cursor_position)
            self.stock.feed(f"{sent}\x1b[{row + 1};{column + 1}H")
            self.stock_size += len(sent.encode())
        self.written.clear()
        super()._display(screen, renderable)
        frames = [text for text in self.written if not text.startswith("\x1b]22")]
        assert len(frames) <= 1
        for text in frames:
            self.ours.feed(text)
            self.ours_size += len(text.encode())
        if shown:
            self.frames += 1
            if private.painted_size(screen) == self.ours.size:  # the app knows of the last resize
                self.different = self.different or self._first_difference()

    def _first_difference(self) -> str:
        """Where the terminals differ, if they do."""
        pairs = zip(self.stock.cells(), self.ours.cells(), strict=True)
        for row, (stock, ours) in enumerate(pairs):
            for column, (expected, found) in enumerate(zip(stock, ours, strict=True)):
                if expected != found:
                    place = f"frame {self.frames}, row {row}, column {column}"
                    return f"{place}: {tuple(expected)} became {tuple(found)}"
        cursors = self.stock.cursor, self.ours.cursor
        return "" if cursors[0] == cursors[1] else f"frame {self.frames}, cursors {cursors}"

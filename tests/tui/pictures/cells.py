"""What an app shows, as runs of cells that look the same."""

from dataclasses import dataclass

from rich.cells import cell_len
from rich.color import Color, blend_rgb
from rich.color_triplet import ColorTriplet
from rich.style import Style
from rich.terminal_theme import TerminalTheme
from textual._compositor import LayoutUpdate
from textual.app import App
from textual.strip import Strip

_DIM = 0.4  # how far a dim text is from its background to its colour

TERMINAL = TerminalTheme(
    (18, 18, 18),
    (224, 224, 224),
    [
        (18, 18, 18),
        (204, 85, 85),
        (120, 180, 110),
        (200, 160, 80),
        (90, 130, 210),
        (170, 110, 190),
        (90, 175, 185),
        (200, 200, 200),
    ],
    [
        (110, 110, 110),
        (240, 120, 120),
        (150, 210, 140),
        (240, 200, 120),
        (130, 170, 250),
        (210, 150, 230),
        (130, 215, 225),
        (255, 255, 255),
    ],
)
"""The colours of the terminal that a picture shows; apps with a theme of their own use few."""


_INK, _PAPER = TERMINAL.foreground_color, TERMINAL.background_color
_DIMMED = blend_rgb(_PAPER, _INK, 1 - _DIM), blend_rgb(_INK, _PAPER, 1 - _DIM)
NO_COLOURS = {triplet.hex for triplet in (_INK, _PAPER, *_DIMMED)}
"""All that is left of a screen without colours: as it is, dim, and both reversed."""


@dataclass(frozen=True, slots=True)
class Look:
    """How a cell is painted; colours are "#rrggbb"."""

    colour: str
    background: str
    bold: bool = False
    italic: bool = False
    underline: bool = False

    @property
    def colours(self) -> tuple[str, str]:
        """Both of them."""
        return self.colour, self.background


@dataclass(frozen=True, slots=True)
class Run:
    """Neighbouring cells of one look; `start` is the first one's column."""

    start: int
    text: str
    look: Look

    @property
    def stop(self) -> int:
        """The column behind the last cell."""
        return self.start + cell_len(self.text)


def read_runs(app: App[None]) -> list[list[Run]]:
    """The lines of the screen in front, with what shines through from those behind it."""
    update = app.screen._compositor.render_update(full=True, screen_stack=app._background_screens)
    assert isinstance(update, LayoutUpdate)
    return [_runs_of(Strip.join(list(line))) for line in update.strips]


def _runs_of(strip: Strip) -> list[Run]:
    runs: list[Run] = []
    column = 0
    for text, style, _ in strip:
        run = Run(column, text, _look_of(style or Style()))
        column = run.stop
        if runs and runs[-1].look == run.look:
            run = Run(runs[-1].start, runs.pop().text + text, run.look)
        runs.append(run)
    return runs


def _look_of(style: Style) -> Look:
    colour = _triplet(style.color, foreground=True)
    background = _triplet(style.bgcolor, foreground=False)
    if style.reverse:
        colour, background = background, colour
    if style.dim:
        colour = blend_rgb(background, colour, 1 - _DIM)
    flags = bool(style.bold), bool(style.italic), bool(style.underline)
    return Look(colour.hex, background.hex, *flags)


def _triplet(colour: Color | None, *, foreground: bool) -> ColorTriplet:
    return (colour or Color.default()).get_truecolor(TERMINAL, foreground=foreground)

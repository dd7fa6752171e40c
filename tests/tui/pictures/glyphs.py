"""Block and line characters as shapes, so that a picture is the same with any font.

A shape is a rectangle within its cell: left, top, right and bottom in shares of the cell, and how
much of the colour it has.
"""

from dataclasses import dataclass

WIDTH, HEIGHT = 10.0, 20.0
"""Of a cell, in pixels."""

_STROKE = 1.5 / WIDTH, 1.5 / HEIGHT  # of a line, in shares of a cell
_LINES = {
    "─": "lr",
    "│": "tb",
    "┌": "rb",
    "┐": "lb",
    "└": "tr",
    "┘": "tl",
    "├": "tbr",
    "┤": "tbl",
    "┬": "lrb",
    "┴": "lrt",
    "┼": "lrtb",
    "╭": "rb",
    "╮": "lb",
    "╰": "tr",
    "╯": "tl",
    "╴": "l",
    "╵": "t",
    "╶": "r",
    "╷": "b",
}
"""Light lines by the sides of the cell that they reach: left, right, top, bottom."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A rectangle within a cell."""

    left: float
    top: float
    right: float
    bottom: float
    opacity: float = 1.0


def shapes_of(character: str) -> tuple[Shape, ...]:
    """What draws the character; nothing where its font has to."""
    return _SHAPES.get(character, ())


def _blocks() -> dict[str, tuple[Shape, ...]]:
    rising = {char: Shape(0, 1 - n / 8, 1, 1) for n, char in enumerate("▁▂▃▄▅▆▇█", start=1)}
    growing = {char: Shape(0, 0, n / 8, 1) for n, char in enumerate("▏▎▍▌▋▊▉", start=1)}
    shades = {char: Shape(0, 0, 1, 1, n / 4) for n, char in enumerate("░▒▓", start=1)}
    others = {
        "▀": Shape(0, 0, 1, 0.5),
        "▐": Shape(0.5, 0, 1, 1),
        "▔": Shape(0, 0, 1, 1 / 8),
        "▕": Shape(7 / 8, 0, 1, 1),
    }
    return {char: (shape,) for char, shape in (rising | growing | shades | others).items()}


def _line(sides: str) -> tuple[Shape, ...]:
    """The arms of a light line, which meet in the middle."""
    x, y = _STROKE[0] / 2, _STROKE[1] / 2
    arms = {
        "l": Shape(0, 0.5 - y, 0.5 + x, 0.5 + y),
        "r": Shape(0.5 - x, 0.5 - y, 1, 0.5 + y),
        "t": Shape(0.5 - x, 0, 0.5 + x, 0.5 + y),
        "b": Shape(0.5 - x, 0.5 - y, 0.5 + x, 1),
    }
    return tuple(arms[side] for side in sides)


_SHAPES = _blocks() | {char: _line(sides) for char, sides in _LINES.items()}

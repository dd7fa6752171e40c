"""A terminal without a terminal: what a screen looks like after it was sent something."""

from typing import Any

import pyte
from pyte import modes
from textual.driver import Driver
from textual.drivers.headless_driver import HeadlessDriver

# pyte leaves these attributes out; each gets a place of its own in the cell's colour names.
_ON = {2: "dim", 8: "conceal", 53: "overline"}
_OFF = {22: "dim", 28: "conceal", 55: "overline"}


class _Screen(pyte.Screen):
    """pyte's screen; the attributes that it leaves out follow the name of the colour."""

    def select_graphic_rendition(self, *codes: int) -> None:
        colour, *extra = self.cursor.attrs.fg.split("+")
        self.cursor.attrs = self.cursor.attrs._replace(fg=colour)
        super().select_graphic_rendition(*codes)
        kept = set(extra)
        rest = list(codes) or [0]
        while rest:
            code = rest.pop(0)
            if code in {38, 48}:
                del rest[: 4 if rest[:1] == [2] else 2]
            elif code == 0:
                kept.clear()
            kept.discard(_OFF.get(code, ""))
            kept |= {_ON[code]} if code in _ON else set()
        colours = "+".join([self.cursor.attrs.fg, *sorted(kept)])
        self.cursor.attrs = self.cursor.attrs._replace(fg=colours)


class Emulator:
    """The cells of a terminal, its cursor, and how much it was sent."""

    def __init__(self, columns: int, rows: int) -> None:
        self.screen = _Screen(columns, rows)
        self.screen.reset_mode(modes.DECAWM >> 5, private=True)  # Textual takes line wrap away
        self._stream = pyte.Stream(self.screen)

    def feed(self, data: str) -> None:
        """Takes in what was written."""
        self._stream.feed(data)

    def resize(self, columns: int, rows: int) -> None:
        """Cuts off or adds at the right and below."""
        self.screen.resize(rows, columns)

    def cells(self) -> list[list[Any]]:
        """Character, colours and attributes of each cell, by row."""
        rows, columns = range(self.screen.lines), range(self.screen.columns)
        return [[self.screen.buffer[row][column] for column in columns] for row in rows]

    def text(self) -> list[str]:
        """The rows' characters."""
        return [line.rstrip() for line in self.screen.display]

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows."""
        return self.screen.columns, self.screen.lines

    @property
    def cursor(self) -> tuple[int, int]:
        """Column and row."""
        return self.screen.cursor.x, self.screen.cursor.y


def capturing_driver(written: list[str]) -> type[Driver]:
    """A driver for an app without a terminal that keeps what it is given to write."""

    class Capturing(HeadlessDriver):
        """Says that it has a terminal, since Textual renders nothing for one that has none."""

        @property
        def is_headless(self) -> bool:
            return False

        def write(self, data: str) -> None:
            written.append(data)

    return Capturing

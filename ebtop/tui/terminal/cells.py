"""Styled text as cells: what stands in each, and how it looks."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from rich.cells import split_graphemes

from ebtop.tui.terminal.sgr import Look

CONTINUED = "\0"
"""Starts the text of a cell that the wide character to its left reaches into."""

_SURE_RANGES = (
    (0x20, 0x7E),
    (0xA0, 0xAC),  # U+00AD, the soft hyphen, is drawn by some terminals only
    (0xAE, 0x2FF),
    (0x370, 0x482),
    (0x2010, 0x2027),
    (0x2190, 0x21FF),
    (0x2500, 0x25FC),
    (0x2800, 0x28FF),
)
_SURE = frozenset(chr(code) for low, high in _SURE_RANGES for code in range(low, high + 1))

is_sure = _SURE.issuperset
"""Whether every terminal draws each character of a text in one cell."""


@dataclass(slots=True)
class Cells:
    """Neighbouring cells of one row."""

    texts: list[str] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)

    def __len__(self) -> int:
        """How many cells there are."""
        return len(self.texts)


def decode_cells(segments: Iterable[tuple[str, Look]]) -> Cells:
    """Cells of styled texts, from left to right.

    Control characters are left out, so that no text can steer the terminal.
    """
    cells = Cells()
    for text, look in segments:
        if is_sure(text):
            cells.texts.extend(text)
            cells.looks.extend([look] * len(text))
        else:
            _append_graphemes(cells, text, look)
    return cells


def _append_graphemes(cells: Cells, text: str, look: Look) -> None:
    """Text with wide, combining or control characters."""
    printable = "".join(character for character in text if not _is_control(character))
    for start, end, width in split_graphemes(printable)[0]:
        grapheme = printable[start:end]
        if width:
            cells.texts.append(grapheme)
            cells.texts.extend([CONTINUED + grapheme] * (width - 1))
            cells.looks.extend([look] * width)
        elif cells.texts and not cells.texts[-1].startswith(CONTINUED):
            cells.texts[-1] += grapheme


def _is_control(character: str) -> bool:
    return character < " " or "\x7f" <= character < "\xa0"

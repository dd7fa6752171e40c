"""Lines of styled text, as plain values: what the pure half of the screen hands to the widgets."""

from collections.abc import Callable

from rich.cells import cell_len, chop_cells
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

Part = tuple[str, str]
"""Text and the name of its tone (one of TONES; "" is the plain one)."""
Line = tuple[Part, ...]

TONES = frozenset(
    {
        "tone--plain",
        "tone--title",
        "tone--head",
        "tone--sorted",
        "tone--strong",
        "tone--muted",
        "tone--good",
        "tone--warning",
        "tone--bad",
        "tone--name",
        "tone--bar",
        "tone--spark",
    }
)
"""Component classes of every widget that paints lines; the style sheet gives them colours."""


def width_of(line: Line) -> int:
    """Cells that a line takes."""
    return sum(cell_len(text) for text, _ in line)


def fill(text: str, width: int, *, right: bool = False) -> str:
    """Text of at most `width` cells padded to exactly that."""
    space = " " * (width - cell_len(text))
    return space + text if right else text + space


def cut(line: Line, width: int) -> Line:
    """The line's first `width` cells; an ellipsis says where it goes on."""
    if width_of(line) <= width:
        return line
    parts: list[Part] = []
    room = width - 1
    for text, tone in line:
        kept = chop_cells(text, room)[0] if text and room > 0 else ""
        room -= cell_len(kept)
        if kept != text:
            parts.append((kept + "…" if width > 0 else "", tone))
            break
        parts.append((text, tone))
    return tuple(parts)


def paint(line: Line, width: int, style_of: Callable[[str], Style]) -> Strip:
    """The line as a strip of exactly `width` cells."""
    segments = [Segment(text, style_of(tone)) for text, tone in line if text]
    return Strip(segments).adjust_cell_length(width, style_of(""))

"""Cells as SVG: the same cells make the same bytes, whatever version of anything made them."""

from collections import Counter, defaultdict
from html import escape

from tests.tui.pictures.cells import Look, Run
from tests.tui.pictures.glyphs import HEIGHT, WIDTH, Shape, shapes_of

FONT = "DejaVu Sans Mono"
_FONT_PX = WIDTH * 2048 / 1233  # its letters are 1233 of 2048 units wide
_BASE = 15.0  # from the top of a cell to the line that letters stand on
_MARGIN = 12.0
_ROUND = 8.0


def format_svg(lines: list[list[Run]]) -> str:
    """The picture of a screen; the margin has its background."""
    width = _number(2 * _MARGIN + WIDTH * max(line[-1].stop for line in lines))
    height = _number(2 * _MARGIN + HEIGHT * len(lines))
    # No box lies over the left edge: there is the screen's own background.
    ground = Counter(line[0].look.background for line in lines).most_common(1)[0][0]
    font = f'font-family="\'{FONT}\', Menlo, Consolas, monospace" font-size="{_FONT_PX:.3f}"'
    size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} xml:space="preserve" {font}>',
        f'<rect width="{width}" height="{height}" rx="{_number(_ROUND)}" fill="{ground}"/>',
        f'<g transform="translate({_number(_MARGIN)} {_number(_MARGIN)})">',
        *(part for y, line in enumerate(lines) for part in _backgrounds(line, y, ground)),
        *(part for y, line in enumerate(lines) for part in _foregrounds(line, y)),
        "</g>",
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _backgrounds(line: list[Run], y: int, ground: str) -> list[str]:
    """One path for each colour that is not the ground's."""
    spans: dict[str, list[str]] = defaultdict(list)
    for run in line:
        if run.look.background != ground:
            spans[run.look.background].append(_path(run.start, y, run.stop - run.start))
    return [f'<path fill="{colour}" d="{"".join(d)}"/>' for colour, d in spans.items()]


def _foregrounds(line: list[Run], y: int) -> list[str]:
    """The shapes of a line by colour, and one text of all its letters."""
    shapes: dict[tuple[str, float], list[str]] = defaultdict(list)
    spans: list[str] = []
    for run in line:
        for x, character in enumerate(run.text, start=run.start):
            for shape in shapes_of(character):
                shapes[run.look.colour, shape.opacity].append(_shape_path(x, y, shape))
        letters = "".join(" " if shapes_of(character) else character for character in run.text)
        if letters.strip():
            spans.append(_span(run.start, letters, run.look))
    paths = [
        f'<path fill="{colour}"{_opacity(opacity)} d="{"".join(d)}"/>'
        for (colour, opacity), d in shapes.items()
    ]
    text = f'<text y="{_number(y * HEIGHT + _BASE)}">{"".join(spans)}</text>'
    return [*paths, text] if spans else paths


def _span(start: int, letters: str, look: Look) -> str:
    begin = start + len(letters) - len(letters.lstrip(" "))
    attributes = f'x="{_number(begin * WIDTH)}" fill="{look.colour}"'
    attributes += ' font-weight="bold"' if look.bold else ""
    attributes += ' font-style="italic"' if look.italic else ""
    attributes += ' text-decoration="underline"' if look.underline else ""
    return f"<tspan {attributes}>{escape(letters.strip(' '))}</tspan>"


def _path(x: int, y: int, cells: int) -> str:
    return _shape_path(x, y, Shape(0, 0, cells, 1))


def _shape_path(x: int, y: int, shape: Shape) -> str:
    """A rectangle, from the cell's corner."""
    left, top = (x + shape.left) * WIDTH, (y + shape.top) * HEIGHT
    width = (shape.right - shape.left) * WIDTH
    height = (shape.bottom - shape.top) * HEIGHT
    return f"M{_number(left)} {_number(top)}h{_number(width)}v{_number(height)}h-{_number(width)}z"


def _opacity(opacity: float) -> str:
    return "" if opacity == 1 else f' fill-opacity="{_number(opacity)}"'


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")

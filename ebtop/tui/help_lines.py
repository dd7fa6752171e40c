"""The help: which keys work now, what the symbols are, what the numbers mean."""

from ebtop.tui.bindings import Command
from ebtop.tui.header import MODE_TONES, SYMBOLS
from ebtop.tui.paint import Line, Part, fill
from ebtop.tui.verdicts import SYMBOLS as FATE_SYMBOLS
from ebtop.tui.verdicts import TONES as FATE_TONES
from ebtop.tui.verdicts import Fate
from ebtop.tui.widgets.rows import CURSOR
from ebtop.tui.wrap import wrap_cells

_KEYS = 16
_LEGEND = (
    *((symbol, mode.value, MODE_TONES[mode]) for mode, symbol in SYMBOLS.items()),
    *((FATE_SYMBOLS[fate], fate.value, FATE_TONES[fate]) for fate in Fate if fate != Fate.UNKNOWN),
    (CURSOR, "selected", "tone--bar"),
    ("!", "needs a look", "tone--warning"),
)
_NUMBERS = (
    "Rates are per second; bit/s counts Ethernet frames without FCS. Latency is of the last ten "
    "seconds. k M G T are powers of 1000. A dash is what was not measured. Punted packets go to "
    "the kernel untouched."
)
_VERDICT_HINT = "Each verdict's meaning stands in the view Verdicts."


def format_help(heading: str, commands: list[Command], width: int) -> tuple[Line, ...]:
    """The keys of the view first, then those that work everywhere, then the legend."""
    own = [command for command in commands if not command.everywhere]
    everywhere = [command for command in commands if command.everywhere]
    everywhere.sort(key=lambda command: len(command.keys[0]) > 1)
    lines: list[Line] = []
    for title, group in ((f"In this view: {heading}", own), ("Everywhere", everywhere)):
        if group:
            lines += [((f" {title}", "tone--title"),), *map(_command_line, group), ()]
    lines += [((" Symbols", "tone--title"),), *_legend_lines(width), ()]
    lines.append(((" Numbers", "tone--title"),))
    for text in (_NUMBERS, _VERDICT_HINT):
        lines += [((f"   {line}", ""),) for line in wrap_cells(text, max(width - 4, 8))]
    return tuple(lines)


def _command_line(command: Command) -> Line:
    keys = " ".join(command.keys)
    return ((f"   {fill(keys, _KEYS)}", "tone--strong"), (f" {command.name}", ""))


def _legend_lines(width: int) -> list[Line]:
    """As many to a line as fit, in columns."""
    cell = max(len(word) for _, word, _ in _LEGEND) + 5
    each = max((width - 3) // cell, 1)
    rows = [_LEGEND[start : start + each] for start in range(0, len(_LEGEND), each)]
    return [(("  ", ""), *_legend_parts(row, cell)) for row in rows]


def _legend_parts(row: tuple[tuple[str, str, str], ...], cell: int) -> Line:
    parts: list[Part] = []
    for symbol, word, tone in row:
        parts += [(f" {symbol}", tone), (fill(f" {word}", cell - 2), "")]
    return tuple(parts)

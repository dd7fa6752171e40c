"""What a terminal is sent that cannot show more than ASCII."""

# ruff: noqa: RUF001  characters that look like ASCII are what is looked up here

import unicodedata
from collections.abc import Mapping
from functools import lru_cache

from rich.cells import split_graphemes
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

_UNKNOWN = "?"
_BLANK = "\N{BRAILLE PATTERN BLANK}"
_DARK_DOTS = 4  # of the eight of a braille pattern


def _table() -> dict[str, str]:
    """Characters of the screen's own by what stands for them."""
    alike = {
        "<": "←◀◁◂◄⟵‹«↵≤",
        ">": "→▶▷▸►⟶›»➜≥",
        "^": "↑▲△▴⇡⤒",
        "v": "↓▼▽▾⇣⤓",
        "@": "↻↺⟳⟲",
        "_": "▁␣⎵",
        ".": "▂·•∙⋅‥…░",
        "-": "▃▔‐‑‒–—―−─━╌╍┄┅┈┉╴╶╸╺⎯",
        "=": "▄▀═⇌⇄≈",
        "+": "▅┼╋╬╪╫✚",
        "*": "▆●◉◆◇★☆✱✶⁎∗",
        "%": "▇",
        "#": "█▓▊▋▐▉■▪◼⬛",
        "|": "▌│┃┆┇┊┋╎╏║╵╷╹╻▏▎▍▕❘❙‖",
        ":": "▒⁝⁞∶",
        "o": "○◯◌◦⭘°",
        "x": "×✕✖✗✘╳",
        "!": "⚠",
        "Y": "✓✔",
        "u": "µμ",
        "/": "╱⁄∕",
        "\\": "╲",
        "'": "‘’‚‛′´",
        '"': "“”„‟″",
        "~": "∼",
        "D": "Δ∆",
        "S": "∑Σ",
        "8": "∞",
        " ": "\N{NO-BREAK SPACE}\N{FIGURE SPACE}\N{THIN SPACE}" + _BLANK,
    }
    return {character: plain for plain, those in alike.items() for character in those}


_TABLE = _table()


class AsciiFilter(LineFilter):
    """Puts one ASCII character into each cell that holds another one."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Segments of the same widths."""
        del background
        return [
            segment if segment.text.isascii() else Segment(format_ascii(segment.text), *segment[1:])
            for segment in segments
        ]


@lru_cache(maxsize=4096)
def format_ascii(text: str) -> str:
    """The text in ASCII, with as many cells."""
    spans, _ = split_graphemes(text)
    return "".join(_format_cells(text[start:end], width) for start, end, width in spans)


def needs_ascii(environment: Mapping[str, str], encoding: str | None) -> bool:
    """Whether the locale, or the stream that is painted on, has another encoding than UTF-8.

    An environment that says nothing is no reason: such are the terminals of most servers.
    """
    names = (environment.get(name, "") for name in ("LC_ALL", "LC_CTYPE", "LANG"))
    locale = next((name for name in names if name), "UTF-8")
    return not (_is_utf8(locale.partition("@")[0]) and _is_utf8(encoding or "UTF-8"))


def _is_utf8(name: str) -> bool:
    return name.upper().replace("-", "").endswith("UTF8")


def _format_cells(grapheme: str, width: int) -> str:
    if width == 1:
        return _format_cell(grapheme[0])
    return _UNKNOWN * width


def _format_cell(character: str) -> str:
    if character.isascii():
        return character
    found = _TABLE.get(character)
    if found is not None:
        return found
    return _by_name(character, unicodedata.name(character, ""))


def _by_name(character: str, name: str) -> str:
    """What Unicode says of the rest: corners and joints of boxes, dots, accents."""
    if name.startswith("BOX DRAWINGS"):
        return "+"
    if name.startswith("BRAILLE"):
        return ":" if (ord(character) - ord(_BLANK)).bit_count() >= _DARK_DOTS else "."
    base = unicodedata.normalize("NFKD", character)[:1]
    return base if base.isascii() and base.isprintable() and base else _UNKNOWN

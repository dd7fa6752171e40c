"""Every cell keeps its place when it is told in ASCII."""

import pytest
from rich.cells import cell_len

from ebtop.tui.terminal.ascii import format_ascii, needs_ascii

BARS = "▁▂▃▄▅▆▇█"


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("plain", "plain"),
        ("← → ↑ ↓", "< > ^ v"),
        ("╭─┬╮│├┼┤", "+-++|+++"),
        ("4.3µs…", "4.3us."),
        ("a — b", "a - b"),
        ("█▒░", "#:."),
        (BARS, "_.-=+*%#"),
        ("⣿⠁⠀x", ":. x"),
        ("café ñ", "cafe n"),
        ("e\u0301", "e"),
        ("漢字", "????"),
        ("Ж", "?"),
        ("👩\u200d👧", "??"),
        ("⭘►○■·", "o>o#."),
        ("▌█", "|#"),  # the cursor is not what was forwarded
    ],
)
def test_text_in_ascii(text: str, plain: str) -> None:
    assert format_ascii(text) == plain


def test_levels_stay_apart() -> None:
    assert len(set(format_ascii(BARS))) == len(BARS)


def test_every_character_becomes_ascii_of_its_width() -> None:
    for code in range(0x20, 0x30000):
        character = chr(code)
        plain = format_ascii(character)
        assert plain.isascii()
        assert len(plain) == cell_len(character), hex(code)


@pytest.mark.parametrize(
    ("environment", "encoding", "needed"),
    [
        ({}, "utf-8", False),
        ({"LANG": "en_US.UTF-8"}, "utf-8", False),
        ({"LANG": "de_DE.utf8@euro"}, "utf-8", False),
        ({"LANG": "C"}, "utf-8", True),
        ({"LANG": "C", "LC_ALL": "C.UTF-8"}, "utf-8", False),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "POSIX"}, "utf-8", True),
        ({"LC_CTYPE": "ru_RU.KOI8-R", "LANG": "ru_RU.UTF-8"}, "utf-8", True),
        ({"LANG": "en_US.UTF-8"}, "ascii", True),
        ({"LANG": "en_US.UTF-8"}, "iso8859-1", True),
        ({}, None, False),
    ],
)
def test_locale_and_stream_decide(
    environment: dict[str, str], encoding: str | None, *, needed: bool
) -> None:
    assert needs_ascii(environment, encoding) is needed

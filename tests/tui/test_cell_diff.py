"""What is sent for a change of cells: no more than it takes, and nothing that steers."""

import itertools
import random

import pytest

from ebtop.tui.terminal.cell_diff import CellDiff, Piece
from ebtop.tui.terminal.cells import decode_cells
from ebtop.tui.terminal.motion import Place, format_move
from ebtop.tui.terminal.sgr import PLAIN, Look, format_change, parse_look
from tests.tui.emulator import Emulator

COLUMNS, ROWS = 20, 4
SIZE = (COLUMNS, ROWS)
HOME = (0, 0)
RED = parse_look("31")
CODES = ("1", "2", "3", "4", "7", "8", "9", "53", "31", "97", "38;5;9", "38;2;1;2;3", "44", "39")


def line(text: str, row: int = 0, column: int = 0, look: Look = PLAIN) -> Piece:
    return Piece(column, row, decode_cells([(text, look)]))


def painted(*rows: str) -> CellDiff:
    """A terminal that shows these rows."""
    diff = CellDiff()
    rows += ("",) * (ROWS - len(rows))
    diff.paint([line(text.ljust(COLUMNS), row) for row, text in enumerate(rows)], SIZE, HOME)
    return diff


@pytest.mark.parametrize(
    ("piece", "sent"),
    [
        (line("hello"), ""),
        (line("hellO"), "\x1b[1;5HO\r"),
        (line("jellO"), "\x1b[HjellO\r"),
        (line("h", 2), "\x1b[3Hh\x1b[H"),
        (line("hello", look=RED), "\x1b[H\x1b[31mhello\x1b[m\r"),
        (line("hello there"), "\x1b[1;7Hthere\r"),
    ],
    ids=["the same", "one cell", "a short gap", "another row", "another look", "more cells"],
)
def test_only_what_differs_is_sent(piece: Piece, sent: str) -> None:
    assert painted("hello").paint([piece], SIZE, HOME) == sent


def test_cursor_alone_is_moved() -> None:
    diff = painted("hello")

    assert diff.paint([], SIZE, (3, 2)) == "\x1b[3;4H"
    assert diff.paint([], SIZE, (3, 2)) == ""


def test_forgotten_terminal_is_painted_anew() -> None:
    diff = painted("hello")
    diff.forget()

    assert not diff.knows(SIZE)
    assert "hello" in diff.paint([line("hello")], SIZE, HOME)


def test_another_size_is_not_known() -> None:
    diff = painted("hello")

    assert diff.knows(SIZE)
    assert not diff.knows((COLUMNS, ROWS + 1))


@pytest.mark.parametrize("text", ["a\x1b[2Jb", "a\x07b", "a\x9b2Jb", "a\r\nb", "a\x00b"])
def test_text_cannot_steer_the_terminal(text: str) -> None:
    sent = CellDiff().paint([line(text)], SIZE, HOME)

    shown = sent.removeprefix("\x1b[H").removesuffix("\r")
    assert shown.startswith("a")
    assert shown.isprintable()


def test_half_of_a_wide_character_never_stays() -> None:
    diff, terminal = CellDiff(), Emulator(*SIZE)
    terminal.feed(diff.paint([line("a漢b".ljust(COLUMNS - 1))], SIZE, HOME))
    terminal.feed(diff.paint([line("x", column=2)], SIZE, HOME))

    assert terminal.text()[0] == "a xb"


def test_place_after_a_disputed_width_is_said_again() -> None:
    sent = CellDiff().paint([line("漢b")], SIZE, HOME)

    assert sent == "\x1b[H漢\x1b[1;3Hb\r"


def test_hyperlink_is_opened_and_closed() -> None:
    link = parse_look("", "\x1b]8;id=1;https://example.net\x1b\\")
    sent = painted("ab").paint([line("b", column=1, look=link)], SIZE, HOME)

    assert sent == "\x1b[1;2H\x1b]8;id=1;https://example.net\x1b\\b\x1b]8;;\x1b\\\r"


def look_after(sent: str) -> tuple[object, ...]:
    """How a cell looks that is written after the sequence."""
    terminal = Emulator(*SIZE)
    terminal.feed(sent + "x")
    return tuple(terminal.cells()[0][0])


@pytest.mark.parametrize("seed", range(5))
def test_change_of_look_is_right_and_never_longer_than_to_start_anew(seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311  no secret
    looks = [parse_look(";".join(dice.sample(CODES, dice.randrange(5)))) for _ in range(200)]

    for old, new in itertools.pairwise(looks):
        change = format_change(old, new)
        start, anew = format_change(PLAIN, old), f"\x1b[{';'.join(['0', *new.codes])}m"
        assert look_after(start + change) == look_after(anew)
        assert len(change) <= len(anew)


@pytest.mark.parametrize(
    ("start", "end", "moved"),
    [
        (None, (0, 0), "\x1b[H"),
        (None, (0, 9), "\x1b[10H"),
        (None, (4, 9), "\x1b[10;5H"),
        ((4, 9), (4, 9), ""),
        ((4, 9), (5, 9), "\x1b[C"),
        ((4, 9), (14, 9), "\x1b[10C"),
        ((4, 9), (2, 9), "\b\b"),
        ((40, 9), (2, 9), "\x1b[38D"),
        ((40, 9), (0, 9), "\r"),
        ((4, 9), (4, 10), "\x1b[B"),
        ((4, 9), (4, 7), "\x1b[2A"),
        ((4, 9), (3, 10), "\x1b[B\b"),
        ((4, 9), (0, 10), "\x1b[B\r"),
    ],
)
def test_move_is_the_shortest(start: Place | None, end: Place, moved: str) -> None:
    assert format_move(start, end) == moved


@pytest.mark.parametrize("seed", range(5))
def test_move_arrives(seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311  no secret
    terminal = Emulator(80, 24)
    place: Place | None = None
    for _ in range(300):
        end = dice.randrange(80), dice.randrange(24)
        terminal.feed(format_move(place, end))
        place = end
        assert terminal.cursor == end

"""A real terminal: what is left behind on it, and where the screen refuses to start."""

import os
import re
import signal
import subprocess
import sys
import termios

import pytest

from tests.tui.emulator import Emulator
from tests.tui.pseudo_terminal import ANSWER, QUESTION, ROOT, SHOW, PseudoTerminal

SMALL = "tests.tui.small_app"
ALTERNATE, CURSOR, LINE_WRAP = 1049, 25, 7
MOUSE = (1000, 1003, 1006)


def assert_given_back(terminal: PseudoTerminal) -> None:
    """Every mode that was set is reset, and the line discipline is as it was."""
    modes = terminal.modes()
    assert ALTERNATE in modes
    assert {number for number, is_set in modes.items() if is_set} == {CURSOR, LINE_WRAP}
    assert termios.tcgetattr(terminal.inner) == terminal.attributes


@pytest.mark.parametrize(
    ("number", "expected"),
    [(signal.SIGTERM, 143), (signal.SIGHUP, 129)],
    ids=["SIGTERM", "SIGHUP"],
)
def test_signal_gives_the_terminal_back(number: signal.Signals, expected: int) -> None:
    with PseudoTerminal(*SHOW) as terminal:
        terminal.read_until(b"core1.example.net")
        terminal.process.send_signal(number)

        assert terminal.read_to_end() == expected
        assert_given_back(terminal)


def test_signal_at_the_start_gives_the_terminal_back() -> None:
    with PseudoTerminal(SMALL) as terminal:
        terminal.read_until(b"\x1b[?1049h")
        terminal.process.send_signal(signal.SIGTERM)

        assert terminal.read_to_end() == 143
        assert_given_back(terminal)


def test_quitting_gives_the_terminal_back() -> None:
    with PseudoTerminal(*SHOW) as terminal:
        terminal.read_until(b"core1.example.net")
        terminal.type(b"q")

        assert terminal.read_to_end() == 0
        assert_given_back(terminal)


def test_failing_app_gives_the_terminal_back() -> None:
    with PseudoTerminal(SMALL) as terminal:
        terminal.read_until(b"counted 0")
        terminal.type(b"f")

        assert terminal.read_to_end() == 1
        assert_given_back(terminal)
        assert b"failed on purpose" in terminal.seen


def test_app_that_was_stopped_from_outside_gives_the_terminal_back() -> None:
    with PseudoTerminal(SMALL) as terminal:
        terminal.read_until(b"counted 0")
        terminal.process.send_signal(signal.SIGSTOP)
        terminal.read_until(lambda: is_stopped(terminal.process.pid))
        terminal.seen = b""
        terminal.process.send_signal(signal.SIGCONT)
        terminal.read_until(lambda: "counted 0" in shown(terminal.seen))
        terminal.type(b"q")

        assert terminal.read_to_end() == 0
        assert_given_back(terminal)


@pytest.mark.parametrize("how", ["key", "signal"])
def test_stopped_app_gives_the_terminal_back_and_paints_anew(how: str) -> None:
    with PseudoTerminal(SMALL) as terminal:
        terminal.read_until(b"counted 0")
        terminal.type(b"c")
        terminal.read_until(lambda: "counted 1" in shown(terminal.seen))
        if how == "key":
            terminal.type(b"\x1a")
        else:
            terminal.process.send_signal(signal.SIGTSTP)
        terminal.read_until(lambda: is_stopped(terminal.process.pid))
        while terminal.read():
            pass

        assert_given_back(terminal)
        terminal.seen = b""
        terminal.process.send_signal(signal.SIGCONT)
        terminal.read_until(lambda: "counted 1" in shown(terminal.seen))
        terminal.read_until(lambda: "Quit" in shown(terminal.seen))
        assert terminal.modes()[ALTERNATE]
        terminal.type(b"q")
        assert terminal.read_to_end() == 0
        assert_given_back(terminal)


def test_ctrl_z_stops_the_parent_that_waits_as_well() -> None:
    with PseudoTerminal("tests.tui.child", SMALL) as terminal:
        terminal.read_until(lambda: "counted 0" in shown(terminal.seen))
        terminal.type(b"\x1a")
        terminal.read_until(lambda: is_stopped(terminal.process.pid))
        while terminal.read():
            pass

        assert_given_back(terminal)
        terminal.seen = b""
        os.killpg(terminal.process.pid, signal.SIGCONT)
        terminal.read_until(lambda: "Quit" in shown(terminal.seen))
        terminal.type(b"q")
        assert terminal.read_to_end() == 0
        assert_given_back(terminal)


def is_stopped(pid: int) -> bool:
    """Whether a process is stopped by a signal."""
    with open(f"/proc/{pid}/stat") as file:  # noqa: PTH123  a pseudo file
        return file.read().rpartition(")")[2].split()[0] == "T"


def shown(seen: bytes) -> str:
    """What a terminal shows that has received this."""
    emulator = Emulator(80, 24)
    # The emulator takes private parameters of the keyboard protocol for text.
    emulator.feed(re.sub(r"\x1b\[[<>][\d;]*u", "", seen.decode(errors="ignore")))
    return "\n".join(emulator.text())


def test_app_ends_when_its_terminal_has_gone() -> None:
    with PseudoTerminal(*SHOW) as terminal:
        terminal.read_until(b"core1.example.net")
        terminal.hang_up()

        assert terminal.process.wait(30) == 129


def test_late_answer_is_not_left_to_the_shell() -> None:
    with PseudoTerminal(SMALL, answers=False) as terminal:
        terminal.read_until(QUESTION)
        terminal.type(ANSWER)
        asked = terminal.seen.count(QUESTION)
        terminal.type(b"c")
        terminal.read_until(lambda: terminal.seen.count(QUESTION) > asked)
        terminal.type(b"q")
        for _ in range(3):  # a line that is slow
            terminal.read()
        assert ALTERNATE not in {n for n, is_set in terminal.modes().items() if not is_set}
        terminal.type(ANSWER)

        assert terminal.read_to_end() == 0
        assert_given_back(terminal)


def test_foreign_text_is_painted_over() -> None:
    with PseudoTerminal(SMALL) as terminal:
        terminal.read_until(lambda: "Quit" in shown(terminal.seen))
        terminal.seen += b"\x1b[HBroadcast message from root"
        terminal.type(b"\x0c")
        terminal.read_until(lambda: "Broadcast" not in shown(terminal.seen))

        assert "counted 0" in shown(terminal.seen)


def test_mouse_is_left_alone_where_nobody_wants_it() -> None:
    with PseudoTerminal(SMALL, "nomouse") as terminal:
        terminal.read_until(b"counted 0")
        assert not set(MOUSE) & set(terminal.modes())
        terminal.type(b"m")
        terminal.read_until(lambda: all(terminal.modes().get(mode) for mode in MOUSE))
        terminal.type(b"m")
        terminal.read_until(lambda: not any(terminal.modes()[mode] for mode in MOUSE))
        terminal.type(b"q")

        assert terminal.read_to_end() == 0
        assert_given_back(terminal)


TRUECOLOUR = {"TERM": "xterm-256color", "COLORTERM": "truecolor"}


@pytest.mark.parametrize(
    ("variables", "allowed", "wanted"),
    [
        (TRUECOLOUR | {"NO_COLOR": "1"}, r"[0-9]|2[0-9]|39|49", "1"),
        ({"TERM": "linux"}, r"[0-9]|2[0-9]|[34][0-79]|9[0-7]|10[0-7]", "1"),
        ({"TERM": "xterm-256color"}, r"\d+", "38;5;"),
        (TRUECOLOUR, r"\d+", "38;2;"),
    ],
    ids=["NO_COLOR", "16 colours", "256 colours", "truecolour"],
)
def test_terminal_gets_the_colours_that_it_has(
    variables: dict[str, str], allowed: str, wanted: str
) -> None:
    with PseudoTerminal(*SHOW, variables=variables) as terminal:
        terminal.read_until(b"observing")
        terminal.type(b"q")
        assert terminal.read_to_end() == 0

        assert wanted.encode() in terminal.seen
        assert not [code for code in terminal.colours() if not re.fullmatch(allowed, code)]
        assert ("38;2;" in wanted) == (b"8;2;" in terminal.seen)


@pytest.mark.parametrize(
    "variables",
    [{"LC_ALL": "C"}, {"LC_ALL": "de_DE.ISO-8859-1"}, {"PYTHONIOENCODING": "ascii"}],
    ids=["C", "Latin 1", "stream"],
)
def test_terminal_without_utf8_gets_ascii(variables: dict[str, str]) -> None:
    with PseudoTerminal(SMALL, variables={"LC_ALL": "C.UTF-8"} | variables) as terminal:
        terminal.read_until(lambda: "Quit" in shown(terminal.seen))
        terminal.type(b"\x10")  # Textual's own palette of commands
        terminal.read_until(lambda: "earch for commands" in shown(terminal.seen))
        terminal.type(b"\x1bc")
        terminal.read_until(lambda: "counted 0 x .:# ???? e" in shown(terminal.seen))
        terminal.process.terminate()
        terminal.read_to_end()

        assert terminal.seen.isascii()
        assert "^p palette" in shown(terminal.seen.partition(b"\x1b[?1049l")[0])


def test_terminal_with_utf8_gets_it() -> None:
    with PseudoTerminal(SMALL, variables={"LC_ALL": "C.UTF-8"}) as terminal:
        terminal.read_until("\N{MULTIPLICATION SIGN} ░▒▓".encode())


def test_pipe_gets_one_sentence_and_no_escape() -> None:
    command = [sys.executable, "-m", *SHOW]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)

    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "needs a terminal" in done.stderr
    assert "\x1b" not in done.stderr


def test_dumb_terminal_gets_one_sentence_and_no_escape() -> None:
    with PseudoTerminal(*SHOW, variables={"TERM": "dumb"}) as terminal:
        assert terminal.read_to_end() == 2
        assert b"dumb terminal" in terminal.seen
        assert b"\x1b" not in terminal.seen

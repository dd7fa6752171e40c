"""A real terminal: what a signal leaves behind, and where the screen refuses to start."""

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "tests.tui.show", "50"]
ALTERNATE, MOUSE = b"\x1b[?1049", b"\x1b[?1003"


def read_until(terminal: int, wanted: bytes, *, seen: bytes = b"") -> bytes:
    """What the terminal receives until the wanted bytes are among it."""
    deadline_s = time.monotonic() + 30
    while wanted not in seen:
        assert time.monotonic() < deadline_s, f"no {wanted!r} in {seen[-2000:]!r}"
        if not select.select([terminal], [], [], 1)[0]:
            continue
        try:
            seen += os.read(terminal, 65536)
        except OSError:  # the other end has closed
            break
    return seen


@pytest.mark.parametrize(
    ("number", "expected"),
    [(signal.SIGTERM, 143), (signal.SIGHUP, 129)],
    ids=["SIGTERM", "SIGHUP"],
)
def test_signal_restores_the_terminal(number: signal.Signals, expected: int) -> None:
    terminal, inner = pty.openpty()
    environment = os.environ | {"TERM": "xterm-256color"}
    with subprocess.Popen(
        COMMAND, cwd=ROOT, env=environment, stdin=inner, stdout=inner, stderr=inner
    ) as process:
        os.close(inner)
        seen = read_until(terminal, b"core1.example.net")
        assert ALTERNATE + b"h" in seen
        process.send_signal(number)
        seen = read_until(terminal, ALTERNATE + b"l", seen=seen)
        seen = read_until(terminal, b"\0nothing more", seen=seen)
        os.close(terminal)

        assert process.wait(20) == expected
    for mode in (ALTERNATE, MOUSE):
        assert seen.rindex(mode + b"l") > seen.rindex(mode + b"h")


@pytest.mark.parametrize(
    ("variables", "allowed"),
    [
        ({"TERM": "xterm-256color", "NO_COLOR": "1"}, r"[0-9]|2[0-9]|39|49"),
        ({"TERM": "linux"}, r"[0-9]|2[0-9]|[34][0-79]|9[0-7]|10[0-7]"),
    ],
    ids=["NO_COLOR", "16 colours"],
)
def test_poor_terminal_gets_no_colour_that_it_lacks(
    variables: dict[str, str], allowed: str
) -> None:
    terminal, inner = pty.openpty()
    kept = {n: v for n, v in os.environ.items() if n not in {"COLORTERM", "NO_COLOR"}}
    with subprocess.Popen(
        COMMAND, cwd=ROOT, env=kept | variables, stdin=inner, stdout=inner, stderr=inner
    ) as process:
        os.close(inner)
        seen = read_until(terminal, b"1 observing")
        os.write(terminal, b"q")
        seen = read_until(terminal, b"\0nothing more", seen=seen)
        os.close(terminal)

        assert process.wait(20) == 0
    codes = {
        code
        for found in re.findall(rb"\x1b\[([\d;]*)m", seen)
        for code in found.decode().split(";")
        if code
    }
    assert "1" in codes
    assert not [code for code in codes if not re.fullmatch(allowed, code)]


def test_pipe_gets_one_sentence_and_no_escape() -> None:
    done = subprocess.run(COMMAND, cwd=ROOT, check=False, capture_output=True, text=True)

    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "needs a terminal" in done.stderr
    assert "\x1b" not in done.stderr


def test_dumb_terminal_gets_one_sentence_and_no_escape() -> None:
    terminal, inner = pty.openpty()
    environment = os.environ | {"TERM": "dumb"}
    with subprocess.Popen(
        COMMAND, cwd=ROOT, env=environment, stdin=inner, stdout=inner, stderr=inner
    ) as process:
        os.close(inner)
        seen = read_until(terminal, b"\0nothing more")
        os.close(terminal)

        assert process.wait(20) == 2
    assert b"dumb terminal" in seen
    assert b"\x1b" not in seen

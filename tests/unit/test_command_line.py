"""The command line: options, and output that nothing from outside can turn against a terminal."""

import os
import subprocess
import sys

import pytest

from ebtop import cli
from ebtop.commands.exits import CommandError
from ebtop.commands.text import print_table

EBTOP = (sys.executable, "-m", "ebtop")


def test_options_before_a_command_are_not_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = {}
    monkeypatch.setattr("ebtop.commands.run.run", lambda **options: seen.update(options) or 0)

    assert cli.main(["--observe", "--port", "a", "run", "--port", "b"]) == 0

    assert seen == {
        "ports": ["a", "b"],
        "observe": True,
        "read_only": False,
        "transient": False,
    }
    assert cli.main(["--read-only", "run"]) == cli.main(["run", "--read-only"]) == 0
    assert seen["read_only"] is True


@pytest.mark.parametrize(
    ("arguments", "screen"),
    [
        pytest.param([], (False, True, False), id="none"),
        pytest.param(["--read-only"], (True, True, False), id="read-only"),
        pytest.param(["--no-mouse", "--ascii"], (False, False, True), id="plain"),
    ],
)
def test_screen_is_opened_as_was_asked(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], screen: tuple[bool, bool, bool]
) -> None:
    seen: dict[str, object] = {}
    monkeypatch.setattr("ebtop.commands.watch.watch", lambda **options: seen.update(options) or 0)

    assert cli.main(arguments) == 0

    assert (seen["read_only"], seen["mouse"], seen["ascii_only"]) == screen


@pytest.mark.parametrize(
    "arguments", [["--read-only", "demo", "--ascii"], ["demo", "--ascii", "--read-only"]]
)
def test_demo_passes_the_screens_options_on(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    seen: dict[str, object] = {}
    monkeypatch.setattr("ebtop.commands.demo.demo", lambda **options: seen.update(options) or 0)

    assert cli.main(arguments) == 0

    assert seen["screen_options"] == ["--read-only", "--ascii"]


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["--observe", "routes"], id="observe-starts-nothing"),
        pytest.param(["--port", "a", "doctor"], id="port-starts-nothing"),
        pytest.param(["--read-only", "routes"], id="read-only-edits-nothing"),
        pytest.param(["--ascii", "run"], id="ascii-without-a-screen"),
        pytest.param(["doctor", "--no-mouse"], id="no-mouse-without-a-screen"),
        pytest.param(["demo", "--json"], id="json-on-a-screen"),
        pytest.param(["demo", "--headless", "--for", "-1"], id="negative"),
        pytest.param(["demo", "--headless", "--for", "0"], id="zero"),
        pytest.param(["demo", "--headless", "--for", "nan"], id="nan"),
        pytest.param(["demo", "--headless", "--for", "inf"], id="infinite"),
        pytest.param(["demo", "--headless", "--for", "x"], id="word"),
    ],
)
def test_what_makes_no_sense_is_a_usage_error(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)

    assert ended.value.code == 2
    assert capsys.readouterr().out == ""


def test_tables_carry_no_escapes_and_no_bytes_of_names(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("port", "what it is"), [("p1", ""), ("e\x1b[31m\udcff", "on e\x1b]0;x\x07\u202e")])

    assert capsys.readouterr().out == "port   what it is\np1\ne[31m  on e]0;x\n"


def test_sentences_carry_no_escapes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_options: object) -> int:
        raise CommandError("The port \x1b[2J has gone.")

    monkeypatch.setattr(cli, "_dispatch", fail)

    assert cli.main([]) == 1
    assert capsys.readouterr().err == "ebtop: The port [2J has gone.\n"


def test_a_terminal_without_a_character_shows_a_question_mark() -> None:
    code = "import sys; from ebtop import cli; cli._dispatch = lambda _: print('a\\u2013b') or 0\n"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}sys.exit(cli.main([]))"],
        env=os.environ | {"PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=False,
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, b"a?b\n", b"")


def test_a_full_disk_is_one_sentence() -> None:
    with open("/dev/full", "wb") as full:  # noqa: PTH123  a device
        done = subprocess.run([*EBTOP, "--help"], stdout=full, stderr=subprocess.PIPE, check=False)

    assert (done.returncode, done.stderr) == (1, b"ebtop: No space left on device.\n")


def test_a_closed_pipe_is_no_complaint() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run(
            [*EBTOP, "--help"], stdout=writer, stderr=subprocess.PIPE, check=False
        )
    finally:
        os.close(writer)

    assert (done.returncode, done.stderr) == (1, b"")

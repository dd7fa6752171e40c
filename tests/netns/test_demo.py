"""The demo as a user runs it: on a terminal of 80x24, headless, interrupted, killed."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ebtop.model.prefix import parse_prefix
from tests.netns.terminal import EBTOP, PATIENCE_S, ROOT, Terminal, owned_by, rows, wait_until


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    terminal = Terminal(*EBTOP, "demo")
    try:
        yield terminal
    finally:
        terminal.close()


def test_terminal_shows_a_filled_moving_table_and_quits_clean(terminal: Terminal) -> None:
    wait_until(lambda: len(rows(terminal.screen())) >= 8, "no table")
    wait_until(lambda: "FORWARD" in terminal.screen()[0], "no forward mode")
    first = terminal.screen()
    wait_until(lambda: rows(terminal.screen()) != rows(first), "the table does not move")
    wait_until(lambda: any("µs" in line for line in rows(terminal.screen()).values()), "no latency")
    pid = terminal.pid()
    assert owned_by(pid)

    terminal.keys("j", "j", "s", "G", "g")
    wait_until(lambda: len(rows(terminal.screen())) >= 8, "the table has gone")
    assert all(len(line) <= 80 for line in terminal.screen())
    terminal.keys("q")
    wait_until(lambda: not owned_by(pid), "namespaces are left")
    wait_until(lambda: not Path(f"/proc/{pid}").exists(), "the demo runs on")


def test_terminal_that_goes_takes_the_lab_along(terminal: Terminal) -> None:
    wait_until(lambda: len(rows(terminal.screen())) >= 8, "no table")
    pid = terminal.pid()
    terminal.close()

    wait_until(lambda: not owned_by(pid), "namespaces are left")


def test_headless_report_closes() -> None:
    ran = subprocess.run(
        [*EBTOP, "demo", "--headless", "--for", "3", "--json"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        timeout=60,
    )
    report = json.loads(ran.stdout)

    assert report["schema"] == 1
    assert len(report["routes"]) >= 60
    assert {parse_prefix(route["prefix"]).family for route in report["routes"]} == {4, 6}
    counted = [route for route in report["routes"] if route["packets"]]
    assert len(counted) >= 30
    assert all(route["p50_ns"] <= route["p99_ns"] for route in counted if route["p50_ns"])
    forwarded = sum(port["forwarded"] for port in report["ports"])
    assert sum(route["packets"] for route in counted) == forwarded > 1_000
    assert report["latency"]["packets"] <= forwarded
    for port in report["ports"]:
        others = sum(port["punted"].values()) + sum(port["dropped"].values())
        assert port["received"] == port["forwarded"] + others
    assert any(port["dropped"].get("blackhole") for port in report["ports"])
    assert sum(host["received"] for host in report["hosts"]) >= forwarded


def test_headless_says_why_the_engine_did_not_start(tmp_path: Path) -> None:
    package = tmp_path / "bcc"
    package.mkdir()
    (package / "__init__.py").write_text("raise OSError('libLLVM.so: cannot be mapped')")
    (package / "libbcc.py").touch()
    ran = subprocess.run(
        [*EBTOP, "demo", "--headless", "--for", "1"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        timeout=60,
        text=True,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
    )

    assert ran.returncode == 3
    assert "libLLVM.so: cannot be mapped" in ran.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_removes_the_lab(number: signal.Signals) -> None:
    # A test run in the background ignores SIGINT, and so would what it starts.
    command = ["env", "--default-signal=INT", *EBTOP, "demo", "--headless", "--for", "60"]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE) as process:
        try:
            wait_until(lambda: len(owned_by(process.pid)) == 5, "no lab")
            process.send_signal(number)
            _, errors = process.communicate(timeout=PATIENCE_S)
        finally:
            process.kill()

    assert process.returncode in (130, 128 + number)
    assert b"Traceback" not in errors
    assert owned_by(process.pid) == []


def test_killed_run_is_cleaned_up_by_the_next() -> None:
    killed = subprocess.Popen(
        [*EBTOP, "demo", "--headless", "--for", "60"], cwd=ROOT, stderr=subprocess.DEVNULL
    )
    wait_until(lambda: len(owned_by(killed.pid)) == 5, "no lab")
    killed.kill()
    killed.wait()
    assert len(owned_by(killed.pid)) == 5

    following = [*EBTOP, "demo", "--headless", "--for", "1", "--json"]
    subprocess.run(following, cwd=ROOT, check=True, capture_output=True, timeout=60)
    assert owned_by(killed.pid) == []


def test_without_a_terminal_it_says_what_to_do() -> None:
    ran = subprocess.run(
        [*EBTOP, "demo"], cwd=ROOT, check=False, capture_output=True, timeout=60, text=True
    )

    assert ran.returncode == 2
    assert ran.stdout == ""
    assert "--headless" in ran.stderr

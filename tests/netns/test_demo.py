"""The demo as a user runs it: on a terminal of 80x24, headless, interrupted, killed."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ebtop.lab.lifetime import read_namespace_names
from ebtop.model.prefix import parse_prefix

ROOT = Path(__file__).parents[2]
EBTOP = [sys.executable, "-m", "ebtop"]
PATIENCE_S = 30.0


def owned_by(pid: int) -> list[str]:
    return [name for name in read_namespace_names() if name.startswith(f"ebtop-{pid}-")]


def wait_until(wanted: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not wanted():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


class Terminal:
    """A tmux session of 80x24 with the demo in it."""

    def __init__(self, name: str) -> None:
        self.socket = name
        self.run("new-session", "-d", "-x", "80", "-y", "24", " ".join([*EBTOP, "demo"]))

    def run(self, *arguments: str) -> str:
        return subprocess.run(
            ["tmux", "-L", self.socket, "-f", "/dev/null", *arguments],
            cwd=ROOT,
            check=False,
            capture_output=True,
            text=True,
        ).stdout

    def screen(self) -> list[str]:
        return self.run("capture-pane", "-p").splitlines()

    def pid(self) -> int:
        return int(self.run("list-panes", "-F", "#{pane_pid}") or 0)

    def keys(self, *keys: str) -> None:
        self.run("send-keys", *keys)


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    terminal = Terminal(f"ebtop-test-{os.getpid()}")
    try:
        yield terminal
    finally:
        terminal.run("kill-server")


def rows(screen: list[str]) -> dict[str, str]:
    """Lines of the screen that are routes, by their prefix."""
    found = (re.match(r"\s*([0-9a-f:.…]+/\d+)\s", line) for line in screen)
    return {match[1]: match.string for match in found if match}


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
    terminal.run("kill-server")

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

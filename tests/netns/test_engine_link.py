"""A screen's link to real engines: it starts one, loses it, and finds the next."""

import os
import select
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ebtop.commands.exits import CommandError, Exit
from ebtop.commands.link import EngineLink
from ebtop.commands.search import EngineSearch
from ebtop.engine.connection import SOCKET_NAME
from ebtop.lab.lifetime import LAB_VARIABLE
from ebtop.lab.topology import Lab, Router
from ebtop.model.edit import Action, Edit, Outcome, RouteKey
from ebtop.model.prefix import parse_prefix
from ebtop.model.snapshot import Snapshot
from ebtop.tui.source import LinkState, Phase
from tests.netns.running_engine import EBTOP, PATIENCE_S, connect, run_engine

STOPPED_S = 2.0
DELETE = Edit(action=Action.DELETE, key=RouteKey(prefix=parse_prefix("198.51.100.0/24")))


@pytest.fixture
def router(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> Router:
    monkeypatch.setenv(LAB_VARIABLE, lab.prefix)  # engines go with the lab, whoever starts them
    return lab.router(ports=1)


class Screen:
    """What a screen does with its link, and what it saw."""

    def __init__(self, link: EngineLink) -> None:
        self.link = link
        self.states: list[LinkState] = []
        self.snapshot: Snapshot | None = None
        self.outcomes: dict[int, Outcome] = {}

    def wait_until(self, wanted: Callable[[], bool]) -> None:
        """Takes what comes until it is as wanted."""
        deadline = time.monotonic() + PATIENCE_S
        self.take()
        while not wanted():
            assert time.monotonic() < deadline, self.states[-3:]
            if select.select([self.link], [], [], PATIENCE_S)[0]:
                self.take()

    def take(self) -> None:
        self.snapshot = self.link.receive() or self.snapshot
        self.outcomes |= {answer.number: answer.outcome for answer in self.link.answers()}
        if not self.states or self.states[-1] != self.link.link:
            self.states.append(self.link.link)

    def is_in(self, phase: Phase) -> bool:
        return self.link.link.phase is phase

    def live(self) -> Snapshot:
        """A snapshot of a living engine that has just come."""
        before = self.snapshot
        self.wait_until(lambda: self.is_in(Phase.LIVE) and self.snapshot is not before)
        assert self.snapshot is not None
        return self.snapshot

    def lose(self) -> LinkState:
        self.wait_until(lambda: self.is_in(Phase.LOST))
        return self.link.link


@contextmanager
def opened(router: Router, *arguments: str, read_only: bool = False) -> Iterator[Screen]:
    """A screen in the router's namespace; engines that it started are waited for."""
    search = router.namespace.run(EngineSearch, arguments, exclusive=bool(arguments))
    link = EngineLink(search, read_only=read_only)
    router.namespace.run(link.open)
    try:
        yield Screen(link)
    finally:
        link.close()
        if search._process is not None:
            assert search._process.ended(PATIENCE_S) is not None


def pid_of(snapshot: Snapshot) -> int:
    return int(snapshot.owner.removeprefix("pid ").partition(",")[0])


def test_link_starts_an_engine_that_goes_with_it(router: Router) -> None:
    with opened(router) as screen:
        fileno = screen.link.fileno()
        first = screen.live()
        assert screen.states[0].phase is Phase.CONNECTING
        assert any("routes read" in state.text for state in screen.states)
        assert {state.phase for state in screen.states[1:-1]} == {Phase.LOADING}
        assert first.owner.endswith(", ebtop")
        assert screen.live().tick > first.tick
        assert screen.link.fileno() == fileno
        assert screen.link.failure is None
    assert "xdp" not in router.namespace.read_ip("link", "show", "p1")


def test_killed_engine_is_replaced(router: Router) -> None:
    with opened(router) as screen:
        before = screen.live()
        os.kill(pid_of(before), signal.SIGSTOP)
        unanswered = screen.link.commit(DELETE)
        os.kill(pid_of(before), signal.SIGKILL)
        lost = screen.lose()
        assert "ended" in lost.text
        assert lost.restart_s is not None
        assert 0 < lost.restart_s <= 5
        assert not screen.outcomes[unanswered].done
        assert "look whether" in screen.outcomes[unanswered].message
        asked = screen.link.check(DELETE)
        screen.wait_until(lambda: asked in screen.outcomes)
        assert not screen.outcomes[asked].done
        screen.wait_until(lambda: "signal 9" in screen.link.link.text)

        after = screen.live()
        assert after.owner != before.owner
        counted = [s.restart_s for s in screen.states if s.restart_s is not None]
        assert counted == sorted(counted, reverse=True)
        assert len(counted) >= 4

        os.kill(pid_of(after), signal.SIGKILL)
        again = screen.lose().restart_s
        assert again is not None
        assert again > 20
        screen.link.restart()
        assert screen.live().owner not in {before.owner, after.owner}


def test_search_outlives_a_start_that_fails(
    router: Router, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with opened(router) as screen:
        before = screen.live()
        with monkeypatch.context() as full:
            full.setattr(tempfile, "tempdir", str(tmp_path / "no-such-folder"))
            os.kill(pid_of(before), signal.SIGKILL)
            screen.lose()
            screen.link.restart()
            screen.wait_until(lambda: "cannot be started" in screen.link.link.text)
            assert screen.link.link.restart_s is not None
        screen.link.restart()
        assert screen.live().owner != before.owner


def test_operator_holds_and_somebody_elses_engine_is_found(lab: Lab, router: Router) -> None:
    with opened(router) as screen:
        before = screen.live()
        os.kill(pid_of(before), signal.SIGTERM)
        screen.lose()
        screen.link.hold()
        screen.wait_until(lambda: screen.link.link.restart_s is None)
        assert screen.link.link.text == "The engine has ended; the kernel forwards."

        with run_engine(lab, router) as engine:
            after = screen.live()
            assert after.owner == f"pid {engine.process.pid}, ebtop run"
            engine.process.kill()
            assert screen.lose().restart_s is None  # that is for whoever runs it
        with run_engine(lab, router) as engine:
            assert pid_of(screen.live()) == engine.process.pid


def test_engine_that_hangs_is_not_lost(router: Router) -> None:
    with opened(router) as screen:
        before = screen.live()
        os.kill(pid_of(before), signal.SIGSTOP)
        number = screen.link.check(DELETE)
        deadline = time.monotonic() + STOPPED_S
        while (left_s := deadline - time.monotonic()) > 0:
            select.select([screen.link], [], [], left_s)
            screen.take()
            assert screen.is_in(Phase.LIVE)
        os.kill(pid_of(before), signal.SIGCONT)
        screen.wait_until(lambda: number in screen.outcomes)

        assert screen.live().owner == before.owner


def test_another_screens_engine_is_started_again_as_it_was(lab: Lab, router: Router) -> None:
    other = lab.spawn([*EBTOP, "run", "--transient", "--observe"], router.namespace)
    first = router.namespace.run(connect, other)
    with opened(router) as screen:
        assert pid_of(screen.live()) == other.pid
        first.close()
        other.kill()
        screen.lose()
        screen.link.restart()
        again = screen.live()
        assert pid_of(again) != other.pid
        assert {reason.name for port in again.ports for reason in port.reasons} >= {"asked"}


def test_read_only_screen_tells_every_engine(lab: Lab, router: Router) -> None:
    for _ in range(2):
        with run_engine(lab, router), opened(router, read_only=True) as screen:
            assert screen.live().read_only
            number = screen.link.commit(DELETE)
            screen.wait_until(lambda number=number: number in screen.outcomes)  # type: ignore[misc]
            assert not screen.outcomes[number].done


def test_why_the_engine_does_not_start_is_told(
    router: Router, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    package = tmp_path / "bcc"
    package.mkdir()
    (package / "__init__.py").write_text("raise OSError('libLLVM.so: cannot be mapped')")
    (package / "libbcc.py").touch()
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with opened(router) as screen:
        lost = screen.lose()
        assert "libLLVM.so: cannot be mapped" in lost.text
        assert lost.restart_s is None
        assert screen.link.failure is not None
        assert screen.link.failure.code is Exit.LACKING
        with pytest.raises(CommandError, match="cannot be mapped"):
            screen.link.wait(PATIENCE_S)

        monkeypatch.delenv("PYTHONPATH")
        screen.link.restart()
        screen.live()
        assert screen.link.failure is None


def test_options_beside_a_running_engine_are_a_conflict(lab: Lab, router: Router) -> None:
    with (
        run_engine(lab, router) as engine,
        pytest.raises(CommandError, match=f"pid {engine.process.pid} already runs") as refused,
    ):
        router.namespace.run(EngineSearch, ["--observe"], exclusive=True)
    assert refused.value.code is Exit.CONFLICT


def test_engine_of_another_version_is_named(router: Router) -> None:
    def listen() -> socket.socket:
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        listener.bind(SOCKET_NAME)
        listener.listen()
        return listener

    listener = router.namespace.run(listen)
    with listener, opened(router) as screen:
        connection, _ = listener.accept()
        with connection:
            connection.send(b'{"schema":99,"kind":"tick"}')
            lost = screen.lose()
    assert "another version" in lost.text
    assert lost.restart_s is None


def test_plain_table_of_an_engine_that_is_started_for_it(lab: Lab, router: Router) -> None:
    process = lab.spawn(EBTOP, router.namespace, output=subprocess.PIPE, errors=subprocess.PIPE)
    output, errors = process.communicate(timeout=PATIENCE_S)

    assert (process.returncode, errors) == (0, b"")
    assert b"10.255.1.0/24" in output


def test_engine_is_started_nowhere_but_in_the_namespace_that_was_searched(router: Router) -> None:
    link = EngineLink(router.namespace.run(EngineSearch, (), exclusive=False))
    try:
        with pytest.raises(RuntimeError, match="another network namespace"):
            link.open()
    finally:
        link.close()

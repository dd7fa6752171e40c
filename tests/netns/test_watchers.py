"""Who may watch, who is turned away with which words, and whom a client believes."""

import os
import select
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ebtop.engine import peers
from ebtop.engine.client import Client
from ebtop.engine.server import Server
from ebtop.engine.shared import SharedColumns
from ebtop.engine.wire import Origin
from ebtop.lab.topology import Lab, Router
from ebtop.model.errors import EngineGone
from ebtop.model.port import Mode
from ebtop.model.snapshot import LIVE_COLUMNS, STATIC_COLUMNS, Snapshot
from tests.netns.running_engine import EBTOP, PATIENCE_S, RunningEngine, forwarding, run_engine

ROOT = Path(__file__).parents[2]
NOBODY = 65534
GROUP = 4242

# Root is given up when all is imported: nobody cannot enter a checkout below /root.
BECOME_NOBODY = """
import os, select, socket, sys
from ebtop.engine.client import Client
os.setgroups({groups})
os.setresgid({nobody}, {nobody}, {nobody})
os.setresuid({nobody}, {nobody}, {nobody})
"""
WATCH = f"""
client = Client()
select.select([client], [], [], {PATIENCE_S})
client.receive()
print(client.loading)
"""
SQUAT = """
squat = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
squat.bind("\\0ebtop")
if sys.argv[1] == "listen":
    squat.listen()
print("there", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def router(lab: Lab) -> Router:
    return lab.router(ports=1)


def start(
    router: Router, code: str, *arguments: str, groups: tuple[int, ...] = ()
) -> "subprocess.Popen[str]":
    """A Python of nobody's in the router's namespace."""
    become = BECOME_NOBODY.format(groups=list(groups), nobody=NOBODY)
    return router.namespace.run(
        lambda: subprocess.Popen(
            [sys.executable, "-c", become + code, *arguments],
            env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    )


@pytest.mark.parametrize(
    ("group", "groups", "welcome"),
    [
        pytest.param(GROUP, (GROUP,), True, id="supplementary"),
        pytest.param(NOBODY, (), True, id="primary"),
        pytest.param(GROUP, (1, 2), False, id="other"),
        pytest.param(None, (GROUP,), False, id="no-such-group"),
    ],
)
def test_members_of_the_group_may_watch(
    router: Router,
    monkeypatch: pytest.MonkeyPatch,
    group: int | None,
    groups: tuple[int, ...],
    *,
    welcome: bool,
) -> None:
    monkeypatch.setattr(peers, "read_group", lambda: group)
    server = router.namespace.run(Server)
    try:
        watcher = start(router, WATCH, groups=groups)
        listener = server.filenos()[0]
        assert select.select([listener], [], [], PATIENCE_S)[0]
        server.handle(listener)
        output, errors = watcher.communicate(timeout=PATIENCE_S)
    finally:
        server.close()

    assert (watcher.returncode == 0) is welcome, errors
    assert (output == "starting\n") is welcome
    assert ("run as root or in the group ebtop" in errors) is not welcome


def test_one_watcher_too_many_hears_why(lab: Lab, router: Router) -> None:
    watchers: list[Client] = []

    def crowd() -> None:
        while len(watchers) < 200:
            watchers.append(Client())
            watchers[-1].wait(PATIENCE_S)

    with run_engine(lab, router) as engine:
        engine.wait_until(forwarding)
        try:
            with pytest.raises(EngineGone, match="has 64 watchers and takes no more"):
                router.namespace.run(crowd)
        finally:
            for watcher in watchers:
                watcher.close()
        assert forwarding(engine.snapshot())
        assert engine.command("routes")[0] == 0


@pytest.mark.parametrize("manner", ["listen", "mute"])
def test_squatter_is_a_conflict(lab: Lab, router: Router, manner: str) -> None:
    squatter = start(router, SQUAT, manner)
    assert squatter.stdout is not None
    assert squatter.stdout.readline() == "there\n"
    command = RunningEngine(lab, router, None, None).command  # type: ignore[arg-type]  # no engine
    try:
        said = [command("run")]
        if manner == "listen":
            said += [command(), command("routes"), command("doctor")]
    finally:
        squatter.communicate(timeout=PATIENCE_S)

    expected = (
        f"ebtop: Process {squatter.pid} of user {NOBODY} squats on ebtop's socket: end it and try"
        " again.\n"
        if manner == "listen"
        else "ebtop: Another process owns this network namespace and does not answer yet;"
        " `ss -xap` names it.\n"
    )
    assert said == [(4, "", expected)] * len(said)


def test_options_for_an_engine_that_runs_already_are_refused(lab: Lab, router: Router) -> None:
    with run_engine(lab, router) as engine:
        engine.wait_until(forwarding)
        code, output, errors = engine.command("--observe")

        assert (code, output) == (4, "")
        assert f"pid {engine.process.pid} already runs here: --observe" in errors
        assert forwarding(engine.snapshot())


def test_all_that_start_at_once_watch_one_engine(lab: Lab, router: Router) -> None:
    starts = [
        lab.spawn(list(EBTOP), router.namespace, output=subprocess.PIPE, errors=subprocess.PIPE)
        for _ in range(4)
    ]
    said = [process.communicate(timeout=PATIENCE_S) for process in starts]

    assert {process.returncode for process in starts} == {0}, said
    assert all(b"10.255.1.0/24" in output and not errors for output, errors in said), said


def test_engine_is_not_made_of_what_lies_around(router: Router, tmp_path: Path) -> None:
    (tmp_path / "numpy.py").write_text("open('loaded', 'w').close()\n")
    done = router.namespace.run(
        lambda: subprocess.run(
            [sys.executable, "-P", "-m", "ebtop"],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            check=False,
        )
    )

    assert (done.returncode, done.stderr) == (0, b"")
    assert not (tmp_path / "loaded").exists()


def test_columns_that_are_newer_than_the_tick_wait_for_theirs(router: Router) -> None:
    def write(structure: int) -> None:
        columns.begin(structure)
        for name, kind in (STATIC_COLUMNS | LIVE_COLUMNS).items():
            columns.write(name, np.full(3, structure, dtype=kind))
        columns.commit()

    tick = Snapshot(host="", owner="", tick=1, taken_ns=1, mode=Mode.OBSERVE, structure=1)
    columns = SharedColumns(16)
    server = router.namespace.run(Server)
    client = router.namespace.run(Client)
    try:
        server.share(columns.descriptor, Origin(transient=False))
        server.handle(server.filenos()[0])
        write(2)
        server.send(tick)
        early = client.receive()
        server.send(replace(tick, structure=2))
        snapshot = client.receive()
    finally:
        client.close()
        server.close()
        columns.close()

    assert early is None
    assert snapshot is not None
    assert snapshot.routes["group"].tolist() == [2, 2, 2]

"""What clients ask of a real engine: who may edit, what comes of it, and what garbage costs."""

import os
import select
import socket
import time
from collections.abc import Iterator

import pytest

from ebtop.engine import edits, peers
from ebtop.engine.client import Client
from ebtop.engine.edits import Edits
from ebtop.engine.engine import Engine, Options
from ebtop.engine.requests import MAX_REQUEST_BYTES, Check
from ebtop.engine.schedule import Schedule
from ebtop.engine.server import Server
from ebtop.lab.topology import Lab, Router
from ebtop.model.edit import Action, Edit, Outcome, RouteKey
from ebtop.model.errors import EngineGone
from ebtop.model.match import find_longest_match
from ebtop.model.prefix import parse_address, parse_prefix
from ebtop.model.snapshot import Snapshot
from tests.netns.running_engine import PATIENCE_S, RunningEngine, run_engine
from tests.netns.test_watchers import start

GROUP = 4242
PREFIX = "198.51.100.0/24"
ADD = Edit(
    action=Action.ADD,
    key=RouteKey(prefix=parse_prefix(PREFIX)),
    gateway=parse_address("10.255.2.2"),
)
ASK = """
from tests.netns.test_engine_requests import ADD, PATIENCE_S
client = Client()
client.commit(ADD)
while not (answers := client.answers()):
    assert select.select([client], [], [], PATIENCE_S)[0]
    client.receive()
print(answers[0][1].done, answers[0][1].message)
"""


@pytest.fixture
def router(lab: Lab) -> Router:
    return lab.router(ports=2)


@pytest.fixture
def engine(lab: Lab, router: Router) -> Iterator[RunningEngine]:
    with run_engine(lab, router) as engine:
        engine.snapshot()
        yield engine


def answer(client: Client, number: int) -> Outcome:
    """The answer to a request."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        for answered, outcome in client.answers():
            assert answered == number
            return outcome
        assert time.monotonic() < deadline
        select.select([client], [], [], PATIENCE_S)
        client.receive()


def watch_for(client: Client, seconds: float) -> None:
    """Takes ticks for so long."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        client.wait(PATIENCE_S)


def has_route(snapshot: Snapshot) -> bool:
    row = find_longest_match(snapshot.routes, parse_address("198.51.100.1"))
    return bool(row) and int(snapshot.routes["length"][row]) == 24


def in_kernel(router: Router) -> bool:
    return PREFIX in router.namespace.read_ip("route", "show")


def test_check_writes_nothing_and_commit_shows_in_the_next_ticks(engine: RunningEngine) -> None:
    before = engine.snapshot()
    assert not before.read_only

    checked = answer(engine.client, engine.client.check(ADD))
    assert checked.done, checked
    assert not in_kernel(engine.router)
    committed = answer(engine.client, engine.client.commit(ADD))
    assert committed.done, committed
    assert in_kernel(engine.router)
    tick = engine.snapshot().tick
    assert engine.wait_until(has_route).tick <= tick + 1


def test_refused_edit_is_answered_with_the_kernels_words(engine: RunningEngine) -> None:
    wrong = Edit(action=Action.DELETE, key=ADD.key)

    outcome = answer(engine.client, engine.client.commit(wrong))

    assert not outcome.done
    assert outcome.message


@pytest.fixture
def idle_engine(router: Router) -> Iterator[Engine]:
    """An engine that is served by hand, with a clock that stands still."""
    engine = router.namespace.run(Engine, Options())
    engine._schedule = Schedule(clock=lambda: 0.0)
    engine._schedule.every(0.5, engine._tick)
    yield engine
    router.namespace.run(engine.close)


def serve(router: Router, engine: Engine, number_of_socket: int) -> None:
    router.namespace.run(engine._serve, engine._server.filenos()[number_of_socket])


def test_edits_do_not_cost_the_lease(
    router: Router, idle_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    renewed: list[bool] = []

    def act(_edits: Edits, _request: object, **_rights: object) -> Outcome:
        renewed.append(idle_engine._renewed_s > 0)
        idle_engine._renewed_s = 0
        return Outcome(done=True)

    monkeypatch.setattr(Edits, "do", act)
    client = router.namespace.run(Client)
    try:
        serve(router, idle_engine, 0)
        client.check(ADD)
        idle_engine._renewed_s = 0
        serve(router, idle_engine, 1)
        renewed.append(idle_engine._renewed_s > 0)
    finally:
        client.close()

    assert renewed == [True, True]


def test_commit_is_followed_at_once(router: Router, idle_engine: Engine) -> None:
    client = router.namespace.run(Client)
    try:
        serve(router, idle_engine, 0)
        client.check(ADD)
        serve(router, idle_engine, 1)
        assert idle_engine._schedule.wait_s() == 0.5
        client.commit(ADD)
        serve(router, idle_engine, 1)
    finally:
        client.close()

    rib = idle_engine._control.rib
    row = rib.longest_match(parse_address("198.51.100.1"))
    assert rib.columns["length"][row] == 24
    assert idle_engine._schedule.wait_s() < 0.1


def test_read_only_engine_writes_nothing_for_anybody(lab: Lab, router: Router) -> None:
    with run_engine(lab, router, "--read-only") as engine:
        assert engine.snapshot().read_only
        outcome = answer(engine.client, engine.client.commit(ADD))
        assert not outcome.done
        assert "read-only" in outcome.message
        assert not in_kernel(router)


def test_read_only_screen_is_refused_by_the_engine(engine: RunningEngine) -> None:
    reader = engine.router.namespace.run(Client)
    try:
        assert reader.refuse_edits()
        outcome = answer(reader, reader.commit(ADD))
        assert not outcome.done
        assert "read-only" in outcome.message
        assert not in_kernel(engine.router)
        while not reader.wait(PATIENCE_S).read_only:
            pass
    finally:
        reader.close()
    assert not engine.snapshot().read_only
    assert answer(engine.client, engine.client.commit(ADD)).done


def test_members_of_the_group_may_not_edit(router: Router, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "read_group", lambda: GROUP)
    server = router.namespace.run(Server)
    member = start(router, ASK, groups=(GROUP,))
    try:
        while member.poll() is None:
            for fileno in select.select(server.filenos(), [], [], 0.1)[0]:
                assert server.handle(fileno) is None
        output, errors = member.communicate(timeout=PATIENCE_S)
    finally:
        server.close()

    assert output.startswith("False You may watch alone"), errors


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(b"\xff" * 100, id="no-json"),
        pytest.param(b"{}", id="no-schema"),
        pytest.param(b" " * (MAX_REQUEST_BYTES + 1), id="too-long"),
        pytest.param(b'{"schema":1,"kind":"focus","route":1,"born":1}' + b" " * 5000, id="cut-off"),
        pytest.param(b'{"schema":1,"kind":"commit","request":1,"edit":{}}', id="no-edit"),
    ],
)
def test_who_sends_garbage_is_turned_away(engine: RunningEngine, message: bytes) -> None:
    rude = engine.router.namespace.run(Client)
    try:
        rude.wait(PATIENCE_S)
        os.write(rude.fileno(), message)
        with pytest.raises(EngineGone, match="has ended"):
            watch_for(rude, PATIENCE_S)
    finally:
        rude.close()
    tick = engine.snapshot().tick
    assert engine.snapshot().tick > tick


def test_descriptors_that_are_sent_along_are_not_kept(engine: RunningEngine) -> None:
    def count() -> int:
        return len(os.listdir(f"/proc/{engine.process.pid}/fd"))  # noqa: PTH208  only a count

    before = count()
    with socket.socket(fileno=os.dup(engine.client.fileno())) as connection:
        for _ in range(20):
            socket.send_fds(connection, [b'{"schema":1,"kind":"focus","route":0,"born":0}'], [0])
    assert answer(engine.client, engine.client.check(ADD)).done

    assert count() <= before + 1  # that of the edits


def test_who_takes_no_answers_is_turned_away(router: Router) -> None:
    server = router.namespace.run(Server)
    deaf = router.namespace.run(Client)
    try:
        server.handle(server.filenos()[0])
        watcher, long = server._watchers[0], Outcome(done=False, message="x" * 100_000)
        for number in range(1000):
            if not server.watchers:
                break
            server.answer(watcher, number, long)
        assert server.watchers == 0
    finally:
        deaf.close()
        server.close()


def test_a_desk_that_breaks_is_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_options: object) -> None:
        raise RuntimeError("out of paper")

    monkeypatch.setattr(edits, "open_desk", fail)

    outcome = Edits().do(Check(1, ADD), read_only=False)

    assert outcome == Outcome(done=False, message="The kernel could not be asked: out of paper.")

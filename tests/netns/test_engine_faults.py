"""What the engine is refused, flooded with or told twice must neither end it nor mislead it."""

import os
import resource
import select
import signal
import socket
import time
from pathlib import Path

import pytest

from ebtop.engine.client import Client
from ebtop.lab.topology import Lab, Router
from tests.netns.running_engine import (
    EBTOP,
    PATIENCE_S,
    RunningEngine,
    connect,
    forwarding,
    observing,
    run_engine,
)

MANY_DESCRIPTORS = """
ulimit -n 4096
for number in $(seq 10 1100); do eval "exec $number</dev/null"; done
exec "$@"
"""
FOCUS = b'{"schema":1,"kind":"focus","route":1,"born":1}'
POLLED_S = 6.0  # the engine polls what is silent every five seconds


@pytest.fixture
def router(lab: Lab) -> Router:
    return lab.router(ports=2)


def watch_for(engine: RunningEngine, seconds: float) -> None:
    """Ticks go on coming."""
    deadline_s = time.monotonic() + seconds
    while time.monotonic() < deadline_s:
        engine.snapshot()


def test_engine_without_descriptors_observes_and_recovers(lab: Lab, router: Router) -> None:
    with run_engine(lab, router) as engine:
        engine.wait_until(forwarding)
        pid = engine.process.pid
        limits = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        used = len(list(Path(f"/proc/{pid}/fd").iterdir()))
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (used, limits[1]))
        engine.wait_until(observing)
        router.add_routes("198.18.0.0/16 via 10.255.2.2")
        watch_for(engine, POLLED_S)
        assert observing(engine.snapshot())

        resource.prlimit(pid, resource.RLIMIT_NOFILE, limits)

        engine.wait_until(forwarding)
        assert engine.command("routes", "198.18.0.1")[0] == 0


def test_engine_with_more_than_1024_descriptors(lab: Lab, router: Router) -> None:
    command = ["bash", "-c", MANY_DESCRIPTORS, "bash", *EBTOP, "run"]
    process = lab.spawn(command, router.namespace)
    client = router.namespace.run(connect, process)
    try:
        engine = RunningEngine(lab, router, process, client)
        engine.wait_until(forwarding)
        assert max(int(entry.name) for entry in Path(f"/proc/{process.pid}/fd").iterdir()) > 1024
    finally:
        client.close()


def test_signals_without_end_end_it_once(lab: Lab, router: Router) -> None:
    with run_engine(lab, router) as engine:
        engine.wait_until(forwarding)
        deadline_s = time.monotonic() + PATIENCE_S
        while engine.process.poll() is None:
            assert time.monotonic() < deadline_s
            engine.process.send_signal(signal.SIGTERM)

        assert engine.process.returncode == 0


def test_watchers_that_are_deaf_talk_or_go_cost_nobody_a_tick(lab: Lab, router: Router) -> None:
    with run_engine(lab, router) as engine:
        engine.wait_until(forwarding)
        deaf, chatty, leaving = (router.namespace.run(Client) for _ in range(3))
        before = engine.snapshot().tick
        for _ in range(2000):
            select.select([], [chatty], [], PATIENCE_S)
            os.write(chatty.fileno(), FOCUS)
        leaving.close()
        shut = socket.socket(fileno=os.dup(chatty.fileno()))
        shut.shutdown(socket.SHUT_RD)
        shut.close()
        watch_for(engine, 2)

        assert engine.snapshot().tick > before
        assert deaf.wait(PATIENCE_S).tick > before
        deaf.close()
        chatty.close()


def test_stopped_and_continued_shows_no_impossible_rates(lab: Lab, router: Router) -> None:
    with run_engine(lab, router) as engine:
        engine.wait_until(forwarding)
        engine.process.send_signal(signal.SIGSTOP)
        time.sleep(4)  # past the lease
        engine.process.send_signal(signal.SIGCONT)
        first = engine.snapshot()
        renewed = engine.wait_until(lambda snapshot: snapshot.lease_s > 0)

        assert forwarding(renewed)
        assert max(first.totals.pps, renewed.totals.pps) < 1000
        assert renewed.lease_s <= 3

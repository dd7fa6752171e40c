"""What the command line tells an operator who asked for something that is not there."""

import json
import os
import subprocess

import pytest

from ebtop.fib.layout import LEAST_ROUTES
from ebtop.lab.topology import Lab, Router
from tests.netns.running_engine import (
    EBTOP,
    PATIENCE_S,
    RunningEngine,
    connect,
    forwarding,
    run_engine,
)

ROUTES = LEAST_ROUTES + 500


@pytest.fixture
def router(lab: Lab) -> Router:
    return lab.router(ports=2)


def test_engine_for_an_interface_that_is_not_there(lab: Lab, router: Router) -> None:
    process = lab.spawn([*EBTOP, "run", "--port", "p2", "--port", "p\x1b9"], router.namespace)
    client = router.namespace.run(connect, process)
    try:
        engine = RunningEngine(lab, router, process, client)
        engine.wait_until(forwarding)
        _, output, _ = engine.command("doctor")
        notices = json.loads(engine.command("doctor", "--json")[1])["notices"]
    finally:
        client.close()

    assert notices == ["No interface is called p\x1b9."]
    assert "\nNo interface is called p9.\n" in output
    assert "\x1b" not in output


def test_table_that_is_too_large_is_told_and_forgotten(lab: Lab, router: Router) -> None:
    routes = [f"11.0.{number >> 8}.{number & 255} via 10.255.2.2" for number in range(ROUTES)]
    with run_engine(lab, router) as engine:
        engine.wait_until(forwarding)
        router.add_routes(*routes)
        told = engine.wait_until(lambda snapshot: bool(snapshot.notices))
        router.namespace.ip(*(f"route del {route}" for route in routes))
        engine.wait_until(lambda snapshot: not snapshot.notices)

    assert told.notices[0].startswith("The tables are too small: the kernel forwards for ")


def test_no_match_is_one_sentence(lab: Lab, router: Router) -> None:
    with run_engine(lab, router) as engine:
        engine.wait_until(forwarding)
        code, output, errors = engine.command("routes", "192.0.2.1")
        as_json = engine.command("routes", "--json", "192.0.2.0/24")

    assert (code, errors) == (1, "ebtop: No route matches 192.0.2.1.\n")
    assert output.count("\n") == 1
    assert as_json == (
        1,
        '{"schema": 1, "routes": []}\n',
        "ebtop: No route matches 192.0.2.0/24.\n",
    )


@pytest.mark.parametrize("terminal", [None, "", "dumb"])
def test_terminal_that_knows_no_escapes_gets_the_table(
    router: Router, terminal: str | None
) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "TERM"}
    if terminal is not None:
        environment["TERM"] = terminal
    master, inner = os.openpty()
    try:
        done = router.namespace.run(
            lambda: subprocess.run(
                EBTOP,
                env=environment,
                stdin=inner,
                stdout=inner,
                stderr=inner,
                timeout=PATIENCE_S,
                check=False,
            )
        )
        shown = os.read(master, 65536)
    finally:
        os.close(inner)
        os.close(master)

    assert done.returncode == 0, shown
    assert b"10.255.1.0/24" in shown
    assert b"\x1b" not in shown

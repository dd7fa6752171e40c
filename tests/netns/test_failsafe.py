"""Whatever happens to the engine, the kernel forwards and nothing stays attached."""

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack

import pytest

from ebtop.lab.frames import Flow
from ebtop.lab.numbered import is_numbered, read_number, send_numbered
from ebtop.lab.receiver import Receiver
from ebtop.lab.topology import Lab, Router
from ebtop.model.errors import EngineGone
from ebtop.model.prefix import parse_address
from ebtop.model.verdict import Verdict
from tests.netns.running_engine import (
    EBTOP,
    PATIENCE_S,
    RunningEngine,
    count,
    forwarding,
    observing,
    run_engine,
)

PACKETS = 60_000
RATE_PPS = 20_000.0


@pytest.fixture
def router(lab: Lab) -> Router:
    router = lab.router(ports=2)
    router.add_routes("198.18.0.0/16 via 10.255.2.2", "2001:db8::/32 via fd00:0:0:2::2")
    router.hosts[1].namespace.ip("route add blackhole 198.18.0.0/16")
    return router


def flows(router: Router) -> list[Flow]:
    host = router.hosts[0]
    return [
        Flow(
            source_mac=host.mac,
            destination_mac=host.gateway_mac,
            source=parse_address(source),
            destination=parse_address(f"{start}{number}"),
        )
        for source, start in (("198.19.0.1", "198.18.0."), ("fd00:0:0:1::2", "2001:db8::"))
        for number in range(1, 20)
    ]


def lose(router: Router, meanwhile: Callable[[], None]) -> int:
    """Packets lost of a stream while something happens in its middle."""
    with ExitStack() as stack:
        receiver = stack.enter_context(Receiver(router.hosts[1], is_numbered))
        sender = threading.Thread(
            target=send_numbered, args=(router.hosts[0], flows(router), PACKETS, 0, RATE_PPS)
        )
        sender.start()
        assert receiver.wait_for(PACKETS // 4) >= PACKETS // 4
        meanwhile()
        sender.join()
        receiver.wait_for(PACKETS, timeout_s=2)
    assert receiver.lost == 0
    numbers = [read_number(frame) for frame in receiver.frames]
    assert len(set(numbers)) == len(numbers)
    return PACKETS - len(numbers)


def programs(router: Router) -> list[str]:
    links = json.loads(router.namespace.read_ip("-j", "-d", "link", "show"))
    return [link["ifname"] for link in links if "xdp" in link]


def test_kill_loses_almost_nothing_and_detaches(lab: Lab, router: Router) -> None:
    def kill() -> None:
        assert programs(router) == ["p1", "p2"]
        engine.process.kill()
        engine.process.wait()

    with run_engine(lab, router) as engine:
        engine.wait_until(forwarding)
        lost = lose(router, kill)

        with pytest.raises(EngineGone):
            engine.snapshot()
    print(f"kill -9: {lost} of {PACKETS} lost")  # noqa: T201  a figure of the run
    assert lost <= 64
    assert programs(router) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_signal_ends_cleanly(lab: Lab, router: Router, number: signal.Signals) -> None:
    def end() -> None:
        engine.process.send_signal(number)
        assert engine.process.wait(PATIENCE_S) == 0

    with run_engine(lab, router) as engine:
        engine.wait_until(forwarding)
        lost = lose(router, end)

    print(f"{number.name}: {lost} of {PACKETS} lost")  # noqa: T201  the same
    assert lost <= 64
    assert programs(router) == []


def test_stopped_engine_loses_its_lease(lab: Lab, router: Router) -> None:
    with run_engine(lab, router) as engine:
        engine.wait_until(forwarding)
        os.kill(engine.process.pid, signal.SIGSTOP)
        try:
            stopped = time.monotonic()
            lost = lose(router, lambda: None)
            # The lease is three seconds and so is the stream: what follows is past it.
            time.sleep(max(0.0, stopped + 4.5 - time.monotonic()))
            again = lose(router, lambda: None)
        finally:
            os.kill(engine.process.pid, signal.SIGCONT)
        after = engine.wait_until(lambda s: count(s.ports, Verdict.PUNT_LEASE) >= PACKETS)
        print(f"SIGSTOP: {lost + again} of {2 * PACKETS} lost")  # noqa: T201  a figure of the run
        assert lost + again <= 64
        assert count(after.ports, Verdict.FORWARDED) < PACKETS + PACKETS // 2
        assert lose(router, lambda: None) <= 64
        end = engine.settled()
        assert count(end.ports, Verdict.FORWARDED) - count(after.ports, Verdict.FORWARDED) > 0


def test_second_engine_is_refused_and_names_the_owner(lab: Lab, router: Router) -> None:
    with run_engine(lab, router) as engine:
        engine.wait_until(forwarding)
        code, output, errors = engine.command("run")
        table = engine.command("routes", "--json", "198.18.3.4")
        doctor = engine.command("doctor", "--json")

        assert (code, output) == (4, "")
        assert f"pid {engine.process.pid}" in errors
        assert "Traceback" not in errors
        assert json.loads(table[1])["routes"][0]["prefix"] == "198.18.0.0/16"
        assert str(engine.process.pid) in json.loads(doctor[1])["engine"]
        assert {p["mode"] for p in json.loads(doctor[1])["ports"]} == {"forward"}
        assert engine.process.poll() is None


def test_transient_engine_ends_with_its_last_watcher(lab: Lab, router: Router) -> None:
    with run_engine(lab, router, "--transient") as engine:
        engine.wait_until(forwarding)
        assert "ebtop" in engine.snapshot().owner
        assert engine.command("routes")[0] == 0
        assert engine.process.poll() is None
        engine.client.close()

        assert engine.process.wait(PATIENCE_S) == 0
    assert programs(router) == []


def nft(router: Router, *commands: str) -> None:
    def run() -> None:
        for command in commands:
            subprocess.run(["nft", command], check=True, capture_output=True)

    router.namespace.run(run)


CHAIN = "add chain inet t forward { type filter hook forward priority 0; policy drop; }"


def test_firewall_that_was_there_first_sees_every_packet(lab: Lab, router: Router) -> None:
    nft(router, "add table inet t", CHAIN)
    with run_engine(lab, router) as engine, Receiver(router.hosts[1], is_numbered) as receiver:
        first = engine.snapshot()
        send_numbered(router.hosts[0], flows(router), 2_000, 0, RATE_PPS)
        after = engine.settled()
        reasons = {reason.name for port in after.ports for reason in port.reasons}

    assert observing(first)
    assert "netfilter" in reasons
    assert count(after.ports, Verdict.FORWARDED) == 0
    assert count(after.ports, Verdict.PUNT_OBSERVE) >= 2_000
    assert receiver.frames == []


def test_firewall_added_while_running_is_obeyed_within_seconds(lab: Lab, router: Router) -> None:
    with run_engine(lab, router) as engine:
        engine.wait_until(forwarding)
        added = time.monotonic()
        nft(router, "add table inet t", CHAIN)
        engine.wait_until(observing)
        print(f"observe {time.monotonic() - added:.2f} s after the chain")  # noqa: T201  the same
        assert time.monotonic() - added < 5
        with Receiver(router.hosts[1], is_numbered) as receiver:
            before = engine.settled()
            send_numbered(router.hosts[0], flows(router), 2_000, 0, RATE_PPS)
            after = engine.settled()
        assert receiver.frames == []
        assert count(after.ports, Verdict.FORWARDED) == count(before.ports, Verdict.FORWARDED)
        nft(router, "delete table inet t")
        engine.wait_until(forwarding)


def test_not_in_a_terminal_the_screen_is_a_table(lab: Lab, router: Router) -> None:
    process = lab.spawn(
        list(EBTOP), router.namespace, output=subprocess.PIPE, errors=subprocess.PIPE
    )
    output, errors = process.communicate(timeout=PATIENCE_S)

    assert (process.returncode, errors) == (0, b"")
    assert b"198.18.0.0/16" in output
    assert b"\x1b" not in output


def test_commands_without_an_engine_say_so(lab: Lab, router: Router) -> None:
    engine = RunningEngine(lab, router, None, None)  # type: ignore[arg-type]  # for its command
    code, output, errors = engine.command("routes")
    doctor = engine.command("doctor", "--json")

    assert (code, output) == (1, "")
    assert errors.startswith("ebtop: No ebtop engine runs here")
    assert doctor[0] == 0
    assert {port["mode"] for port in json.loads(doctor[1])["ports"]} == {"forward"}
    assert programs(router) == []

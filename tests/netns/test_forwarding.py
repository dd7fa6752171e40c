"""Exactly so many packets through the lab router: every book agrees, and so does every byte."""

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import numpy as np

from ebtop.kernel.driver_statistics import read_received_packets
from ebtop.lab.demo_router import DEMO_ROUTES, build_demo
from ebtop.lab.frames import Flow, expected_forwarded
from ebtop.lab.numbered import compare_numbered, is_numbered, read_number, send_numbered
from ebtop.lab.receiver import Receiver
from ebtop.lab.tcp_pair import TcpPair
from ebtop.lab.topology import Lab, Router
from ebtop.model.port import PORTS
from ebtop.model.prefix import Address, parse_address, parse_prefix
from ebtop.model.verdict import Verdict
from tests.netns.running_engine import (
    RunningEngine,
    count,
    forwarding,
    observing,
    route_packets,
    run_engine,
)

PACKETS = 100_003
OWNED = [parse_prefix(f"198.18.{n}.0/24") for n in range(1, 5)] + [
    parse_prefix(f"2001:db8:{n}::/48") for n in range(1, 5)
]
"""What the hosts own and answer; they take all else in silence."""
FLOWS_A_PREFIX = 5


def single_paths() -> list[tuple[Address, int]]:
    """Addresses inside the demo's routes, and the port that the longest match leaves by."""
    plain = [r for r in DEMO_ROUTES if r.kind == "unicast" and not r.gateway]
    plain = [r for r in plain if r.prefix not in OWNED]
    found = []
    for route in plain:
        for offset in range(1, FLOWS_A_PREFIX + 1):
            bits = 32 if route.prefix.family == 4 else 128
            value = ((route.prefix.high << 64 | route.prefix.low) >> (128 - bits)) + offset * 7
            value <<= 128 - bits
            address = Address(route.prefix.family, value >> 64, value & (1 << 64) - 1)
            covering = [r for r in DEMO_ROUTES if r.prefix.contains(address)]
            length = max(r.prefix.length for r in covering)
            best = [r for r in covering if r.prefix.length == length]
            ports = {port for r in best for port in r.ports}
            if len(ports) == 1 and all(r in plain for r in best):
                found.append((address, ports.pop()))
    return found


def flows_from(router: Router) -> tuple[list[Flow], list[int]]:
    """Flows of one host to all paths that do not lead back to it, and their ports."""
    host = router.hosts[0]
    sources = {4: parse_address("198.18.1.7"), 6: parse_address("2001:db8:1::7")}
    paths = [(address, port) for address, port in single_paths() if port != 1]
    flows = [
        Flow(
            source_mac=host.mac,
            destination_mac=host.gateway_mac,
            source=sources[address.family],
            destination=address,
            payload_bytes=24 + 37 * (index % 30),
        )
        for index, (address, _) in enumerate(paths)
    ]
    return flows, [port for _, port in paths]


@contextmanager
def tcp(router: Router) -> Iterator[TcpPair]:
    """TCP between the first and the last host meanwhile."""
    names = [host.namespace.name for host in router.hosts]
    pair = TcpPair(names[0], names[-1], parse_address("198.18.4.10"), 5001)
    ended = threading.Event()

    def pump() -> None:
        while not ended.wait(0.005):
            pair.pump(20_000, time.monotonic())

    thread = threading.Thread(target=pump)
    thread.start()
    try:
        yield pair
    finally:
        ended.set()
        thread.join()
        pair.close()


def check_stream(
    router: Router, flows: list[Flow], ports: list[int], engine: RunningEngine
) -> None:
    """Sends all with TCP beside, and compares every book and every byte."""
    hosts = router.hosts
    before = engine.settled()
    with ExitStack() as stack:
        pair = stack.enter_context(tcp(router))
        receivers = [stack.enter_context(Receiver(host, is_numbered)) for host in hosts]
        stream = send_numbered(hosts[0], flows, PACKETS)
        for number, receiver in enumerate(receivers, 1):
            due = sum(1 for n in stream.numbers if ports[n % len(ports)] == number)
            assert receiver.wait_for(due) == due
    assert all(receiver.lost == 0 for receiver in receivers)
    assert pair.received_bytes > 100_000

    def expected(number: int) -> bytes:
        host = hosts[ports[number % len(ports)] - 1]
        return expected_forwarded(stream.frame(number), host.gateway_mac, host.mac)

    frames = [frame for receiver in receivers for frame in receiver.frames]
    assert compare_numbered(stream, frames, expected).perfect
    for host_number, receiver in enumerate(receivers, 1):
        numbers = [read_number(frame) for frame in receiver.frames]
        assert all(ports[(n or 0) % len(ports)] == host_number for n in numbers)
    after = engine.settled()
    for port in after.ports:
        assert port.received == sum(port.verdicts.values()), port
    moved = count(after.ports, Verdict.FORWARDED) - count(before.ports, Verdict.FORWARDED)
    assert route_packets(after) - route_packets(before) == moved >= PACKETS
    assert after.latency is not None
    of_ports = after.latency[1 : 1 + PORTS]
    own = after.latency[np.unique(after.routes["latency_row"])[1:]]
    assert int(after.latency[0].sum()) == int(of_ports.sum()) == int(own.sum())


def test_every_packet_is_forwarded_and_counted_once(lab: Lab) -> None:
    router = build_demo(lab)
    flows, ports = flows_from(router)
    assert {flow.destination.family for flow in flows} == {4, 6}
    assert len(flows) >= 100
    with run_engine(lab, router) as engine:
        engine.wait_until(forwarding)
        check_stream(router, flows, ports, engine)


def test_books_close_exactly_without_other_traffic(lab: Lab) -> None:
    router = build_demo(lab)
    flows, _ = flows_from(router)
    with run_engine(lab, router) as engine:
        engine.wait_until(forwarding)
        sent_to = [host.namespace.run(read_received_packets, "eth0") for host in router.hosts]
        send_numbered(router.hosts[0], flows, PACKETS)
        after = engine.settled()
        came_to = [host.namespace.run(read_received_packets, "eth0") for host in router.hosts]

    assert count(after.ports, Verdict.FORWARDED) == PACKETS
    assert route_packets(after) == PACKETS
    assert sum(came_to) - sum(sent_to) - PACKETS in range(8)  # and the router's own ND and ARP
    for port in after.ports:
        assert port.received == sum(port.verdicts.values())


def test_observe_mode_counts_and_lets_the_kernel_forward(lab: Lab) -> None:
    router = build_demo(lab)
    flows, ports = flows_from(router)
    with run_engine(lab, router, "--observe") as engine:
        engine.wait_until(observing)
        hosts = router.hosts
        with ExitStack() as stack:
            receivers = [stack.enter_context(Receiver(host, is_numbered)) for host in hosts]
            stream = send_numbered(hosts[0], flows, 5_003)
            for number, receiver in enumerate(receivers, 1):
                due = sum(1 for n in stream.numbers if ports[n % len(ports)] == number)
                assert receiver.wait_for(due) == due
        after = engine.settled()

    assert count(after.ports, Verdict.FORWARDED) == 0
    assert count(after.ports, Verdict.PUNT_OBSERVE) == 5_003
    assert int(after.routes["observed_packets"].sum()) == 5_003

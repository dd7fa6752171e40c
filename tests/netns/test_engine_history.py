"""What a real engine tells of the last minutes: history, latency, and next hops' neighbours."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from numpy.typing import NDArray

from ebtop.engine.client import Client
from ebtop.lab.frames import Flow
from ebtop.lab.numbered import send_numbered
from ebtop.lab.topology import Lab, Router, host_addresses
from ebtop.model.histogram import ROUTE_HISTOGRAMS
from ebtop.model.match import find_longest_match
from ebtop.model.neighbour import NeighbourState
from ebtop.model.prefix import parse_address
from ebtop.model.snapshot import HISTORY_SAMPLES, Snapshot
from tests.netns.running_engine import forwarding, run_engine

RATE_PPS = 2000.0
BUSY, IDLE = "198.18.0.1", "198.19.0.1"
ROUTES = ROUTE_HISTOGRAMS + 200


@pytest.fixture
def router(lab: Lab) -> Router:
    router = lab.router(ports=2)
    router.add_routes("198.18.0.0/16 via 10.255.2.2", "198.19.0.0/16 via 10.255.2.2")
    router.hosts[1].namespace.ip("route add blackhole 198.18.0.0/16")
    return router


@contextmanager
def traffic(router: Router, seconds: float) -> Iterator[None]:
    """Packets to BUSY meanwhile."""
    host = router.hosts[0]
    flow = Flow(
        source_mac=host.mac,
        destination_mac=host.gateway_mac,
        source=parse_address("198.51.100.1"),
        destination=parse_address(BUSY),
    )
    sender = threading.Thread(
        target=send_numbered, args=(host, [flow], int(seconds * RATE_PPS), 0, RATE_PPS)
    )
    sender.start()
    try:
        yield
    finally:
        sender.join()


def route(snapshot: Snapshot, address: str) -> int:
    row = find_longest_match(snapshot.routes, parse_address(address))
    assert row
    return row


def history(snapshot: Snapshot, address: str) -> NDArray[np.float32]:
    assert snapshot.history is not None
    row = int(snapshot.routes["history_row"][route(snapshot, address)])
    assert row
    return np.asarray(snapshot.history[row])


def latency(snapshot: Snapshot, address: str) -> int:
    """Packets in the histogram of a route; 0 where it has none."""
    assert snapshot.latency is not None
    row = int(snapshot.routes["latency_row"][route(snapshot, address)])
    return int(snapshot.latency[row].sum()) if row else 0


def sampled(snapshot: Snapshot) -> int:
    """Samples of the router's history."""
    assert snapshot.history is not None
    return int(np.isfinite(snapshot.history[0]).sum())


def test_history_and_latency_follow_the_traffic(lab: Lab, router: Router) -> None:
    with run_engine(lab, router) as engine:
        engine.wait_until(forwarding)
        first = engine.snapshot()
        with traffic(router, 8):
            busy = engine.wait_until(
                lambda s: (
                    bool((history(s, BUSY) > RATE_PPS / 2).sum() >= 2) and latency(s, BUSY) > 0
                )
            )
        quiet = engine.wait_until(lambda s: history(s, BUSY)[-1] == 0 and s.totals.pps < 10)

        assert busy.history is not None
        assert busy.latency is not None
        assert busy.history.shape[1] == HISTORY_SAMPLES
        assert np.nanmax(history(busy, BUSY)) < 2 * RATE_PPS
        assert np.nanmax(history(busy, IDLE)) == latency(busy, IDLE) == 0
        assert np.nanmax(busy.history[0]) > RATE_PPS / 2
        egress = next(port.slot for port in busy.ports if port.name == "p2")
        assert latency(busy, BUSY) == int(busy.latency[0].sum()) == busy.latency[1 + egress].sum()
        shared = np.isfinite(history(first, BUSY))
        assert not (history(first, BUSY)[shared] > 0).any()  # it has not changed meanwhile
        packets = np.nansum(history(quiet, BUSY)) * 2
        assert packets == pytest.approx(quiet.routes["packets"][route(quiet, BUSY)], rel=0.02)


def test_a_route_that_comes_again_starts_its_history_anew(lab: Lab, router: Router) -> None:
    with run_engine(lab, router) as engine:
        engine.wait_until(forwarding)
        with traffic(router, 5):
            engine.wait_until(lambda s: history(s, BUSY)[-1] > 0)
        router.namespace.ip("route del 198.18.0.0/16")
        engine.wait_until(lambda s: not find_longest_match(s.routes, parse_address(BUSY)))
        router.add_routes("198.18.0.0/16 via 10.255.2.2")
        born = engine.wait_until(
            lambda s: (
                bool(find_longest_match(s.routes, parse_address(BUSY)))
                and s.routes["history_row"][route(s, BUSY)] > 0
            )
        )
        assert np.nansum(history(born, BUSY)) == 0
        assert np.isfinite(history(born, BUSY)).sum() < sampled(born)


def test_the_route_under_the_cursor_is_measured_on_a_full_table(lab: Lab, router: Router) -> None:
    router.add_routes(
        *(f"203.{number >> 8}.{number & 255}.0/24 via 10.255.2.2" for number in range(ROUTES))
    )
    with run_engine(lab, router) as engine:
        before = engine.wait_until(forwarding)
        # With more routes than histograms those without traffic have none.
        assert not before.routes["latency_row"].any()
        last = f"203.{ROUTES - 1 >> 8}.{ROUTES - 1 & 255}.1"
        chosen = route(before, last)
        engine.client.focus(chosen, int(before.routes["born"][chosen]))
        engine.wait_until(lambda s: s.routes["latency_row"][chosen] > 0)
        with traffic(router, 4):
            busy = engine.wait_until(lambda s: latency(s, BUSY) > 0)
        assert busy.routes["latency_row"][chosen] > 0

        other = engine.router.namespace.run(Client)
        other.focus(route(busy, IDLE), int(busy.routes["born"][route(busy, IDLE)]))
        engine.wait_until(lambda s: s.routes["latency_row"][route(s, IDLE)] > 0)
        other.close()
        wrong = route(busy, "203.0.5.1")
        engine.client.focus(wrong, int(busy.routes["born"][wrong]) + 1)
        tick = engine.snapshot().tick
        after = engine.wait_until(lambda s: s.tick > tick + 3)
        assert after.routes["latency_row"][wrong] == 0


def test_neighbours_of_next_hops_are_told_when_they_change(lab: Lab, router: Router) -> None:
    def states(snapshot: Snapshot) -> dict[str, NeighbourState]:
        return {str(address): n.state for (_, address), n in snapshot.neighbours.items()}

    with run_engine(lab, router) as engine:
        gateway = "10.255.2.2"
        first = engine.wait_until(forwarding)
        assert set(states(first)) == {gateway}  # p1's host is nobody's gateway
        router.namespace.ip(f"neigh replace {gateway} dev p2 lladdr 02:00:00:00:00:99 nud stale")
        changed = engine.wait_until(lambda s: states(s)[gateway] is NeighbourState.STALE)
        assert {n.mac.hex() for n in changed.neighbours.values()} == {"020000000099"}
        router.add_routes("198.51.100.0/24 via 10.255.1.2")
        engine.wait_until(lambda s: set(states(s)) == {gateway, str(host_addresses(1)[0])})
        late = engine.router.namespace.run(Client)
        try:
            assert len(late.wait(5).neighbours) == 2
        finally:
            late.close()
        assert len(states(engine.snapshot())) == 2
        assert states(first)[gateway] is not NeighbourState.STALE

"""A router whose ebtop is asked for single addresses, through the real ingress program."""

import json
import select
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ebtop.datapath import syscall
from ebtop.datapath.samples import COUNTERS
from ebtop.engine.engine import Engine, Options
from ebtop.lab.frames import Flow, build_ip, expected_forwarded
from ebtop.lab.topology import Lab, Router, host_mac, port_mac
from ebtop.model.prefix import format_prefix, parse_address, unpack_address
from ebtop.model.snapshot import RowState
from ebtop.model.verdict import Verdict
from tests.netns.lookup_oracle import (
    ANYCAST,
    BLACKHOLE,
    BROADCAST,
    LOCAL,
    MULTICAST,
    PROHIBIT,
    THROW,
    UNREACHABLE,
    Hop,
    Route,
)
from tests.netns.random_routes import BITS, GATEWAYS, NEXTHOPS, SOURCES, gateway

INGRESS = "p1"
STAMP_BYTES = 24
_PATIENCE_S = 60.0
_PAYLOAD = bytes(24)
_PROTOCOL = 253  # for experiments (RFC 3692): without a checksum that XDP would look at
_USABLE = {"REACHABLE", "STALE", "DELAY", "PROBE", "PERMANENT"}
_KINDS = {
    LOCAL: Verdict.PUNT_LOCAL,
    BROADCAST: Verdict.PUNT_BROADCAST,
    ANYCAST: Verdict.PUNT_MULTICAST,
    MULTICAST: Verdict.PUNT_MULTICAST,
    BLACKHOLE: Verdict.DROP_BLACKHOLE,
    UNREACHABLE: Verdict.PUNT_UNREACHABLE,
    PROHIBIT: Verdict.PUNT_PROHIBIT,
    THROW: Verdict.PUNT_THROW,
}


@dataclass(frozen=True, slots=True)
class Crossing:
    """What the program did with one packet: `port` and `mac` where it was forwarded."""

    verdict: Verdict
    port: str = ""
    mac: bytes = b""


@dataclass(frozen=True, slots=True)
class Row:
    """The engine's route for a prefix."""

    number: int
    table: int
    metric: int
    hops: tuple[Hop, ...]


class LookupRouter:
    """Follows the kernel when told to, and crosses single packets from h1."""

    def __init__(self, router: Router, engine: Engine) -> None:
        self.router = router
        self.engine = engine
        self.sentinels = 0
        self._datapath = engine._datapath
        ports = {port.name: ifindex for ifindex, port in engine._ports.ports.items()}
        self._ifindex = ports[INGRESS]
        slots = self._datapath.ports.slots
        self._names = {slots[ifindex]: name for name, ifindex in ports.items()}
        verdicts = self._datapath._maps.arrays["verdicts"]
        self._row = verdicts.reshape(-1, 64, 64)[:, slots[self._ifindex]]
        self.rows: dict[str, Row] = {}
        self.neighbours: dict[Hop, bytes] = {}

    def follow(self, sentinel: str) -> None:
        """Reads events until a route that was added last, `sentinel`, is there."""
        self.router.namespace.run(self._follow, sentinel)

    def _follow(self, sentinel: str) -> None:
        engine, address = self.engine, parse_address(sentinel)
        deadline_s = time.monotonic() + _PATIENCE_S
        while True:
            row = engine._control.rib.longest_match(address)
            known = format_row(engine, row) == f"{sentinel}/32"
            due_s = engine._monitor.due_s()
            if known and due_s is None:
                break
            assert time.monotonic() < deadline_s, f"the engine never saw {sentinel}"
            select.select([engine._monitor.fileno()], [], [], 1.0 if due_s is None else due_s)
            engine._follow(engine._monitor.read())
        self._read_rows()
        self._read_neighbours()

    def _read_rows(self) -> None:
        rib = self.engine._control.rib
        names = {index: link.name for index, link in self.engine._ports.links.items()}
        self.rows = {}
        for number in np.flatnonzero(rib.columns["state"] == RowState.BEST).tolist():
            members = rib.groups[int(rib.columns["group"][number])].members
            hops = (
                (names[member.ifindex], str(member.gateway) if member.gateway else "")
                for member in members
            )
            self.rows[format_row(self.engine, number)] = Row(
                number,
                int(rib.columns["table"][number]),
                int(rib.columns["metric"][number]),
                tuple(sorted(hops)),
            )

    def _read_neighbours(self) -> None:
        shown = json.loads(self.router.namespace.read_ip("-j", "neighbour", "show"))
        self.neighbours = {
            (entry["dev"], entry["dst"]): bytes.fromhex(entry["lladdr"].replace(":", ""))
            for entry in shown
            if "lladdr" in entry and set(entry["state"]) & _USABLE
        }

    def cross(self, questions: list[tuple[int, int]]) -> list[Crossing]:
        """Each packet alone through the program; what leaves is right to the byte."""
        return self.router.namespace.run(self._cross_all, questions)

    def _cross_all(self, questions: list[tuple[int, int]]) -> list[Crossing]:
        self._datapath.renew_lease(_PATIENCE_S)
        return [self._cross(*question) for question in questions]

    def _cross(self, family: int, value: int) -> Crossing:
        frame = build_ip(flow_to(family, value), _PROTOCOL, _PAYLOAD)
        before = self._row.sum(axis=0)
        ran = syscall.run_program(self._datapath._programs.ingress, frame, ifindex=self._ifindex)
        (moved,) = np.flatnonzero(self._row.sum(axis=0) - before).tolist()
        verdict = Verdict(moved)
        if verdict is not Verdict.FORWARDED:
            assert ran.frame == frame
            return Crossing(verdict)
        stamp, sent = ran.frame[:STAMP_BYTES], ran.frame[STAMP_BYTES:]
        port = self._names[stamp[15]]
        mac = sent[:6]
        assert sent == expected_forwarded(frame, port_mac(int(port[1:])), mac)
        return Crossing(verdict, port, mac)

    def read_counts(self) -> NDArray[np.uint64]:
        """By route id, the packets that were counted on it, whatever became of them."""
        counters = self._datapath.samples.read_routes(slice(None))
        moved = [COUNTERS.index(name) for name in ("packets", "punts", "drops")]
        return np.asarray(counters[:, moved].sum(axis=1))

    def expect(self, route: Route | None, family: int, value: int) -> set[Crossing]:
        """What may become of a packet that the route carries."""
        if route is None:
            return {Crossing(Verdict.PUNT_NO_ROUTE)}
        if route.kind in _KINDS:
            return {Crossing(_KINDS[route.kind])}
        address = str(unpack_address(value.to_bytes(BITS[family] // 8, "big")))
        found = set()
        for port, via in route.hops:
            found |= self._expect_hop(port, via or address, alone=len(route.hops) == 1)
        return found

    def _expect_hop(self, port: str, via: str, *, alone: bool) -> set[Crossing]:
        mac = self.neighbours.get((port, via))
        unresolved = {Crossing(Verdict.PUNT_NEIGHBOUR)}
        if port not in self._names.values():
            return {Crossing(Verdict.PUNT_NO_PORT)}
        if port == INGRESS:
            same = {Crossing(Verdict.PUNT_SAME_PORT)}
            return same if mac and alone else same | unresolved
        return {Crossing(Verdict.FORWARDED, port, mac)} if mac else unresolved


@contextmanager
def lookup_router(lines: list[str]) -> Iterator[LookupRouter]:
    """A lab router with gateways behind its ports and routes, and then ebtop on it."""
    with Lab() as lab:
        router = lab.router()
        router.namespace.ip(*_gateway_lines(), *(f"nexthop add {line}" for line in NEXTHOPS))
        router.namespace.ip(
            f"route add {SOURCES[4]}/32 via 10.255.1.2",
            f"route add {SOURCES[6]}/128 via fd00:0:0:1::2",
            *lines,
        )
        engine = router.namespace.run(Engine, Options())
        try:
            yield LookupRouter(router, engine)
        finally:
            router.namespace.run(engine.close)


def _gateway_lines() -> list[str]:
    return [
        f"neighbour replace {gateway(family, port, last)} dev p{port}"
        f" lladdr 02:eb:{family:02x}:00:{port:02x}:{last:02x} nud permanent"
        for family in BITS
        for port in range(1, 5)
        for last in GATEWAYS
    ]


def flow_to(family: int, value: int) -> Flow:
    """A packet from h1 to an address."""
    return Flow(
        source_mac=host_mac(1),
        destination_mac=port_mac(1),
        source=parse_address(SOURCES[family]),
        destination=unpack_address(value.to_bytes(BITS[family] // 8, "big")),
    )


def format_row(engine: Engine, row: int) -> str:
    """The prefix of one of the engine's routes."""
    columns = engine._control.rib.columns
    parts = (int(columns[name][row]) for name in ("family", "high", "low", "length"))
    return format_prefix(*parts) if row else ""

"""A router that never existed, for pictures: its books agree to the packet.

What ports received is what they forwarded, punted and dropped; what they forwarded is what the
routes counted; and all of it follows from the plan, so that it is the same at every run.
"""

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from ebtop.model.histogram import BUCKETS, percentile_ns
from ebtop.model.neighbour import Neighbour, NeighbourState
from ebtop.model.port import AttachKind, Mode, PortStatus, Reason
from ebtop.model.prefix import Address, parse_prefix
from ebtop.model.snapshot import (
    HISTORY_SAMPLES,
    LIVE_COLUMNS,
    RouteTable,
    Snapshot,
    Totals,
    empty_table,
)
from ebtop.model.verdict import Verdict
from tests.tui.pictures.showcase_routes import (
    GROUPS,
    NAMES,
    PORTS,
    STATES,
    Planned,
    Shape,
    plan_routes,
)
from tests.tui.pictures.showcase_traffic import NEW_S, history_of, latency_of

TICK_S = 0.5
_UPTIME_S = 15_480  # since the ports were attached
_WINDOW_S = 10  # of the latencies
_SHARES = {"wan0": 31, "wan1": 27, "core0": 22, "core1": 16, "dmz0": 4}  # of a hundred packets
_PUNTS: dict[str, dict[Verdict, int]] = {
    "wan0": {
        Verdict.PUNT_LOCAL: 1_186,
        Verdict.PUNT_TTL: 148,
        Verdict.PUNT_OPTIONS: 6,
        Verdict.PUNT_NO_ROUTE: 22,
        Verdict.PUNT_RP_FILTER: 44,
        Verdict.PUNT_CHECKSUM: 2,
        Verdict.DROP_BLACKHOLE: 6_180,
    },
    "wan1": {
        Verdict.PUNT_LOCAL: 812,
        Verdict.PUNT_TTL: 118,
        Verdict.PUNT_RP_FILTER: 18,
        Verdict.PUNT_ETHERTYPE: 4,
        Verdict.DROP_BLACKHOLE: 2_240,
    },
    "core0": {
        Verdict.PUNT_LOCAL: 96,
        Verdict.PUNT_NEIGHBOUR: 120,
        Verdict.PUNT_UNREACHABLE: 40,
        Verdict.PUNT_MTU: 38,
        Verdict.PUNT_GROUP_MAC: 12,
    },
    "core1": {
        Verdict.PUNT_LOCAL: 88,
        Verdict.PUNT_UNREACHABLE: 26,
        Verdict.PUNT_PROHIBIT: 14,
        Verdict.PUNT_GROUP_MAC: 12,
    },
    "dmz0": {Verdict.PUNT_LOCAL: 30, Verdict.PUNT_SAME_PORT: 8, Verdict.PUNT_ETHERTYPE: 2},
    "mgmt0": {
        Verdict.PUNT_OBSERVE: 1_240,
        Verdict.PUNT_LOCAL: 64,
        Verdict.PUNT_GROUP_MAC: 6,
        Verdict.PUNT_BROADCAST: 2,
    },
}
"""Packets a second that XDP did not forward, by port."""
_GUARD = Reason(
    "netfilter",
    "The nftables chain netdev guard management hooks ingress and would not see what XDP forwards.",
    "The kernel goes on forwarding; to let XDP forward, remove it with nft: nft delete chain"
    " netdev guard management",
    PORTS["mgmt0"],
)


class Showcase:
    """The router; `snapshot` is its state at a tick."""

    def __init__(self) -> None:
        self.plan = plan_routes()
        self._static = _static_columns(self.plan)
        self._latency = self._histograms()
        self._history = self._histories()

    def snapshot(self, tick: int) -> Snapshot:
        """The state after so many ticks of half a second."""
        ports = tuple(self._port(name, tick) for name in PORTS)
        return Snapshot(
            host="edge1.example.net",
            owner="pid 812, ebtop run",
            tick=tick,
            taken_ns=int((_UPTIME_S + tick * TICK_S) * 1e9),
            mode=Mode.FORWARD,
            lease_s=2.6,
            reconciled_s=8.0,
            structure=1,
            totals=self._totals(),
            ports=ports,
            groups=tuple(GROUPS.values()),
            names=NAMES,
            routes=RouteTable(self._static.columns | self._live_columns(tick)),
            latency=self._latency,
            history=self._history,
            neighbours=_neighbours(),
        )

    def _verdicts(self, port: str) -> dict[Verdict, int]:
        """Packets a second of a port by verdict."""
        total = sum(route.pps for route in self.plan)
        parts = {name: total * share // 200 * 2 for name, share in _SHARES.items()}
        parts["wan0"] += total - sum(parts.values())
        forwarded = {Verdict.FORWARDED: parts[port]} if port in parts else {}
        return forwarded | _PUNTS[port]

    def _port(self, name: str, tick: int) -> PortStatus:
        rates = self._verdicts(name)
        counts = {int(verdict): _count(rate, tick) for verdict, rate in rates.items()}
        if name == "wan0":  # by which came what new routes forwarded
            counts[Verdict.FORWARDED] -= sum(
                _count(route.pps, tick) - _count(route.pps, tick, route) for route in self.plan
            )
        observes = name == "mgmt0"
        return PortStatus(
            slot=list(PORTS).index(name),
            ifindex=PORTS[name],
            name=name,
            mode=Mode.OBSERVE if observes else Mode.FORWARD,
            attach=AttachKind.GENERIC if observes else AttachKind.NATIVE,
            reasons=(_GUARD,) if observes else (),
            received=sum(counts.values()),
            verdicts=counts,
            rx_pps=float(sum(rates.values())),
            forwarded_pps=float(rates.get(Verdict.FORWARDED, 0)),
        )

    def _totals(self) -> Totals:
        rates: Counter[Verdict] = Counter()
        for port in PORTS:
            rates.update(self._verdicts(port))
        bits = sum(8 * route.packet_bytes * (route.pps + route.observed_pps) for route in self.plan)
        return Totals(
            pps=float(rates.total()),
            bps=float(bits),
            forwarded_pps=float(rates[Verdict.FORWARDED]),
            punted_pps=float(sum(rate for verdict, rate in rates.items() if verdict.punted)),
            dropped_pps=float(sum(rate for verdict, rate in rates.items() if verdict.dropped)),
        )

    def _live_columns(self, tick: int) -> dict[str, NDArray[np.generic]]:
        """The columns that change at every tick."""
        table = empty_table(len(self.plan) + 1)
        for number, route in enumerate(self.plan, start=1):
            packets = _count(route.pps, tick, route)
            observed = _count(route.observed_pps, tick, route)
            table["packets"][number] = packets
            table["bytes"][number] = packets * route.packet_bytes
            table["observed_packets"][number] = observed
            table["observed_bytes"][number] = observed * route.packet_bytes
            table["punts"][number] = _count(route.punt_pps, tick)
            table["drops"][number] = _count(route.drop_pps, tick)
            table["pps"][number] = route.pps + route.observed_pps
            table["bps"][number] = (route.pps + route.observed_pps) * route.packet_bytes * 8
            table["punt_pps"][number] = route.punt_pps
            table["latency_row"][number] = len(PORTS) + number
            table["history_row"][number] = number
        own = self._latency[len(PORTS) :]
        table["p50_ns"][:] = percentile_ns(own, 0.5)
        table["p99_ns"][:] = percentile_ns(own, 0.99)
        table["p50_ns"][0] = table["p99_ns"][0] = np.nan
        return {name: table[name] for name in LIVE_COLUMNS}

    def _histograms(self) -> NDArray[np.uint64]:
        """All, the ports by egress, and each route."""
        counts = np.zeros((1 + len(PORTS) + len(self.plan), BUCKETS), dtype=np.uint64)
        for number, route in enumerate(self.plan, start=1):
            own = latency_of(route.pps * _WINDOW_S, route.latency_ns)
            counts[len(PORTS) + number] = own
            members = GROUPS[route.via].members
            for place, member in enumerate(members):
                # Each way out gets its part, and the first one what does not divide.
                part = own // len(members) + (own % len(members) if place == 0 else 0)
                if NAMES[member.ifindex] in PORTS:
                    counts[1 + list(PORTS.values()).index(member.ifindex)] += part
        counts[0] = counts[1 : 1 + len(PORTS)].sum(axis=0)
        return counts

    def _histories(self) -> NDArray[np.float32]:
        """Received by all ports, and forwarded by each route."""
        samples = np.zeros((1 + len(self.plan), HISTORY_SAMPLES), dtype=np.float32)
        for number, route in enumerate(self.plan, start=1):
            samples[number] = history_of(route.pps + route.observed_pps, route.shape, number)
        forwarded = np.nansum(samples[1:], axis=0)
        samples[0] = forwarded * (self._totals().pps / forwarded[-1])
        return samples


def _count(rate: int, tick: int, route: Planned | None = None) -> int:
    """Packets since the ports were attached, or since the route came."""
    new = route is not None and route.shape is Shape.NEW
    return rate * (NEW_S if new else _UPTIME_S) + rate // 2 * tick


def _static_columns(plan: tuple[Planned, ...]) -> RouteTable:
    table = empty_table(len(plan) + 1)
    ways = list(GROUPS)
    for number, route in enumerate(plan, start=1):
        prefix = parse_prefix(route.prefix)
        for name in ("family", "high", "low", "length"):
            table[name][number] = getattr(prefix, name)
        for name in ("state", "table", "metric", "type", "mtu"):
            table[name][number] = getattr(route, name)
        table["protocol"][number] = route.owner
        table["group"][number] = ways.index(route.via)
        table["born"][number] = number
    return table


def _neighbours() -> dict[tuple[int, Address], Neighbour]:
    """The next hops, with MACs of the block for documentation."""
    entries: dict[tuple[int, Address], Neighbour] = {}
    members = [member for group in GROUPS.values() for member in group.members if member.gateway]
    for member in members:
        assert member.gateway is not None
        state = STATES.get(str(member), NeighbourState.REACHABLE)
        known = state not in {NeighbourState.INCOMPLETE, NeighbourState.FAILED}
        mac = bytes((0, 0, 0x5E, 0, 0x53, 16 * member.ifindex + len(entries) % 16))
        entries[member.ifindex, member.gateway] = Neighbour(
            member.ifindex, member.gateway, mac if known else b"", state
        )
    return entries

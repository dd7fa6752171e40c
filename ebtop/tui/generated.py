"""A seeded router that never existed: snapshots for tests and pictures, without root."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ebtop.model.histogram import percentile_ns
from ebtop.model.port import AttachKind, Mode, PortStatus, Reason
from ebtop.model.prefix import mask_columns, parse_address
from ebtop.model.route import TABLE_LOCAL, TABLE_MAIN, Nexthop, NexthopGroup, RouteType
from ebtop.model.snapshot import (
    HISTORY_STEP_S,
    RouteTable,
    RowState,
    Snapshot,
    Totals,
    empty_table,
)
from ebtop.model.verdict import Verdict
from ebtop.tui.generated_series import GeneratedSeries

TICK_S = 0.5
NAMES = {2: "wan0", 3: "wan1", 4: "lan0", 5: "enp129s0f1np1", 6: "mgmt0", 7: "lab0"}
_SHARES = (0.42, 0.31, 0.2, 0.06, 0.006, 0.004)
_PUNTS = (
    (Verdict.PUNT_LOCAL, 0.004),
    (Verdict.PUNT_NEIGHBOUR, 0.002),
    (Verdict.PUNT_TTL, 0.0007),
    (Verdict.PUNT_ETHERTYPE, 0.0002),
    (Verdict.DROP_BLACKHOLE, 0.0012),
)
_NETFILTER = Reason(
    name="netfilter",
    text="nftables chain inet/filter/forward would see the packets.",
    remedy="Remove the chain, or leave forwarding to the kernel.",
    ifindex=6,
)


class GeneratedRouter:
    """Routes, ports and rates from a seed; `tick` moves time by half a second."""

    def __init__(self, *, routes: int = 2000, ports: int = 4, seed: int = 7) -> None:
        self._random = np.random.default_rng(seed)
        self._groups = _groups(ports)
        self._table = self._routes(routes, ports)
        self._ports = ports
        self._tick = 0
        active = self._random.random(routes + 1) < 0.6
        rank = self._random.permutation(routes + 1) + 1
        self._pps = np.where(active, 2.4e6 / rank**1.1, 0)
        self._size_bytes = self._random.integers(70, 1400, routes + 1)
        self._series = GeneratedSeries(self._random, self._pps, np.array(_SHARES[:ports]))
        self._verdicts: dict[int, dict[int, int]] = {port: {} for port in range(ports)}

    def _routes(self, count: int, ports: int) -> RouteTable:
        """Mostly IPv4 unicast; some of everything else."""
        random = self._random
        table = empty_table(count + 1)
        family = np.where(random.random(count + 1) < 0.85, 4, 6)
        length = np.where(family == 4, random.integers(12, 25, count + 1), 48).astype(np.uint8)
        high = random.integers(1 << 56, 223 << 56, count + 1, dtype=np.uint64)
        high = np.where(family == 6, np.uint64(0x2A << 56) | high >> np.uint64(8), high)
        mask_high, _ = mask_columns(length)
        kinds = np.full(count + 1, int(RouteType.UNICAST))
        kinds[5::97] = int(RouteType.BLACKHOLE)
        kinds[11::211] = int(RouteType.UNREACHABLE)
        tables = np.full(count + 1, TABLE_MAIN)
        tables[17::50] = TABLE_LOCAL
        states = np.full(count + 1, int(RowState.BEST))
        states[23::40] = int(RowState.SHADOWED)
        states[0] = int(RowState.FREE)
        owners = random.choice([186, 186, 186, 12, 4, 188, 16], count + 1)
        group = random.integers(0, len(self._groups), count + 1)
        owners[group < ports] = 2
        static = {
            "state": states,
            "family": family,
            "length": length,
            "high": high & mask_high,
            "table": tables,
            "metric": random.choice([0, 20, 100], count + 1),
            "protocol": owners,
            "type": kinds,
            "group": group,
            "born": np.arange(count + 1),
        }
        for name, column in static.items():
            table[name][:] = column.astype(table[name].dtype)
        return table

    def tick(self) -> Snapshot:
        """The next snapshot; a generator's snapshots share no live array."""
        self._tick += 1
        random, rows = self._random, len(self._table)
        self._pps *= np.exp(random.normal(0, 0.03, rows))
        pps = np.where(random.random(rows) < 0.97, self._pps, self._pps * 0.8)
        live = {name: self._table[name].copy() for name in ("packets", "bytes", "punts")}
        live["packets"] = self._table["packets"] + (pps * TICK_S).astype(np.uint64)
        live["pps"] = pps.astype(np.float32)
        live["bps"] = (pps * self._size_bytes * 8).astype(np.float32)
        live["punt_pps"] = np.where(pps > 20_000, pps * 0.001, 0).astype(np.float32)
        self._series.advance(pps, step=self._tick % round(HISTORY_STEP_S / TICK_S) == 0)
        self._table = RouteTable(self._table.columns | live | self._measured(rows))
        return self._snapshot(float(pps.sum()), float(live["bps"].sum()))

    def _measured(self, rows: int) -> dict[str, NDArray[Any]]:
        """What the histograms say of each route; NaN for those that have none."""
        series = self._series
        counts = series.latency[series.latency_rows[series.routes]]
        columns: dict[str, NDArray[Any]] = {}
        for name, share in (("p50_ns", 0.5), ("p99_ns", 0.99)):
            columns[name] = np.full(rows, np.nan, dtype=np.float32)
            columns[name][series.routes] = percentile_ns(counts, share)
        columns["latency_row"] = series.latency_rows
        columns["history_row"] = series.history_rows
        return columns

    def _snapshot(self, pps: float, bps: float) -> Snapshot:
        punted = sum(pps * share for verdict, share in _PUNTS if verdict.punted)
        dropped = sum(pps * share for verdict, share in _PUNTS if verdict.dropped)
        return Snapshot(
            host="core1.example.net",
            owner="pid 4711, ebtop run",
            tick=self._tick,
            taken_ns=int(self._tick * TICK_S * 1e9),
            mode=Mode.FORWARD,
            lease_s=2.4,
            reconciled_s=3.0 + self._tick % 60 * TICK_S,
            structure=1,
            totals=Totals(
                pps=pps,
                bps=bps,
                forwarded_pps=pps - punted - dropped,
                punted_pps=punted,
                dropped_pps=dropped,
            ),
            ports=tuple(self._port(port, pps) for port in range(self._ports)),
            groups=self._groups,
            names=NAMES,
            routes=self._table,
            latency=self._series.latency,
            history=self._series.history,
        )

    def _port(self, slot: int, pps: float) -> PortStatus:
        """A port's books after another tick; mgmt0 only observes."""
        received = pps * _SHARES[slot]
        books = self._verdicts[slot]
        left = received
        for verdict, share in _PUNTS:
            books[verdict] = books.get(verdict, 0) + int(received * share * TICK_S)
            left -= received * share
        observes = NAMES[slot + 2] == "mgmt0"
        main = Verdict.PUNT_OBSERVE if observes else Verdict.FORWARDED
        books[main] = books.get(main, 0) + int(left * TICK_S)
        return PortStatus(
            slot=slot,
            ifindex=slot + 2,
            name=NAMES[slot + 2],
            mode=Mode.OBSERVE if observes else Mode.FORWARD,
            attach=AttachKind.NATIVE,
            reasons=(_NETFILTER,) if observes else (),
            received=sum(books.values()),
            verdicts=dict(books),
            rx_pps=received,
            forwarded_pps=0.0 if observes else left,
        )


def _groups(ports: int) -> tuple[NexthopGroup, ...]:
    """Connected through each port, gateways behind each, and two equal-cost groups."""
    connected = [NexthopGroup(0, (Nexthop(port + 2),)) for port in range(ports)]
    members = [
        Nexthop(port + 2, parse_address(f"192.0.2.{port * 16 + host}"))
        for port in range(ports)
        for host in (1, 2)
    ]
    gateways = [NexthopGroup(0, (member,)) for member in members]
    several = [NexthopGroup(7, tuple(members[:2])), NexthopGroup(8, tuple(members[-3:]))]
    return tuple(connected + gateways + several)

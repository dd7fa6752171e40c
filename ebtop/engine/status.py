"""From readings to a Snapshot and the shared columns: the engine's face to its watchers."""

import contextlib
import os
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ebtop.datapath.maps import FIRST_ROUTE_HISTOGRAM
from ebtop.datapath.samples import Samples
from ebtop.engine.control import ControlPlane
from ebtop.engine.ports import PortControl
from ebtop.engine.sampler import HistogramRows, LatencyWindow, RouteRates, VerdictRates
from ebtop.engine.shared import SharedColumns
from ebtop.fib.change import RibChange
from ebtop.kernel.driver_statistics import read_received_packets
from ebtop.model.port import AttachKind, Mode, PortStatus
from ebtop.model.route import TABLE_LOCAL, RouteType
from ebtop.model.snapshot import STATIC_COLUMNS, RowState, Snapshot, Totals
from ebtop.model.verdict import Verdict

_PUNTS = np.array([int(v) for v in Verdict if v.punted])
_DROPS = np.array([int(v) for v in Verdict if v.dropped])
_BOOK_TRIES = 20
_LATENCY_TICKS = 2  # a reading of the histograms each second


@dataclass(slots=True)
class _Received:
    """What a port's driver received since its books began."""

    first: int
    growth: int = 0

    def read(self, name: str) -> int:
        """What was known last of a port that is being renamed, or has just gone."""
        with contextlib.suppress(OSError):
            self.growth = max(read_received_packets(name) - self.first, 0)
        return self.growth


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What only the engine's loop knows of itself."""

    mode: Mode
    lease_s: float  # left
    reconciled_s: float  # ago
    notices: tuple[str, ...]


class Status:
    """Takes the readings of one tick and publishes them."""

    def __init__(self, samples: Samples, ports: PortControl, rows: int, command: str) -> None:
        self._samples = samples
        self.shared = SharedColumns(rows)
        self._ports = ports
        self._rates = RouteRates(rows)
        self._verdicts = VerdictRates()
        self._window = LatencyWindow()
        self._histogram_rows = HistogramRows(FIRST_ROUTE_HISTOGRAM, samples.histogram_rows)
        self._received: dict[int, _Received] = {}  # by ifindex
        self._stop = 1  # one behind the highest id ever given out
        self._latency = np.zeros_like(self.shared.latency)
        self._percentiles = (np.full(samples.histogram_rows, np.nan),) * 2
        self._structure = 0  # what watchers see; each change of rows or names is one more
        self._rib_structure = -1
        self._names: dict[int, str] = {}
        self._tick = 0
        self._host = socket.gethostname()
        self._owner = f"pid {os.getpid()}, {command}"

    def start_routes(self, change: RibChange) -> None:
        """Ids were given out: they count from here."""
        for route in self._histogram_rows.rows.keys() & set(change.gone.tolist()):
            self._histogram_rows.release(route)
            self._samples.assign_histogram(route, 0)
        if len(change.born):
            self._stop = max(self._stop, int(change.born.max()) + 1)
            self._rates.start_rows(change.born, self._samples.read_routes(change.born))

    def start_ports(self, slots: list[int]) -> None:
        """Ports were attached: their books begin."""
        self._received = {i: self._received[i] for i in self._received.keys() & self._ports.ports}
        for ifindex, port in self._ports.ports.items():
            slot = self._ports.datapath.slots[ifindex]
            if slot in slots:
                self._received[ifindex] = _Received(self._start_books(slot, port.name))
                self._start_histogram(slot)

    def _start_books(self, slot: int, name: str) -> int:
        """The driver's count and ours at one moment: if possible, with no packet in between."""
        before, raw, received = self._read_books(name)
        for _ in range(_BOOK_TRIES):
            if before == received:
                break
            before, raw, received = self._read_books(name)
        self._verdicts.start_slot(slot, raw)
        return received

    def _read_books(self, name: str) -> tuple[int, NDArray[np.uint64], int]:
        before = _read_received(name)
        return before, self._samples.read_verdicts(), _read_received(name)

    def publish(self, control: ControlPlane, health: Health) -> Snapshot:
        """One tick: reads, writes the shared columns, and returns what is told beside them."""
        self._tick += 1
        now_ns = time.monotonic_ns()
        live = self._rates.update(now_ns, self._samples.read_routes(slice(self._stop)))
        self._verdicts.update(now_ns, self._samples.read_verdicts())
        if self._tick % _LATENCY_TICKS == 0:
            self._assign_histograms(control, live["pps"])
            self._read_latency()
        self.shared.begin(self._stop)
        try:
            self._write_static(control)
            for name, values in live.items():
                self.shared.columns[name][: self._stop] = values
            self._write_latency()
        finally:
            self.shared.commit()
        return self._snapshot(control, now_ns, live, health)

    def _write_static(self, control: ControlPlane) -> None:
        names = {ifindex: link.name for ifindex, link in self._ports.links.items()}
        if control.rib.structure == self._rib_structure and names == self._names:
            return
        self._structure += 1
        self._rib_structure, self._names = control.rib.structure, names
        for name in STATIC_COLUMNS:
            self.shared.columns[name][: self._stop] = control.rib.columns[name][: self._stop]

    def _read_latency(self) -> None:
        raw = self._samples.read_histograms(0, self._samples.histogram_rows)
        window = self._window.update(raw)
        self._latency = self._window.shared_rows(window)
        self._percentiles = self._window.percentiles(window)

    def _write_latency(self) -> None:
        self.shared.latency[:] = self._latency
        rows = self._histogram_rows.rows
        routes, own = list(rows.keys()), list(rows.values())
        for name, values in zip(("p50_ns", "p99_ns"), self._percentiles, strict=True):
            column = self.shared.columns[name][: self._stop]
            column[:] = np.nan
            column[routes] = values[own]

    def _assign_histograms(self, control: ControlPlane, pps: NDArray[Any]) -> None:
        columns = control.rib.columns
        wanted = np.flatnonzero(
            (columns["state"] == RowState.BEST)
            & (columns["type"] == RouteType.UNICAST)
            & (columns["table"] != TABLE_LOCAL)
        )
        for route, row in self._histogram_rows.assign(wanted, pps[wanted]):
            if row:
                self._start_histogram(row)
            self._samples.assign_histogram(route, row)

    def _start_histogram(self, row: int) -> None:
        self._window.start_row(row, self._samples.read_histograms(row, row + 1)[0])

    def _snapshot(
        self,
        control: ControlPlane,
        now_ns: int,
        live: Mapping[str, NDArray[Any]],
        health: Health,
    ) -> Snapshot:
        ports = self._port_statuses()
        rates = self._verdicts.rates
        return Snapshot(
            host=self._host,
            owner=self._owner,
            tick=self._tick,
            taken_ns=now_ns,
            structure=self._structure,
            totals=Totals(
                pps=float(rates.sum()),
                bps=float(live["bps"].sum()),
                forwarded_pps=float(rates[:, Verdict.FORWARDED].sum()),
                punted_pps=float(rates[:, _PUNTS].sum()),
                dropped_pps=float(rates[:, _DROPS].sum()),
            ),
            ports=ports,
            groups=tuple(control.rib.groups),
            names=self._names,
            mode=health.mode,
            lease_s=health.lease_s,
            reconciled_s=health.reconciled_s,
            notices=health.notices,
        )

    def _port_statuses(self) -> tuple[PortStatus, ...]:
        statuses = []
        for ifindex, port in self._ports.ports.items():
            slot = self._ports.datapath.slots[ifindex]
            counts, rates = self._verdicts.counts[slot], self._verdicts.rates[slot]
            statuses.append(
                PortStatus(
                    slot=slot,
                    ifindex=ifindex,
                    name=port.name,
                    mode=self._ports.mode(ifindex),
                    attach=port.attach,
                    reasons=port.reasons,
                    received=self._received[ifindex].read(port.name),
                    verdicts={int(v): int(counts[v]) for v in np.flatnonzero(counts)},
                    rx_pps=float(rates.sum()),
                    forwarded_pps=float(rates[Verdict.FORWARDED]),
                )
            )
        for ifindex, reason in self._ports.refused.items():
            statuses.append(
                PortStatus(
                    slot=-1,
                    ifindex=ifindex,
                    name=self._ports.links[ifindex].name,
                    mode=Mode.DETACHED,
                    attach=AttachKind.NONE,
                    reasons=(reason,),
                )
            )
        return tuple(sorted(statuses, key=lambda status: status.ifindex))


def _read_received(name: str) -> int:
    with contextlib.suppress(OSError):
        return read_received_packets(name)
    return 0

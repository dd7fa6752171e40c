"""From readings to a Snapshot and the shared columns: the engine's face to its watchers."""

import os
import socket
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ebtop.datapath.samples import Samples
from ebtop.engine.books import Books
from ebtop.engine.control import ControlPlane, Neighbours
from ebtop.engine.history import History
from ebtop.engine.latency import Latency
from ebtop.engine.ports import PortControl
from ebtop.engine.sampler import RouteRates
from ebtop.engine.shared import SharedColumns
from ebtop.fib.change import RibChange
from ebtop.model.port import Mode
from ebtop.model.route import TABLE_LOCAL, RouteType
from ebtop.model.snapshot import STATIC_COLUMNS, RowState, Snapshot, Totals
from ebtop.model.verdict import Verdict

_PUNTS = np.array([int(v) for v in Verdict if v.punted])
_DROPS = np.array([int(v) for v in Verdict if v.dropped])
_SECOND_NS = 900_000_000  # two ticks, one of which may come early


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
        self._books = Books(samples, ports)
        self._latency = Latency(samples)
        self._history = History(time.monotonic_ns())
        self._stop = 1  # one behind the highest id ever given out
        self._second_ns = 0  # when latency was read last
        self._focus: Collection[tuple[int, int]] = frozenset()
        self._shown: NDArray[np.bool_] = np.zeros(1, dtype=bool)  # by id: a history is wanted
        self._timed: NDArray[np.bool_] = np.zeros(1, dtype=bool)  # by id: a histogram is wanted
        self._structure = 0  # what watchers see; each change of rows or names is one more
        self._rib_structure = -1
        self._names: dict[int, str] = {}
        self._seen_neighbours: Neighbours = {}
        self._neighbours = dict(self._seen_neighbours)  # those that are told
        self._tick = 0
        self._host = socket.gethostname()
        self._owner = f"pid {os.getpid()}, {command}"

    def start_routes(self, change: RibChange) -> None:
        """Ids were given out: they count from here."""
        self._latency.release(change.gone)
        self._history.release(change.gone)
        if len(change.born):
            self._stop = max(self._stop, int(change.born.max()) + 1)
            self._rates.start_rows(change.born, self._samples.read_routes(change.born))

    def start_ports(self, slots: list[int]) -> None:
        """Ports were attached: their books begin."""
        self._books.start(slots)
        for slot in slots:
            self._latency.start_row(slot)

    def publish(
        self, control: ControlPlane, health: Health, focus: Collection[tuple[int, int]]
    ) -> Snapshot:
        """One tick: reads, writes the shared columns, and returns what is told beside them.

        `focus` names routes by (id, born) that have a histogram and a history before others.
        """
        self._tick += 1
        now_ns = time.monotonic_ns()
        live = self._rates.update(now_ns, self._samples.read_routes(slice(self._stop)))
        self._books.update(now_ns)
        changed = self._note_structure(control)
        packets = live["packets"] + live["observed_packets"]
        self._history.follow(now_ns, self._books.verdicts.received, packets)
        self._follow_second(control, now_ns, packets, live["pps"], focus)
        self.shared.begin(self._structure)
        try:
            for name in STATIC_COLUMNS if changed else ():
                self.shared.write(name, control.rib.columns[name][: self._stop])
            for name, values in live.items():
                self.shared.write(name, values)
            self._latency.write(self.shared, self._stop)
            self._history.write(self.shared, self._stop)
        finally:
            self.shared.commit()
        return self._snapshot(control, now_ns, live, health)

    def _note_structure(self, control: ControlPlane) -> bool:
        """Whether routes, names or next hops' neighbours differ from the last tick's."""
        names = {ifindex: link.name for ifindex, link in self._ports.links.items()}
        changed = control.rib.structure != self._rib_structure or names != self._names
        if changed:
            self._structure += 1
            self._rib_structure, self._names = control.rib.structure, names
            self._note_routes(control.rib.columns)
        if changed or control.neighbours is not self._seen_neighbours:
            self._note_neighbours(control)
        return changed

    def _note_routes(self, columns: Mapping[str, NDArray[Any]]) -> None:
        """Which routes are shown to operators, and which of them can have a latency."""
        state, table = columns["state"][: self._stop], columns["table"][: self._stop]
        self._shown = (state != RowState.FREE) & (table != TABLE_LOCAL)
        unicast = columns["type"][: self._stop] == RouteType.UNICAST
        self._timed = self._shown & (state == RowState.BEST) & unicast

    def _note_neighbours(self, control: ControlPlane) -> None:
        """Those of the gateways; the same object as long as nothing about them changed."""
        self._seen_neighbours = control.neighbours
        gateways = {
            (member.ifindex, member.gateway)
            for group in control.rib.groups
            for member in group.members
            if member.gateway is not None
        }
        neighbours = {key: control.neighbours[key] for key in gateways & control.neighbours.keys()}
        if neighbours != self._neighbours:
            self._neighbours = neighbours

    def _follow_second(
        self,
        control: ControlPlane,
        now_ns: int,
        packets: NDArray[np.uint64],
        pps: NDArray[Any],
        focus: Collection[tuple[int, int]],
    ) -> None:
        """What is done once a second, and at once when an operator looks at another route."""
        due = now_ns - self._second_ns > _SECOND_NS
        if due or focus != self._focus:
            self._focus = focus
            born = control.rib.columns["born"]
            favoured = [route for route, birth in focus if self._is(born, route, birth)]
            self._latency.assign(self._timed, pps, favoured)
            self._history.assign(now_ns, packets, self._shown, pps, favoured)
        if due:
            self._second_ns = now_ns
            self._latency.read()

    def _is(self, born: NDArray[Any], route: int, birth: int) -> bool:
        return route < self._stop and int(born[route]) == birth

    def _snapshot(
        self,
        control: ControlPlane,
        now_ns: int,
        live: Mapping[str, NDArray[Any]],
        health: Health,
    ) -> Snapshot:
        rates = self._books.verdicts.rates
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
            ports=self._books.statuses(),
            groups=tuple(control.rib.groups),
            names=self._names,
            neighbours=self._neighbours,
            mode=health.mode,
            lease_s=health.lease_s,
            reconciled_s=health.reconciled_s,
            notices=health.notices,
        )

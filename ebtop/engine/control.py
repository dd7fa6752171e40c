"""The control plane: what the kernel says becomes RIB, FIB image and stores into the maps."""

from collections.abc import Callable, Mapping

import numpy as np

from ebtop.datapath.install import Installer
from ebtop.engine.ports import PortControl
from ebtop.fib.adjacencies import Surroundings
from ebtop.fib.change import RibChange
from ebtop.fib.fib import Fib
from ebtop.fib.layout import Capacity
from ebtop.fib.rib import Rib
from ebtop.model.columns import RouteColumns
from ebtop.model.neighbour import Neighbour
from ebtop.model.prefix import Address

Neighbours = Mapping[tuple[int, Address], Neighbour]


class ControlPlane:
    """Owns RIB and FIB. `born` is told of ids given out before packets can be counted on them."""

    def __init__(
        self,
        capacity: Capacity,
        installer: Installer,
        ports: PortControl,
        born: Callable[[RibChange], None],
    ) -> None:
        self.rib = Rib(capacity.routes)
        self.fib = Fib(capacity)
        self.neighbours: Neighbours = {}
        self._installer = installer
        self._ports = ports
        self._born = born
        self._around = Surroundings({}, {}, {}, frozenset())

    def replace_routes(self, dump: RouteColumns, now_s: float) -> bool:
        """Makes the RIB what the dump says; whether an event did not fit (never for a dump)."""
        return self._update(lambda: self.rib.replace(dump, now_s))

    def apply_routes(self, events: RouteColumns, now_s: float) -> bool:
        """Follows events; True when they do not fit what is held and a dump is needed."""
        return self._update(lambda: self.rib.apply(events, now_s))

    def expire_routes(self, now_s: float) -> None:
        """Withdraws IPv6 routes whose lifetime ends."""
        self._update(lambda: self.rib.expire(now_s))

    def rewire(self, neighbours: Neighbours | None = None) -> None:
        """Ports, MACs or neighbours may have changed."""
        if neighbours is not None:
            self.neighbours = neighbours
        around = self._surroundings()
        if around == self._around:
            return
        self._around = around
        self._installer.install(self.fib.rewire(self.rib, around))

    def _update(self, change: Callable[[], RibChange]) -> bool:
        if self._installer.settle():
            self.rib.reclaim()
        changed = change()
        self._born(changed)
        self._installer.install(self.fib.update(self.rib, changed, self._around))
        if len(changed.gone):
            self._installer.require_grace()
        return changed.confused

    def _surroundings(self) -> Surroundings:
        slots = self._ports.slots()
        links = self._ports.links
        return Surroundings(
            slots=slots,
            macs=self._ports.macs(),
            neighbours={
                key: entry.mac
                for key, entry in self.neighbours.items()
                if entry.usable and key[0] in slots
            },
            linkdown_ignored=frozenset(
                i for i, link in links.items() if link.ignore_linkdown and not link.carrier
            ),
        )


def routes_by_family(columns: RouteColumns) -> tuple[int, int]:
    """How many IPv4 and IPv6 routes there are."""
    ipv4 = int(np.count_nonzero(columns.family == 4))
    return ipv4, len(columns) - ipv4

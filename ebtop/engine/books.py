"""The books of the ports: what each driver received, and what became of every packet."""

import contextlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ebtop.datapath.samples import Samples
from ebtop.engine.ports import PortControl
from ebtop.engine.sampler import VerdictRates
from ebtop.kernel.driver_statistics import read_received_packets
from ebtop.model.port import AttachKind, Mode, PortStatus
from ebtop.model.verdict import Verdict

_TRIES = 20


@dataclass(slots=True)
class Received:
    """What a port's driver received since its books began."""

    first: int
    growth: int = 0

    def read(self, name: str) -> int:
        """What was known last of a port that is being renamed, or has just gone."""
        with contextlib.suppress(OSError):
            self.growth = max(read_received_packets(name) - self.first, 0)
        return self.growth


class Books:
    """One book a port, which begins when the program is attached."""

    def __init__(self, samples: Samples, ports: PortControl) -> None:
        self._samples = samples
        self._ports = ports
        self._received: dict[int, Received] = {}  # by ifindex
        self.verdicts = VerdictRates()

    def start(self, slots: list[int]) -> None:
        """Ports were attached: their books begin."""
        self._received = {i: self._received[i] for i in self._received.keys() & self._ports.ports}
        for ifindex, port in self._ports.ports.items():
            slot = self._ports.datapath.slots[ifindex]
            if slot in slots:
                self._received[ifindex] = Received(self._start(slot, port.name))

    def update(self, now_ns: int) -> None:
        """Takes one reading."""
        self.verdicts.update(now_ns, self._samples.read_verdicts())

    def statuses(self) -> tuple[PortStatus, ...]:
        """All ports, and the interfaces that could not become one, by ifindex."""
        attached = [self._attached(ifindex) for ifindex in self._ports.ports]
        refused = [self._refused(ifindex) for ifindex in self._ports.refused]
        return tuple(sorted(attached + refused, key=lambda status: status.ifindex))

    def _start(self, slot: int, name: str) -> int:
        """The driver's count and ours at one moment: if possible, with no packet in between."""
        before, raw, received = self._read(name)
        for _ in range(_TRIES):
            if before == received:
                break
            before, raw, received = self._read(name)
        self.verdicts.start_slot(slot, raw)
        return received

    def _read(self, name: str) -> tuple[int, NDArray[np.uint64], int]:
        before = _read_received(name)
        return before, self._samples.read_verdicts(), _read_received(name)

    def _attached(self, ifindex: int) -> PortStatus:
        port = self._ports.ports[ifindex]
        slot = self._ports.datapath.slots[ifindex]
        counts, rates = self.verdicts.counts[slot], self.verdicts.rates[slot]
        return PortStatus(
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

    def _refused(self, ifindex: int) -> PortStatus:
        return PortStatus(
            slot=-1,
            ifindex=ifindex,
            name=self._ports.links[ifindex].name,
            mode=Mode.DETACHED,
            attach=AttachKind.NONE,
            reasons=(self._ports.refused[ifindex],),
        )


def _read_received(name: str) -> int:
    with contextlib.suppress(OSError):
        return read_received_packets(name)
    return 0

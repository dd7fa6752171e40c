"""The datapath as the engine sees it: maps, programs, ports, patches, samples and the lease."""

import time
from dataclasses import dataclass

import numpy as np

from ebtop.datapath import syscall
from ebtop.datapath.install import Installer
from ebtop.datapath.maps import FIRST_ROUTE_HISTOGRAM, Maps, read_possible_cpus, specify_maps
from ebtop.datapath.ports import Ports
from ebtop.datapath.programs import load_programs
from ebtop.datapath.samples import Samples
from ebtop.fib.layout import Capacity
from ebtop.model.histogram import ROUTE_HISTOGRAMS

_TICK_RATES_HZ = (100, 250, 300, 1000)
_MEASURED_S = 0.05


@dataclass(frozen=True, slots=True)
class Sizes:
    """What the maps are made for."""

    capacity: Capacity

    @property
    def neighbours(self) -> int:
        """Each entry of the neighbour hash has an adjacency, so that it is never the first full."""
        return self.capacity.adjacencies


class Datapath:
    """Everything in the kernel that goes when this process goes."""

    def __init__(self, sizes: Sizes) -> None:
        """Makes maps and programs; nothing is attached. Raises DatapathError."""
        cpus, routes = read_possible_cpus(), sizes.capacity.routes
        histograms = FIRST_ROUTE_HISTOGRAM + ROUTE_HISTOGRAMS
        specifications = specify_maps(
            sizes.capacity, cpus=cpus, neighbours=sizes.neighbours, histograms=histograms
        )
        self._maps = Maps(specifications)
        try:
            self._programs = load_programs(self._maps, routes=routes, histograms=histograms)
        except BaseException:
            self._maps.close()
            raise
        self._control = self._maps.arrays["control"]
        self._control["generation"] = time.monotonic_ns() >> 20 & 0xFFFF
        self.ports = Ports(self._maps, self._programs)
        self.installer = Installer(self._maps)
        self.samples = Samples(self._maps, cpus=cpus, routes=routes, histograms=histograms)
        self.program_id = syscall.read_program_id(self._programs.ingress)
        self.tick_hz = self._measure_tick_hz()

    def renew_lease(self, span_s: float) -> None:
        """Lets the programs forward for another `span_s` from now."""
        self._control["lease_span_jiffies"] = int(span_s * self.tick_hz)
        self._run_lease()

    def end_lease(self) -> None:
        """Everything is punted from now on."""
        self._control["lease_span_jiffies"] = 0
        self._run_lease()

    def set_bypass(self, *, on: bool) -> None:
        """Punts what would be forwarded; counting goes on."""
        self._control["bypass"] = int(on)

    def set_hash_ports(self, *, on: bool) -> None:
        """Whether the equal-cost choice looks at TCP and UDP ports."""
        self._control["hash_ports"] = int(on)

    def used_now(self) -> int:
        """The clock of Samples.read_used: jiffies >> 8 at the last renewal of the lease."""
        return int(self._control["renewed_jiffies"][0]) >> 8 & 0xFFFFFFFF

    def close(self) -> None:
        """Detaches; the kernel forwards from here on."""
        self.ports.close()
        self._programs.close()
        self._maps.close()

    def _run_lease(self) -> None:
        syscall.run_program(self._programs.lease, bytes(64))

    def _measure_tick_hz(self) -> int:
        """CONFIG_HZ from both clocks of two runs; the kernel tells it nowhere else."""
        self._run_lease()
        first = self._control[0].copy()
        time.sleep(_MEASURED_S)
        self._run_lease()
        elapsed_s = (int(self._control["renewed_ns"][0]) - int(first["renewed_ns"])) / 1e9
        ticks = int(self._control["renewed_jiffies"][0]) - int(first["renewed_jiffies"])
        return int(
            min(_TICK_RATES_HZ, key=lambda rate: abs(np.log(max(ticks, 1) / elapsed_s / rate)))
        )

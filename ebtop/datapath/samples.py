"""Reading counters and histograms: sums over the CPUs' parts of mapped arrays."""

import numpy as np
from numpy.typing import NDArray

from ebtop.datapath.maps import (
    FIRST_ROUTE_HISTOGRAM,
    ROUTE_COUNTER_TYPE,
    ROUTE_OTHER_TYPE,
    Maps,
)
from ebtop.model.port import PORTS
from ebtop.model.verdict import VERDICTS

COUNTERS = (*(ROUTE_COUNTER_TYPE.names or ()), *(ROUTE_OTHER_TYPE.names or ()))
"""What is counted for each route, in the order of `Samples.read_routes`."""


class Samples:
    """Read-only views; every call is one pass over memory and no system call."""

    def __init__(self, maps: Maps, *, cpus: int, routes: int, histograms: int) -> None:
        self._verdicts = maps.arrays["verdicts"].reshape(cpus, PORTS, VERDICTS)
        self._routes = [
            maps.arrays[name].view(np.uint64).reshape(cpus, routes, -1)
            for name in ("route_counters", "route_others")
        ]
        self._histograms = maps.arrays["histograms"].reshape(cpus, histograms)
        self._slots = maps.arrays["route_histograms"].reshape(-1).view(np.uint32)
        self._adjacencies = maps.words("adjacencies").reshape(-1, 8)
        self.histogram_rows = histograms

    def read_verdicts(self) -> NDArray[np.uint64]:
        """Packets by (slot, verdict)."""
        return np.asarray(self._verdicts.sum(axis=0, dtype=np.uint64))

    def read_routes(self, rows: slice | NDArray[np.uint32]) -> NDArray[np.uint64]:
        """COUNTERS of some route ids, one row each."""
        parts = [part[:, rows].sum(axis=0, dtype=np.uint64) for part in self._routes]
        return np.concatenate(parts, axis=1)

    def read_histograms(self, start: int, stop: int) -> NDArray[np.uint64]:
        """Buckets of the rows start..stop-1; rows below FIRST_ROUTE_HISTOGRAM are egress slots."""
        return np.asarray(self._histograms["buckets"][:, start:stop].sum(axis=0, dtype=np.uint64))

    def assign_histogram(self, route: int, row: int) -> None:
        """Gives a route a histogram row of its own, 0: none. Two routes share one 32-bit store."""
        if row and not FIRST_ROUTE_HISTOGRAM <= row < self.histogram_rows:
            raise ValueError(f"{row} is no histogram row of a route")
        shift = 16 * (route & 1)
        word = int(self._slots[route >> 1])
        self._slots[route >> 1] = word & ~(0xFFFF << shift) | row << shift

    def read_used(self) -> NDArray[np.uint32]:
        """For each adjacency, jiffies >> 8 of its last packet (0: none yet)."""
        return self._adjacencies[:, 5].copy()

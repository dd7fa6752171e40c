"""Reading counters and histograms: sums over the CPUs' parts of mapped arrays."""

import numpy as np
from numpy.typing import NDArray

from ebtop.datapath.maps import FIRST_ROUTE_HISTOGRAM, PORTS, VERDICTS, Maps


class Samples:
    """Read-only views; every call is one pass over memory and no system call."""

    def __init__(self, maps: Maps, *, cpus: int, routes: int, histograms: int) -> None:
        self._verdicts = maps.arrays["verdicts"].reshape(cpus, PORTS, VERDICTS)
        self._counters = maps.arrays["route_counters"].reshape(cpus, routes)
        self._others = maps.arrays["route_others"].reshape(cpus, routes)
        self._histograms = maps.arrays["histograms"].reshape(cpus, histograms)
        self._slots = maps.arrays["route_histograms"].reshape(-1).view(np.uint32)
        self._adjacencies = maps.words("adjacencies").reshape(-1, 8)
        self.histogram_rows = histograms

    def read_verdicts(self) -> NDArray[np.uint64]:
        """Packets by (slot, verdict)."""
        return np.asarray(self._verdicts.sum(axis=0, dtype=np.uint64))

    def read_routes(self, stop: int) -> dict[str, NDArray[np.uint64]]:
        """Columns of counters for route ids below `stop`."""
        columns = {}
        for array in (self._counters, self._others):
            for name in array.dtype.names or ():
                columns[name] = array[name][:, :stop].sum(axis=0, dtype=np.uint64)
        return columns

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

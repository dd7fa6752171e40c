"""Latency of the last ten seconds: of all ports, of each, and of the routes with a histogram."""

from collections import deque
from collections.abc import Collection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ebtop.datapath.maps import FIRST_ROUTE_HISTOGRAM
from ebtop.datapath.samples import Samples
from ebtop.engine.own_rows import OwnRows
from ebtop.engine.shared import LATENCY, SharedColumns
from ebtop.model.histogram import BUCKETS, percentile_ns
from ebtop.model.port import PORTS

WINDOW_S = 10


class LatencyWindow:
    """Histograms of the last ten seconds: the newest reading less the one ten seconds before."""

    def __init__(self) -> None:
        self._past: deque[NDArray[np.uint64]] = deque(maxlen=WINDOW_S + 1)

    def start_row(self, row: int, now: NDArray[np.uint64]) -> None:
        """A row that was given to another route starts anew from its buckets `now`."""
        for past in self._past:
            past[row] = now

    def update(self, raw: NDArray[np.uint64]) -> NDArray[np.uint64]:
        """Takes a reading a second; `raw` is (rows, BUCKETS), and so is the result."""
        self._past.append(raw)
        return np.asarray(raw - self._past[0])


class Latency:
    """Reads the histograms once a second, and says which routes have one of their own."""

    def __init__(self, samples: Samples) -> None:
        self._samples = samples
        self._window = LatencyWindow()
        self._own = OwnRows(FIRST_ROUTE_HISTOGRAM, samples.histogram_rows)
        self._counts = np.zeros((samples.histogram_rows, BUCKETS), dtype=np.uint64)
        self._p50 = self._p99 = np.full(samples.histogram_rows, np.nan)

    def release(self, routes: NDArray[np.uint32]) -> None:
        """Routes have gone: their histograms are for others."""
        for route in self._own.rows.keys() & set(routes.tolist()):
            self._own.release(route)
            self._samples.assign_histogram(route, 0)

    def assign(
        self, wanted: NDArray[np.bool_], pps: NDArray[Any], favoured: Collection[int]
    ) -> None:
        """Gives histograms to routes; see OwnRows.assign."""
        for route, row in self._own.assign(wanted, pps, favoured):
            if row:
                self.start_row(row)
            self._samples.assign_histogram(route, row)

    def start_row(self, row: int) -> None:
        """A row, of a slot or a route, was given to another one."""
        self._window.start_row(row, self._samples.read_histograms(row, row + 1)[0])
        self._counts[row] = 0
        self._p50[row] = self._p99[row] = np.nan

    def read(self) -> None:
        """Takes a reading; to be called once a second."""
        raw = self._samples.read_histograms(0, self._samples.histogram_rows)
        self._counts = self._window.update(raw)
        self._p50 = percentile_ns(self._counts, 0.50)
        self._p99 = percentile_ns(self._counts, 0.99)

    def write(self, shared: SharedColumns, stop: int) -> None:
        """Writes the histograms and the columns that belong to them, of the first `stop` ids."""
        routes = np.fromiter(self._own.rows.keys(), dtype=np.intp)
        own = np.fromiter(self._own.rows.values(), dtype=np.intp)
        rows = np.zeros(stop, dtype=np.uint16)
        rows[routes] = 1 + own
        shared.write("latency_row", rows)
        for name, values in (("p50_ns", self._p50), ("p99_ns", self._p99)):
            column = np.full(stop, np.nan, dtype=np.float32)
            column[routes] = values[own]
            shared.write(name, column)
        counts = self._counts[: max(self._own.stop, PORTS)]
        total = counts[:PORTS].sum(axis=0, dtype=np.uint64)
        shared.write(LATENCY, np.concatenate([total[None], counts]))

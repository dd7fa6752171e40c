"""From counters to rates and percentiles: what the screen shows of the last seconds."""

from collections import deque
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ebtop.datapath.samples import COUNTERS
from ebtop.engine.shared import LATENCY_ROWS
from ebtop.model.histogram import BUCKETS, percentile_ns
from ebtop.model.port import PORTS
from ebtop.model.verdict import VERDICTS

_RATE_TICKS = 2  # rates are over this many ticks
LATENCY_WINDOW_S = 10


class RouteRates:
    """Counters of each route since it was born, and their rates.

    All arrays are (rows, COUNTERS) in the order of samples.COUNTERS.
    """

    def __init__(self, rows: int) -> None:
        self._baseline = np.zeros((rows, len(COUNTERS)), dtype=np.uint64)
        self._past: deque[tuple[int, NDArray[np.uint64]]] = deque(maxlen=_RATE_TICKS)

    def start_rows(self, rows: NDArray[np.uint32], now: NDArray[np.uint64]) -> None:
        """Ids that were given to new routes count from zero: their counters go on in the maps."""
        self._baseline[rows] = now
        for _, past in self._past:
            past[rows[rows < len(past)]] = 0

    def update(self, now_ns: int, raw: NDArray[np.uint64]) -> dict[str, NDArray[Any]]:
        """The live columns but for latency, of the first len(raw) rows."""
        counts = raw - self._baseline[: len(raw)]
        moved = counts.copy()
        then_ns, past = self._past[0] if self._past else (now_ns, counts)
        moved[: len(past)] -= past
        self._past.append((now_ns, counts))
        per_s = np.float32(1e9 / max(now_ns - then_ns, 1))

        def rate(*names: str) -> NDArray[np.float32]:
            total = sum(moved[:, COUNTERS.index(name)] for name in names)
            return np.asarray(total, dtype=np.float32) * per_s

        return {
            **{name: counts[:, index] for index, name in enumerate(COUNTERS)},
            "pps": rate("packets", "observed_packets"),
            "bps": rate("bytes", "observed_bytes") * np.float32(8),
            "punt_pps": rate("punts"),
        }


class VerdictRates:
    """Verdicts by slot since the port was attached, and their rates."""

    def __init__(self) -> None:
        self._baseline: NDArray[np.uint64] | None = None
        self._past: deque[tuple[int, NDArray[np.uint64]]] = deque(maxlen=_RATE_TICKS)
        self.counts = np.zeros((PORTS, VERDICTS), dtype=np.uint64)
        self.rates = np.zeros((PORTS, VERDICTS))

    def start_slot(self, slot: int, raw: NDArray[np.uint64]) -> None:
        """A port newly attached counts from zero."""
        if self._baseline is None:
            self._baseline = np.zeros_like(raw)
        self._baseline[slot] = raw[slot]
        for _, past in self._past:
            past[slot] = 0

    def update(self, now_ns: int, raw: NDArray[np.uint64]) -> None:
        """Takes one reading."""
        self.counts = raw - self._baseline if self._baseline is not None else raw.copy()
        then_ns, past = self._past[0] if self._past else (now_ns, self.counts)
        self.rates = (self.counts - past).astype(np.float64) * (1e9 / max(now_ns - then_ns, 1))
        self._past.append((now_ns, self.counts))


class LatencyWindow:
    """Histograms of the last ten seconds: the newest reading less the one ten seconds before."""

    def __init__(self) -> None:
        self._past: deque[NDArray[np.uint64]] = deque(maxlen=LATENCY_WINDOW_S + 1)

    def start_row(self, row: int, now: NDArray[np.uint64]) -> None:
        """A row that was given to another route starts anew from its buckets `now`."""
        for past in self._past:
            past[row] = now

    def update(self, raw: NDArray[np.uint64]) -> NDArray[np.uint64]:
        """Takes a reading a second; `raw` is (rows, BUCKETS), and so is the result."""
        self._past.append(raw)
        return np.asarray(raw - self._past[0])

    @staticmethod
    def shared_rows(window: NDArray[np.uint64]) -> NDArray[np.uint64]:
        """Row 0 all ports together, row 1 + slot each port: what clients get."""
        rows = np.zeros((LATENCY_ROWS, BUCKETS), dtype=np.uint64)
        rows[1:] = window[:PORTS]
        rows[0] = rows[1:].sum(axis=0, dtype=np.uint64)
        return rows

    @staticmethod
    def percentiles(window: NDArray[np.uint64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """p50 and p99 of each row."""
        return percentile_ns(window, 0.50), percentile_ns(window, 0.99)


class HistogramRows:
    """Which routes have a histogram row of their own: all while there are few, else the busiest."""

    def __init__(self, first: int, stop: int) -> None:
        self._free = list(range(stop - 1, first - 1, -1))
        self.rows: dict[int, int] = {}  # route id -> row

    def release(self, route: int) -> None:
        """The route has gone; its row is free."""
        row = self.rows.pop(route, None)
        if row is not None:
            self._free.append(row)

    def assign(self, routes: NDArray[np.intp], pps: NDArray[Any]) -> list[tuple[int, int]]:
        """Gives rows to the busiest of the routes.

        Returns the (route, row) pairs to store, row 0 where one was taken away.
        """
        wanted = self._choose(routes, pps).tolist()
        spare = sorted(self.rows.keys() - set(wanted))
        changes = []
        for route in wanted:
            if route in self.rows:
                continue
            if not self._free:
                loser = spare.pop()
                changes.append((loser, 0))
                self.release(loser)
            self.rows[route] = self._free.pop()
            changes.append((route, self.rows[route]))
        return changes

    def _choose(self, routes: NDArray[np.intp], pps: NDArray[Any]) -> NDArray[np.intp]:
        """As many as there are rows. Whoever takes a row away has to be twice as busy.

        Else rows go to and fro among equals, and none of them ever shows ten seconds.
        """
        room = len(self.rows) + len(self._free)
        if len(routes) <= room:
            return routes
        held = np.isin(routes, list(self.rows))
        weight = pps * (1 + held) + held
        return np.asarray(routes[np.argpartition(-weight, room)[:room]])

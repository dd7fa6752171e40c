"""From counters to rates: what the screen shows of the last second."""

from collections import deque
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ebtop.datapath.samples import COUNTERS
from ebtop.model.port import PORTS
from ebtop.model.verdict import VERDICTS

_RATE_TICKS = 2  # rates are over this many ticks


@dataclass(slots=True)
class _Growth:
    """What one tick brought."""

    since_ns: int  # the tick before
    rows: NDArray[np.intp]  # ids whose counters moved
    counts: NDArray[np.uint64]  # (rows, COUNTERS): by how much


class RouteRates:
    """Counters of each route since it was born, and their rates.

    A tick costs one comparison of all counters, and more only for the routes that moved.
    """

    def __init__(self, rows: int) -> None:
        self._last = np.zeros((rows, len(COUNTERS)), dtype=np.uint64)  # what the maps held
        self._counts = {name: np.zeros(rows, dtype=np.uint64) for name in COUNTERS}
        self._growths: deque[_Growth] = deque(maxlen=_RATE_TICKS)
        self._last_ns: int | None = None

    def start_rows(self, rows: NDArray[np.uint32], now: NDArray[np.uint64]) -> None:
        """Ids that were given to new routes count from zero: their counters go on in the maps."""
        self._last[rows] = now
        for counts in self._counts.values():
            counts[rows] = 0
        for growth in self._growths:
            kept = ~np.isin(growth.rows, rows)
            growth.rows, growth.counts = growth.rows[kept], growth.counts[kept]

    def update(self, now_ns: int, raw: NDArray[np.uint64]) -> dict[str, NDArray[Any]]:
        """The live columns but for latency, of the first len(raw) rows; good until the next call.

        `raw` is (rows, COUNTERS), as Samples.read_routes has it.
        """
        rows = _changed_rows(raw, self._last[: len(raw)])
        moved = raw[rows] - self._last[rows]
        self._last[rows] += moved
        for index, counts in enumerate(self._counts.values()):
            counts[rows] += moved[:, index]
        if self._last_ns is not None:
            self._growths.append(_Growth(self._last_ns, rows, moved))
        self._last_ns = now_ns
        return {name: counts[: len(raw)] for name, counts in self._counts.items()} | {
            "pps": self._rate(now_ns, len(raw), 1, "packets", "observed_packets"),
            "bps": self._rate(now_ns, len(raw), 8, "bytes", "observed_bytes"),
            "punt_pps": self._rate(now_ns, len(raw), 1, "punts"),
        }

    def _rate(self, now_ns: int, stop: int, factor: int, *names: str) -> NDArray[np.float32]:
        """Sum of counters a second over the last ticks, times a factor."""
        since_ns = self._growths[0].since_ns if self._growths else now_ns
        per_s = factor * 1e9 / max(now_ns - since_ns, 1)
        columns = [COUNTERS.index(name) for name in names]
        rate = np.zeros(stop, dtype=np.float32)
        for growth in self._growths:
            rate[growth.rows] += growth.counts[:, columns].sum(axis=1) * per_s
        return rate


def _changed_rows(now: NDArray[np.uint64], last: NDArray[np.uint64]) -> NDArray[np.intp]:
    """Rows that differ, in order. Flat, since numpy is slow along a short axis."""
    rows = np.flatnonzero(now.reshape(-1) != last.reshape(-1)) // now.shape[1]
    return np.asarray(rows[np.diff(rows, prepend=-1) > 0])


class VerdictRates:
    """Verdicts by slot since the port was attached, and their rates."""

    def __init__(self) -> None:
        self._baseline: NDArray[np.uint64] | None = None
        self._past: deque[tuple[int, NDArray[np.uint64]]] = deque(maxlen=_RATE_TICKS)
        self.counts = np.zeros((PORTS, VERDICTS), dtype=np.uint64)
        self.rates = np.zeros((PORTS, VERDICTS))
        self.received = 0  # packets of all ports since the first reading

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
        last = self._past[-1][1] if self._past else self.counts
        self.received += int((self.counts - last).sum())
        self.rates = (self.counts - past).astype(np.float64) * (1e9 / max(now_ns - then_ns, 1))
        self._past.append((now_ns, self.counts))

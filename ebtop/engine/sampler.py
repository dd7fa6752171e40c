"""From counters to rates: what the screen shows of the last second."""

from collections import deque
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ebtop.datapath.samples import COUNTERS
from ebtop.model.port import PORTS
from ebtop.model.verdict import VERDICTS

_RATE_TICKS = 2  # rates are over this many ticks


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

"""Packets per second of the last five minutes: of all ports, and of the busiest routes."""

from collections.abc import Collection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ebtop.engine.own_rows import OwnRows
from ebtop.engine.shared import HISTORY, HISTORY_ROWS, SharedColumns
from ebtop.model.snapshot import HISTORY_SAMPLES, HISTORY_STEP_S

_STEP_NS = int(HISTORY_STEP_S * 1e9)
_EARLY_NS = _STEP_NS // 8  # a tick that comes a little early still ends a step
_ALL = 0


class History:
    """Means over steps of HISTORY_STEP_S, from counters. Row 0 is what all ports received."""

    def __init__(self, now_ns: int, rows: int = HISTORY_ROWS) -> None:
        self._own = OwnRows(_ALL + 1, rows)
        self._samples = np.full((rows, HISTORY_SAMPLES), np.nan, dtype=np.float32)
        self._counts = np.zeros(rows, dtype=np.uint64)  # when the running step began
        self._began_ns = np.full(rows, now_ns, dtype=np.int64)
        self._step_ns = now_ns

    def release(self, routes: NDArray[np.uint32]) -> None:
        """Routes have gone: their rows are for others."""
        for route in self._own.rows.keys() & set(routes.tolist()):
            self._own.release(route)

    def assign(
        self,
        now_ns: int,
        packets: NDArray[np.uint64],
        wanted: NDArray[np.bool_],
        pps: NDArray[Any],
        favoured: Collection[int],
    ) -> None:
        """Gives rows to routes, which start empty; see OwnRows.assign. All are by route id."""
        for route, row in self._own.assign(wanted, pps, favoured):
            if row:
                self._samples[row] = np.nan
                self._counts[row] = packets[route]
                self._began_ns[row] = now_ns

    def follow(self, now_ns: int, received: int, packets: NDArray[np.uint64]) -> None:
        """Takes the counters of one tick: of all ports, and of each route id since it was born."""
        steps = (now_ns - self._step_ns + _EARLY_NS) // _STEP_NS
        if steps < 1:
            return
        self._step_ns += steps * _STEP_NS
        rows = np.fromiter((_ALL, *self._own.rows.values()), dtype=np.intp)
        routes = np.fromiter(self._own.rows.keys(), dtype=np.intp)
        counts = np.concatenate([np.array([received], dtype=np.uint64), packets[routes]])
        self._shift(min(steps, HISTORY_SAMPLES))
        self._fill(rows, counts, now_ns, min(steps, HISTORY_SAMPLES))

    def write(self, shared: SharedColumns, stop: int) -> None:
        """Writes the history and the column that points into it, of the first `stop` ids."""
        column = np.zeros(stop, dtype=np.uint16)
        column[list(self._own.rows)] = list(self._own.rows.values())
        shared.write("history_row", column)
        shared.write(HISTORY, self._samples[: max(self._own.stop, _ALL + 1)])

    def _shift(self, steps: int) -> None:
        self._samples[:, :-steps] = self._samples[:, steps:]
        self._samples[:, -steps:] = np.nan

    def _fill(
        self, rows: NDArray[np.intp], counts: NDArray[np.uint64], now_ns: int, steps: int
    ) -> None:
        """The newest samples of rows. Steps that nobody took share what came meanwhile."""
        moved = (counts - self._counts[rows]).astype(np.float64)
        elapsed_ns = now_ns - self._began_ns[rows]
        means = np.divide(
            moved * 1e9, elapsed_ns, out=np.full(len(rows), np.nan), where=elapsed_ns > 0
        )
        self._samples[rows, -steps:] = means[:, None]
        self._counts[rows] = counts
        self._began_ns[rows] = now_ns

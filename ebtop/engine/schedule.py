"""Work that is due at intervals, for a loop that waits on descriptors."""

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True)
class _Entry:
    work: Callable[[], None]
    interval_s: float
    due_s: float


class Schedule:
    """Runs what is due; a late run delays the next one instead of piling up."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._entries: list[_Entry] = []

    def every(self, interval_s: float, work: Callable[[], None]) -> None:
        """Calls `work` each `interval_s`, first in one interval."""
        self._entries.append(_Entry(work, interval_s, self._clock() + interval_s))

    def wait_s(self) -> float:
        """Seconds until something is due."""
        return max(min(entry.due_s for entry in self._entries) - self._clock(), 0.0)

    def run_due(self) -> None:
        """Does all that is due, the most often repeated first."""
        for entry in sorted(self._entries, key=lambda e: e.interval_s):
            now = self._clock()
            if entry.due_s <= now:
                entry.work()
                entry.due_s = max(entry.due_s + entry.interval_s, now)

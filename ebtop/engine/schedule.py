"""Work that is due at intervals, for a loop that waits on descriptors."""

import math
import select
import time
from collections.abc import Callable, Iterable
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

    def hasten(self, work: Callable[[], None], within_s: float) -> None:
        """Makes what was given to `every` due within so many seconds."""
        for entry in self._entries:
            if entry.work == work:
                entry.due_s = min(entry.due_s, self._clock() + within_s)

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


def wait_readable(filenos: Iterable[int], seconds: float) -> frozenset[int]:
    """Which of the descriptors, of any number, have something to say."""
    poll = select.poll()
    for fileno in filenos:
        poll.register(fileno, select.POLLIN)
    return frozenset(fileno for fileno, _ in poll.poll(math.ceil(seconds * 1000)))

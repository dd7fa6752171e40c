"""When work that became due may be done."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

Clock = Callable[[], float]


@dataclass(slots=True)
class Pacer:
    """Lets work be done at most once an interval, and for half of the time at most.

    Work that is marked too soon stays due. `clock` counts seconds.
    """

    interval_s: float
    clock: Clock = time.monotonic
    due: bool = False
    _not_before_s: float = float("-inf")

    def mark(self) -> None:
        """Make the work due."""
        self.due = True

    @property
    def wait_s(self) -> float | None:
        """Seconds until the work may be done, None when it is not due."""
        return max(self._not_before_s - self.clock(), 0.0) if self.due else None

    @property
    def ready(self) -> bool:
        """Whether the work is due and may be done now."""
        return self.wait_s == 0

    @contextmanager
    def work(self) -> Iterator[None]:
        """Around the work: what becomes due during it is due again; so is work that failed."""
        start_s = self.clock()
        self.due = False
        try:
            yield
        except BaseException:
            self.due = True
            raise
        finally:
            end_s = self.clock()
            self._not_before_s = max(start_s + self.interval_s, 2 * end_s - start_s)

"""When a lost engine is started again: soon, but a loop of crashes must not flap a router."""

import time
from collections.abc import Callable

SOON_S = 5.0
LATER_S = 30.0
_AGAIN_S = 60.0  # a loss so soon after the last one is the same trouble


class Restarts:
    """A countdown that each loss sets."""

    def __init__(self, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._clock_s = clock_s
        self._lost_s: float | None = None
        self._due_s: float | None = None

    @property
    def left_s(self) -> float | None:
        """Seconds until a new engine is to be started; None: none is."""
        return None if self._due_s is None else max(self._due_s - self._clock_s(), 0.0)

    @property
    def due(self) -> bool:
        """Whether a new engine is to be started now."""
        return self.left_s == 0

    def lose(self) -> None:
        """The engine was lost, or could not be started."""
        now_s = self._clock_s()
        again = self._lost_s is not None and now_s - self._lost_s < _AGAIN_S
        self._lost_s = now_s
        self._due_s = now_s + (LATER_S if again else SOON_S)

    def start(self) -> None:
        """Now."""
        self._due_s = self._clock_s()

    def hold(self) -> None:
        """Never, until the next loss."""
        self._due_s = None

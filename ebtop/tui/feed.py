"""Which snapshot the screen shows: the newest, one that was frozen, or none yet."""

import time
from collections import deque
from collections.abc import Callable

from ebtop.model.snapshot import Snapshot
from ebtop.tui.source import LinkState, Phase
from ebtop.tui.verdicts import Rates, verdict_rates

RATES_HZ = (2.0, 1.0, 0.5, 0.2, 0.1)
"""What the operator can choose; the engine takes two snapshots a second."""

_EARLY_S = 0.1  # a tick may come so much before its time: clocks and loops are not exact
_RATE_WINDOW = 8  # adoptions over which the rate reached is told


class Feed:
    """Takes in what the source brings, and decides what of it is shown, and when."""

    def __init__(self, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._clock_s = clock_s
        self._newest: Snapshot | None = None
        self._came_at_s = self._shown_at_s = float("-inf")
        self._shown_times_s: deque[float] = deque(maxlen=_RATE_WINDOW)
        self._choice = 0
        self._held_back = False
        self.snapshot: Snapshot | None = None  # what is shown
        self.verdicts: Rates = {}  # of what is shown, since the snapshot before it
        self.link = LinkState(phase=Phase.CONNECTING)
        self._frozen_at_s: float | None = None

    @property
    def newest(self) -> Snapshot | None:
        """The newest snapshot that came, shown or not."""
        return self._newest

    @property
    def frozen(self) -> bool:
        """Whether the operator holds what is shown."""
        return self._frozen_at_s is not None

    @property
    def frozen_s(self) -> float:
        """For how long."""
        return 0.0 if self._frozen_at_s is None else self._clock_s() - self._frozen_at_s

    def offer(self, snapshot: Snapshot, *, busy: bool = False) -> bool:
        """A snapshot came; whether another one is shown now.

        `busy`: the terminal has not taken the last frame yet, so that this one is held back.
        """
        self._newest = snapshot
        self._came_at_s = self._clock_s()
        return self.advance(busy=busy)

    def advance(self, *, busy: bool = False) -> bool:
        """Shows the newest snapshot if it is time to; whether another one is shown now."""
        if self.frozen or self._newest is None or self._newest is self.snapshot:
            return False
        if self._clock_s() - self._shown_at_s < 1 / self.chosen_hz - _EARLY_S:
            return False
        self._held_back = busy
        if not busy:
            self._show(self._newest)
        return not busy

    def _show(self, snapshot: Snapshot) -> None:
        same = self.snapshot is not None and self.snapshot.owner == snapshot.owner
        self.verdicts = verdict_rates(self.snapshot if same else None, snapshot)
        self.snapshot = snapshot
        self._shown_at_s = self._clock_s()
        self._shown_times_s.append(self._shown_at_s)

    def toggle_freeze(self) -> None:
        """Holds what is shown, or goes on with the newest."""
        self._frozen_at_s = None if self.frozen else self._clock_s()
        self._shown_at_s = float("-inf")
        self._shown_times_s.clear()
        self.advance()

    def change_rate(self, step: int) -> None:
        """One rate slower (1) or faster (-1), as far as there is one."""
        self._choice = min(max(self._choice + step, 0), len(RATES_HZ) - 1)
        self._shown_times_s.clear()

    @property
    def chosen_hz(self) -> float:
        """Snapshots a second that the operator wants to see."""
        return RATES_HZ[self._choice]

    @property
    def reached_hz(self) -> float:
        """Snapshots a second that are shown, which a slow terminal makes fewer."""
        times = self._shown_times_s
        if not self._held_back or len(times) < 2 or times[-1] <= times[0]:
            return self.chosen_hz
        return min((len(times) - 1) / (times[-1] - times[0]), self.chosen_hz)

    @property
    def silent_s(self) -> float:
        """Since the last snapshot came; 0 before the first."""
        return 0.0 if self._newest is None else self._clock_s() - self._came_at_s

"""Numbers that are given out, and given out again only after a grace period."""

import numpy as np
from numpy.typing import NDArray


class Pool:
    """Numbers first .. capacity - 1. What was freed rests until settle()."""

    def __init__(self, first: int, capacity: int) -> None:
        self._first = first
        self._capacity = capacity
        self._fresh = first
        self._free: list[int] = []
        self._resting: list[int] = []

    @property
    def available(self) -> int:
        """How many can be taken now."""
        return len(self._free) + self._capacity - self._fresh

    @property
    def used(self) -> int:
        """How many are in use, without those at rest."""
        return self._fresh - self._first - len(self._free) - len(self._resting)

    @property
    def resting(self) -> bool:
        """Whether some number waits for a grace period."""
        return bool(self._resting)

    def take(self) -> int | None:
        """One number, None when there is none."""
        if self._free:
            return self._free.pop()
        if self._fresh < self._capacity:
            self._fresh += 1
            return self._fresh - 1
        return None

    def take_many(self, count: int) -> NDArray[np.uint32]:
        """Up to `count` numbers, ascending."""
        recycled = self._free[max(len(self._free) - count, 0) :] if count else []
        del self._free[len(self._free) - len(recycled) :]
        fresh = min(count - len(recycled), self._capacity - self._fresh)
        self._fresh += fresh
        new = np.arange(self._fresh - fresh, self._fresh, dtype=np.uint32)
        return np.concatenate([np.sort(np.array(recycled, dtype=np.uint32)), new])

    def release(self, numbers: list[int]) -> None:
        """Give back; nobody gets them before settle()."""
        self._resting.extend(numbers)

    def settle(self) -> None:
        """A grace period has passed: what rested is free."""
        self._free.extend(self._resting)
        self._resting.clear()


class RangePool:
    """Runs of consecutive numbers, by first fit; what was freed rests until settle()."""

    def __init__(self, capacity: int) -> None:
        self._holes: list[tuple[int, int]] = [(0, capacity)]
        self._resting: list[tuple[int, int]] = []
        self.used = 0

    @property
    def resting(self) -> bool:
        """Whether some run waits for a grace period."""
        return bool(self._resting)

    def take(self, count: int) -> int | None:
        """Start of a run, None when no hole is long enough."""
        for index, (start, size) in enumerate(self._holes):
            if size >= count:
                rest = [(start + count, size - count)] if size > count else []
                self._holes[index : index + 1] = rest
                self.used += count
                return start
        return None

    def release(self, start: int, count: int) -> None:
        """Give a run back; nobody gets it before settle()."""
        self._resting.append((start, count))
        self.used -= count

    def settle(self) -> None:
        """A grace period has passed: what rested is free, and neighbouring holes are one."""
        if not self._resting:
            return
        merged: list[tuple[int, int]] = []
        for start, size in sorted(self._holes + self._resting):
            if merged and sum(merged[-1]) == start:
                merged[-1] = (merged[-1][0], merged[-1][1] + size)
            else:
                merged.append((start, size))
        self._holes = merged
        self._resting.clear()

"""Prefixes that answer for all that lies inside them: those of the local table."""

import numpy as np
from numpy.typing import NDArray

from ebtop.fib.prefixes import MASKS, PrefixColumns
from ebtop.model.prefix import ADDRESS_BITS, Prefix


class CoverSet:
    """Prefixes shorter than an address, asked for containment in bulk."""

    def __init__(self) -> None:
        self._held: dict[tuple[int, int], set[tuple[int, int]]] = {}
        self.changed: list[Prefix] = []

    def follow(
        self, prefixes: PrefixColumns, before: NDArray[np.bool_], after: NDArray[np.bool_]
    ) -> None:
        """Prefixes that joined or left, which `changed` then lists."""
        bits = np.where(prefixes.family == 4, ADDRESS_BITS[4], ADDRESS_BITS[6])
        rows = np.flatnonzero((before != after) & (prefixes.length < bits))
        self.changed = list(prefixes[rows])
        for prefix, joins in zip(self.changed, after[rows], strict=True):
            level = self._held.setdefault((prefix.family, prefix.length), set())
            if joins:
                level.add((prefix.high, prefix.low))
            else:
                level.discard((prefix.high, prefix.low))

    def covered(self, prefixes: PrefixColumns) -> NDArray[np.bool_]:
        """Which prefixes lie strictly inside one that is held."""
        inside = np.zeros(len(prefixes), dtype=np.bool_)
        for (family, length), level in self._held.items():
            if not level:
                continue
            high_mask, low_mask = (np.uint64(part) for part in MASKS[length])
            highs = np.array(sorted({high for high, _ in level}), dtype=np.uint64)
            candidate = (prefixes.family == family) & (prefixes.length > length)
            rows = np.flatnonzero(candidate)
            high = prefixes.high[rows] & high_mask
            maybe = np.isin(high, highs)
            rows, high = rows[maybe], high[maybe]
            if length > 64:
                low = prefixes.low[rows] & low_mask
                pairs = zip(high.tolist(), low.tolist(), strict=True)
                rows = rows[np.array([pair in level for pair in pairs], dtype=np.bool_)]
            inside[rows] = True
        return inside

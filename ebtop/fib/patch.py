"""What has to be written into the maps, and in which order."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ebtop.fib.layout import BLOCK_WORDS

_GAPS = {"root4": 8, "root6": 8, "blocks": 8}
"""Unchanged words that are written along rather than starting another store.

None in the other arrays: there the program itself writes into live rows.
"""


@dataclass(frozen=True, slots=True, eq=False)
class Store:
    """Consecutive 32-bit words of one array; each is stored whole, in ascending order."""

    array: str
    start: int  # in 32-bit words
    words: NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class NeighbourStore:
    """One entry of the neighbour hash: its adjacency, or None to delete it."""

    key: bytes  # struct ebtop_neighbour_key
    adjacency: int | None


@dataclass(frozen=True, slots=True)
class Patch:
    """Write `fill`; wait for a grace period if there is any; write `neighbours`, then `publish`.

    The order within `publish` counts where two stores hit the same word.
    """

    fill: tuple[Store, ...] = ()  # what no packet can reach yet
    publish: tuple[Store, ...] = ()  # makes it reachable: each word is old or new
    neighbours: tuple[NeighbourStore, ...] = ()
    frees: bool = False  # a grace period has to pass before the next patch's fill

    def __bool__(self) -> bool:
        return bool(self.fill or self.publish or self.neighbours or self.frees)


class Dirty:
    """Which words of the image have changed, as runs."""

    def __init__(self) -> None:
        self._starts: dict[str, list[NDArray[np.intp]]] = {}
        self._stops: dict[str, list[NDArray[np.intp]]] = {}

    def mark(self, array: str, start: int, stop: int) -> None:
        """One run."""
        self.mark_runs(array, np.array([start], dtype=np.intp), np.array([stop], dtype=np.intp))

    def mark_where(self, array: str, start: int, changed: NDArray[np.bool_]) -> None:
        """The true positions of a mask that begins at a word."""
        edges = np.flatnonzero(np.diff(changed, prepend=False, append=False)) + start
        self.mark_runs(array, edges[0::2], edges[1::2])

    def mark_words(self, array: str, words: NDArray[np.intp]) -> None:
        """Single words."""
        self.mark_runs(array, words, words + 1)

    def mark_runs(self, array: str, starts: NDArray[np.intp], stops: NDArray[np.intp]) -> None:
        """Runs of words: one ends before `stop`."""
        if len(starts):
            self._starts.setdefault(array, []).append(starts)
            self._stops.setdefault(array, []).append(stops)

    def split_blocks(self, new: NDArray[np.bool_], dropped: NDArray[np.bool_]) -> "Dirty":
        """Forget the runs in new blocks, which are filled whole; hand out those in dropped ones.

        What changed in a block before it was dropped may be no answer at all, so it is written
        when nothing leads there any more. No run crosses two blocks.
        """
        late = Dirty()
        if "blocks" in self._starts:
            starts = np.concatenate(self._starts.pop("blocks"))
            stops = np.concatenate(self._stops.pop("blocks"))
            block = starts // BLOCK_WORDS
            apart = dropped[block] & ~new[block]
            keep = ~dropped[block] & ~new[block]
            late.mark_runs("blocks", starts[apart], stops[apart])
            self.mark_runs("blocks", starts[keep], stops[keep])
        return late

    def take(self, image: dict[str, NDArray[np.uint32]]) -> list[Store]:
        """Copies of the marked words, merged into few stores; nothing is marked afterwards."""
        stores = []
        for array, parts in self._starts.items():
            starts, stops = _merge(
                np.concatenate(parts), np.concatenate(self._stops[array]), _GAPS.get(array, 0)
            )
            words = image[array]
            for start, stop in zip(starts.tolist(), stops.tolist(), strict=True):
                stores.append(Store(array, start, words[start:stop].copy()))
        self._starts.clear()
        self._stops.clear()
        return stores


def _merge(
    starts: NDArray[np.intp], stops: NDArray[np.intp], gap: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The runs in ascending order; those that overlap or nearly touch become one."""
    if not len(starts):
        return starts, stops
    order = np.argsort(starts, kind="stable")
    starts, reach = starts[order], np.maximum.accumulate(stops[order])
    first = np.ones(len(starts), dtype=np.bool_)
    first[1:] = starts[1:] > reach[:-1] + gap
    last = np.append(np.flatnonzero(first)[1:] - 1, len(starts) - 1)
    return starts[first], reach[last]

"""From the prefixes that were touched to all whose answer follows from theirs."""

import numpy as np
from numpy.typing import NDArray

from ebtop.fib.change import RibChange
from ebtop.fib.events import Outcome
from ebtop.fib.prefixes import MASKS, PrefixColumns, unique_rows
from ebtop.fib.select import Selection
from ebtop.model.prefix import Prefix  # noqa: TC001  as everywhere, not only for checkers
from ebtop.model.route import TABLE_LOCAL, TABLE_MAIN
from ebtop.model.snapshot import RowState

_MANY = 32


class Steps:
    """Chooses batch by batch, no prefix twice, and says what changed."""

    def __init__(self, selection: Selection) -> None:
        self._selection = selection
        self._table = selection.table
        self._done: set[bytes] = set()
        self._prefixes: list[PrefixColumns] = []
        self._before: list[NDArray[np.uint32]] = []
        self._after: list[NDArray[np.uint32]] = []
        self._turned: list[NDArray[np.bool_]] = []
        self._locals: list[Prefix] = []
        self.main_changed = False  # a prefix of table main got or lost its answer

    def choose(self, prefixes: PrefixColumns, before: NDArray[np.uint32]) -> None:
        """One batch of distinct prefixes, with the rows that answered so far."""
        columns = self._table.columns
        keys = prefixes.keys()
        verdict = columns["verdict"][before].copy()
        main = (before > 0) & (columns["table"][before] == TABLE_MAIN)
        after = self._selection.choose(prefixes, keys)
        self._locals.extend(self._selection.locals.changed)
        main_now = (after > 0) & (columns["table"][after] == TABLE_MAIN)
        self.main_changed |= bool((main != main_now).any())
        self._done.update(keys)
        self._prefixes.append(prefixes)
        self._before.append(before)
        self._after.append(after)
        self._turned.append((before != after) | (verdict != columns["verdict"][after]))

    def choose_rows(self, rows: NDArray[np.uint32]) -> None:
        """The prefixes of rows, as far as they have not been chosen for."""
        if not len(rows):
            return
        prefixes = self._table.prefixes(rows)
        keys = prefixes.keys()
        distinct = unique_rows(keys)
        fresh = [i for i in distinct.tolist() if keys[i] not in self._done]
        if fresh:
            before = self._table.best(self._table.find(keys[i] for i in fresh))
            self.choose(prefixes[np.array(fresh, dtype=np.intp)], before)

    def inside_changed_locals(self) -> NDArray[np.uint32]:
        """Answering rows of later tables inside prefixes that joined or left table local."""
        columns = self._table.columns
        if not self._locals:
            return np.zeros(0, dtype=np.uint32)
        best = (columns["state"] == RowState.BEST) & (columns["table"] != TABLE_LOCAL)
        rows = np.flatnonzero(best).astype(np.uint32)
        if len(self._locals) > _MANY:
            return rows
        family, high = columns["family"][rows], columns["high"][rows]
        low, length = columns["low"][rows], columns["length"][rows]
        inside = np.zeros(len(rows), dtype=np.bool_)
        for cover in self._locals:
            high_mask, low_mask = (np.uint64(part) for part in MASKS[cover.length])
            within = (family == cover.family) & (length > cover.length)
            within &= (high & high_mask == np.uint64(cover.high)) & (
                low & low_mask == np.uint64(cover.low)
            )
            inside |= within
        return rows[inside]

    def change(self, outcome: Outcome) -> RibChange:
        """All batches as one change."""
        none = np.zeros(0, dtype=np.uint32)
        written = np.concatenate([*outcome.written, none])
        after = np.concatenate(self._after)
        rows = np.flatnonzero(np.concatenate(self._turned) | np.isin(after, written))
        return RibChange(
            prefixes=PrefixColumns.concatenate(self._prefixes)[rows],
            before=np.concatenate(self._before)[rows],
            after=after[rows],
            born=np.concatenate([*outcome.born, none]),
            gone=np.concatenate([*outcome.gone, none]),
            confused=outcome.confused,
        )

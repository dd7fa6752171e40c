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
        self._known: set[bytes] = set()
        self._pending: list[tuple[PrefixColumns, NDArray[np.uint32], list[bytes]]] = []
        self._prefixes: list[PrefixColumns] = []
        self._before: list[NDArray[np.uint32]] = []
        self._after: list[NDArray[np.uint32]] = []
        self._turned: list[NDArray[np.bool_]] = []
        self._locals: list[Prefix] = []
        self.main_changed = False  # a prefix of table main got or lost its answer

    def add(self, prefixes: PrefixColumns, before: NDArray[np.uint32], keys: list[bytes]) -> None:
        """Distinct prefixes for the next run(), with the rows that answered so far."""
        self._known.update(keys)
        self._pending.append((prefixes, before, keys))

    def add_rows(self, rows: NDArray[np.uint32]) -> None:
        """The prefixes of rows for the next run(), but for those added before."""
        if not len(rows):
            return
        prefixes = self._table.prefixes(rows)
        keys = prefixes.keys()
        fresh = [i for i in unique_rows(keys).tolist() if keys[i] not in self._known]
        if fresh:
            keys = [keys[i] for i in fresh]
            best = self._table.best(self._table.find(keys))
            self.add(prefixes[np.array(fresh, dtype=np.intp)], best, keys)

    def run(self) -> None:
        """Choose for all that was added, in one batch: its prefixes may hang on one another."""
        if not self._pending:
            return
        prefixes = PrefixColumns.concatenate([part[0] for part in self._pending])
        before = np.concatenate([part[1] for part in self._pending])
        keys = [key for part in self._pending for key in part[2]]
        self._pending.clear()
        columns = self._table.columns
        verdict = columns["verdict"][before]
        main = (before > 0) & (columns["table"][before] == TABLE_MAIN)
        after = self._selection.choose(prefixes, keys, before)
        self._locals.extend(self._selection.locals.changed)
        main_now = (after > 0) & (columns["table"][after] == TABLE_MAIN)
        self.main_changed |= bool((main != main_now).any())
        self._prefixes.append(prefixes)
        self._before.append(before)
        self._after.append(after)
        self._turned.append((before != after) | (verdict != columns["verdict"][after]))

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

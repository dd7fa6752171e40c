"""A complete dump against what is held: which rows stay, which change, which come and go."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ebtop.fib.table import COPIED, Table
from ebtop.model.columns import RouteColumns

_PREFIX = ("family", "high", "low", "length")
_KEY = (*_PREFIX, "table", "metric", "tos", "source_length", "source_high", "source_low")
_MIX = (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9)


@dataclass(frozen=True, slots=True, eq=False)
class Difference:
    """`kept[i]` is row i's dump index; `kept_rows` and `changed_rows` are ids."""

    kept_rows: NDArray[np.uint32]
    kept: NDArray[np.intp]  # dump rows, equal in everything
    changed_rows: NDArray[np.uint32]
    changed: NDArray[np.intp]  # dump rows of the same kernel key
    new: NDArray[np.intp]
    gone: NDArray[np.uint32]


def compare(table: Table, dump: RouteColumns, group: NDArray[np.uint32]) -> Difference:
    """Match the dump with the held rows: by all attributes first, then by the kernel's key.

    Several of one key are matched in their order, so that ids follow the routes.
    """
    rows = table.rows()
    rows = rows[np.argsort(table.columns["position"][rows], kind="stable")]
    every = np.arange(len(dump), dtype=np.intp)
    if not len(rows):
        return Difference(rows, every[:0], rows, every[:0], every, rows)
    left = {name: table.columns[name][rows] for name in (*COPIED, "group")}
    right = {name: getattr(dump, name) for name in COPIED} | {"group": group}
    names = (*COPIED, "group")
    held, seen = _pair(left, right, names, np.arange(len(rows)), every)
    rest_left = np.setdiff1d(np.arange(len(rows)), held, assume_unique=True)
    rest_right = np.setdiff1d(every, seen, assume_unique=True)
    moved_from, moved_to = _pair(left, right, _KEY, rest_left, rest_right)
    return Difference(
        rows[held],
        seen,
        rows[moved_from],
        moved_to,
        np.setdiff1d(rest_right, moved_to, assume_unique=True),
        rows[np.setdiff1d(rest_left, moved_from, assume_unique=True)],
    )


Columns = dict[str, NDArray[np.generic]]


def _pair(
    left: Columns,
    right: Columns,
    names: tuple[str, ...],
    left_rows: NDArray[np.intp],
    right_rows: NDArray[np.intp],
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows that agree in the named columns: first with first, second with second, and so on."""
    left_hash = _hash([left[name][left_rows] for name in names])
    right_hash = _hash([right[name][right_rows] for name in names])
    left_order = np.argsort(left_hash, kind="stable")
    right_order = np.argsort(right_hash, kind="stable")
    wanted, offered = left_hash[left_order], right_hash[right_order]
    nth = np.arange(len(wanted)) - np.searchsorted(wanted, wanted)
    at = np.searchsorted(offered, wanted) + nth
    found = np.flatnonzero(at < len(offered))
    found = found[offered[at[found]] == wanted[found]]
    a, b = left_rows[left_order[found]], right_rows[right_order[at[found]]]
    agree = np.ones(len(a), dtype=np.bool_)
    for name in names:
        agree &= left[name][a] == right[name][b]
    return a[agree], b[agree]


def _hash(columns: list[NDArray[np.generic]]) -> NDArray[np.uint64]:
    """A 64-bit mix of each row; equal rows have equal ones."""
    mixed = np.zeros(len(columns[0]), dtype=np.uint64)
    for column in columns:
        mixed ^= column.astype(np.uint64)
        mixed *= np.uint64(_MIX[0])
        mixed ^= mixed >> np.uint64(29)
        mixed *= np.uint64(_MIX[1])
    return mixed

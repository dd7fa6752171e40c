"""Prefixes in columns, and the keys by which they are found."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ebtop.model.prefix import ADDRESS_BITS, Prefix, mask, mask_columns

_KEY = np.dtype([("high", "<u8"), ("low", "<u8"), ("length", "u1"), ("family", "u1")])
_KEY_VIEW = np.dtype(f"V{_KEY.itemsize}")
_pack = struct.Struct("<QQBB").pack
MASKS = [mask(length) for length in range(129)]


def pack_key(family: int, high: int, low: int, length: int) -> bytes:
    """The key of one prefix."""
    return _pack(high, low, length, family)


@dataclass(frozen=True, slots=True, eq=False)
class PrefixColumns:
    """Prefixes of any number, left-aligned as in ebtop.model.prefix."""

    family: NDArray[np.uint8]
    high: NDArray[np.uint64]
    low: NDArray[np.uint64]
    length: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.family)

    def __iter__(self) -> Iterator[Prefix]:
        rows = zip(
            self.family.tolist(),
            self.high.tolist(),
            self.low.tolist(),
            self.length.tolist(),
            strict=True,
        )
        return (Prefix(*row) for row in rows)

    def __getitem__(self, rows: NDArray[Any]) -> "PrefixColumns":
        return PrefixColumns(self.family[rows], self.high[rows], self.low[rows], self.length[rows])

    @classmethod
    def concatenate(cls, parts: list[Self]) -> Self:
        """All rows of all parts (at least one), in order."""
        names = ("family", "high", "low", "length")
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))

    def keys(self) -> list[bytes]:
        """The key of each prefix."""
        packed = np.empty(len(self), dtype=_KEY)
        for name in ("high", "low", "length", "family"):
            packed[name] = getattr(self, name)
        keys: list[bytes] = packed.view(_KEY_VIEW).tolist()
        return keys

    def valid(self) -> NDArray[np.bool_]:
        """Which rows are prefixes at all: a known family, a length of it, no host bits."""
        bits = np.zeros(256, dtype=np.int16)
        for family, count in ADDRESS_BITS.items():
            bits[family] = count
        fits: NDArray[np.bool_] = (bits[self.family] > 0) & (self.length <= bits[self.family])
        high_mask, low_mask = mask_columns(np.where(fits, self.length, 0).astype(np.uint8))
        fits &= (self.high & ~high_mask == 0) & (self.low & ~low_mask == 0)
        return fits


def empty_prefixes() -> PrefixColumns:
    """No prefix."""
    byte, word = np.zeros(0, dtype=np.uint8), np.zeros(0, dtype=np.uint64)
    return PrefixColumns(byte, word, word, byte)


def unique_rows(keys: list[bytes]) -> NDArray[np.intp]:
    """Index of one row of each distinct key, ascending."""
    if len(set(keys)) == len(keys):
        return np.arange(len(keys))
    last = {key: index for index, key in enumerate(keys)}
    return np.sort(np.fromiter(last.values(), dtype=np.intp, count=len(last)))

"""The columns that the engine shares: a sealed memfd that clients map read-only.

Layout: a header of eight 64-bit words (magic, sequence, rows, structure, zeros), for each part two
words (version, entries in use), then the parts: the latency histograms (LATENCY_ROWS x BUCKETS x
u64), the history (HISTORY_ROWS x HISTORY_SAMPLES x f32) and each column of STATIC_COLUMNS and
LIVE_COLUMNS, every part aligned to 64 bytes.

The sequence is odd while a tick is written: a reader that saw it odd or changed copies again, so
that it never keeps half a tick. A part's version grows when its content changes: a reader copies
again only what is newer than the copy it has.
"""

import fcntl
import mmap
import os
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ebtop.model.histogram import BUCKETS, ROUTE_HISTOGRAMS
from ebtop.model.port import PORTS
from ebtop.model.snapshot import HISTORY_SAMPLES, LIVE_COLUMNS, STATIC_COLUMNS, RouteTable

LATENCY_ROWS = 1 + PORTS + ROUTE_HISTOGRAMS
HISTORY_ROWS = 4096
LATENCY = "latency"
HISTORY = "history"

_MAGIC = 0x65_62_74_6F_70_00_00_02
_HEADER_WORDS = 8
_F_SEAL_FUTURE_WRITE = 0x0010
_COLUMNS = STATIC_COLUMNS | LIVE_COLUMNS
_PATIENCE_S = 0.1


class TornError(Exception):
    """The writer did not finish a tick in time: it hangs or has gone."""


@dataclass(frozen=True, slots=True)
class _Part:
    offset: int  # in bytes
    kind: np.dtype[np.generic]
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class SharedCopy:
    """What a reader copied: all of one tick."""

    routes: RouteTable
    latency: NDArray[np.uint64]
    history: NDArray[np.float32]
    structure: int  # of the snapshot that this belongs to


def _layout(rows: int) -> tuple[dict[str, _Part], int]:
    """All parts, and the size of the whole file in bytes."""
    shapes: dict[str, tuple[type[np.generic], tuple[int, ...]]] = {
        LATENCY: (np.uint64, (LATENCY_ROWS, BUCKETS)),
        HISTORY: (np.float32, (HISTORY_ROWS, HISTORY_SAMPLES)),
        **{name: (kind, (rows,)) for name, kind in _COLUMNS.items()},
    }
    offset = _align(8 * (_HEADER_WORDS + 2 * len(shapes)))
    parts = {}
    for name, (kind, shape) in shapes.items():
        parts[name] = _Part(offset, np.dtype(kind), shape)
        offset = _align(offset + int(np.prod(shape)) * np.dtype(kind).itemsize)
    return parts, offset


def _align(offset: int) -> int:
    return -(-offset // 64) * 64


def _map_parts(view: mmap.mmap, parts: dict[str, _Part]) -> dict[str, NDArray[Any]]:
    return {
        name: np.frombuffer(
            view, dtype=part.kind, count=int(np.prod(part.shape)), offset=part.offset
        ).reshape(part.shape)
        for name, part in parts.items()
    }


def _map_header(view: mmap.mmap, parts: int) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """The header's words, and (version, entries in use) of each part."""
    words = np.frombuffer(view, dtype=np.uint64, count=_HEADER_WORDS + 2 * parts)
    return words[:_HEADER_WORDS], words[_HEADER_WORDS:].reshape(parts, 2)


class SharedColumns:
    """The engine's side: written between `begin` and `commit`."""

    def __init__(self, rows: int) -> None:
        parts, size = _layout(rows)
        self.descriptor = os.memfd_create("ebtop-columns", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        os.ftruncate(self.descriptor, size)
        view = mmap.mmap(self.descriptor, size)
        seals = fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | _F_SEAL_FUTURE_WRITE | fcntl.F_SEAL_SEAL
        fcntl.fcntl(self.descriptor, fcntl.F_ADD_SEALS, seals)
        self._header, entries = _map_header(view, len(parts))
        self._entries = dict(zip(parts, entries, strict=True))
        self._parts = _map_parts(view, parts)
        self._header[0], self._header[2] = _MAGIC, rows

    def close(self) -> None:
        """Gives up the descriptor; readers keep what they have mapped."""
        os.close(self.descriptor)

    def begin(self, structure: int) -> None:
        """Readers keep away from here on; what follows belongs to this structure."""
        self._header[1] += np.uint64(1)
        self._header[3] = structure

    def write(self, name: str, values: NDArray[Any]) -> None:
        """Makes a part hold the values, and no more of them; the same ones cost readers nothing."""
        part, entry = self._parts[name], self._entries[name]
        wanted = np.ascontiguousarray(values, dtype=part.dtype)
        held = part[: len(wanted)]
        if int(entry[1]) == len(wanted) and _same_bits(held, wanted):
            return
        held[...] = wanted
        entry[0] += np.uint64(1)
        entry[1] = len(wanted)

    def commit(self) -> None:
        """The tick is whole."""
        self._header[1] += np.uint64(1)


def _same_bits(first: NDArray[Any], second: NDArray[Any]) -> bool:
    """Equality in which NaN equals itself."""
    words = f"u{first.itemsize}"
    return bool(np.array_equal(first.view(words), second.view(words)))


class ColumnsReader:
    """A client's side: read-only, and no fact is taken from a torn tick."""

    def __init__(self, descriptor: int) -> None:
        """Maps and closes the descriptor. Raises ValueError when it is not the engine's file."""
        try:
            size = os.fstat(descriptor).st_size
            if size < 8 * (_HEADER_WORDS + 2 * (len(_COLUMNS) + 2)):
                raise ValueError("the shared columns are too short")
            view = mmap.mmap(descriptor, size, prot=mmap.PROT_READ)
        finally:
            os.close(descriptor)
        self._header, self._entries = _map_header(view, len(_COLUMNS) + 2)
        parts, expected = _layout(min(int(self._header[2]), size))
        if int(self._header[0]) != _MAGIC or expected != size:
            raise ValueError("the shared columns are of another version of ebtop")
        self._parts = _map_parts(view, parts)
        self._copies: dict[str, tuple[int, NDArray[Any]]] = {}  # with their versions

    def read(self) -> SharedCopy:
        """Copies of one tick, which nobody writes to again. Raises TornError."""
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            before = int(self._header[1])
            if before % 2 == 0:
                structure = int(self._header[3])
                copies = self._copy()
                if int(self._header[1]) == before:
                    self._copies = copies
                    return _arrange(copies, structure)
            if time.monotonic() > deadline:
                raise TornError("the engine does not finish its tick")
            time.sleep(0.001)

    def _copy(self) -> dict[str, tuple[int, NDArray[Any]]]:
        copies = {}
        for (name, part), (version, used) in zip(
            self._parts.items(), self._entries.tolist(), strict=True
        ):
            held = self._copies.get(name)
            if held is not None and held[0] == version:
                copies[name] = held
                continue
            copy = part[:used].copy()
            copy.flags.writeable = False
            copies[name] = version, copy
        return copies


def _arrange(copies: dict[str, tuple[int, NDArray[Any]]], structure: int) -> SharedCopy:
    columns = {name: copies[name][1] for name in _COLUMNS}
    return SharedCopy(RouteTable(columns), copies[LATENCY][1], copies[HISTORY][1], structure)

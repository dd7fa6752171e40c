"""The columns that the engine shares: a sealed memfd that clients map read-only.

Layout: a header of eight 64-bit words (magic, sequence, rows, rows in use, zeros), the latency
histograms of the last ten seconds ((1 + PORTS) x BUCKETS x u64), then each column of
STATIC_COLUMNS and LIVE_COLUMNS, every part aligned to 64 bytes. The sequence is odd while a tick
is written: a reader that saw it odd or changed copies again, so that it never keeps half a tick.
"""

import fcntl
import mmap
import os
import time

import numpy as np
from numpy.typing import NDArray

from ebtop.model.histogram import BUCKETS
from ebtop.model.port import PORTS
from ebtop.model.snapshot import LIVE_COLUMNS, STATIC_COLUMNS, RouteTable

LATENCY_ROWS = 1 + PORTS
_MAGIC = 0x65_62_74_6F_70_00_00_01
_HEADER_BYTES = 64
_F_SEAL_FUTURE_WRITE = 0x0010
_COLUMNS = STATIC_COLUMNS | LIVE_COLUMNS
_PATIENCE_S = 2.0


class TornError(Exception):
    """The writer did not finish a tick in time: it hangs or has gone."""


def _layout(rows: int) -> tuple[dict[str, tuple[int, np.dtype[np.generic]]], int]:
    """Offset and type of each column, and the size of the whole file in bytes."""
    offset = _HEADER_BYTES + LATENCY_ROWS * BUCKETS * 8
    places = {}
    for name, kind in _COLUMNS.items():
        places[name] = offset, np.dtype(kind)
        offset += -(-rows * np.dtype(kind).itemsize // 64) * 64
    return places, offset


class SharedColumns:
    """The engine's side: ordinary arrays, written between `begin` and `commit`."""

    def __init__(self, rows: int) -> None:
        places, size = _layout(rows)
        self.descriptor = os.memfd_create("ebtop-columns", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        os.ftruncate(self.descriptor, size)
        view = mmap.mmap(self.descriptor, size)
        seals = fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | _F_SEAL_FUTURE_WRITE | fcntl.F_SEAL_SEAL
        fcntl.fcntl(self.descriptor, fcntl.F_ADD_SEALS, seals)
        self._header = np.frombuffer(view, dtype=np.uint64, count=8)
        self._header[0], self._header[2] = _MAGIC, rows
        self.latency = np.frombuffer(
            view, dtype=np.uint64, count=LATENCY_ROWS * BUCKETS, offset=_HEADER_BYTES
        ).reshape(LATENCY_ROWS, BUCKETS)
        self.columns = {
            name: np.frombuffer(view, dtype=kind, count=rows, offset=offset)
            for name, (offset, kind) in places.items()
        }

    def close(self) -> None:
        """Gives up the descriptor; readers keep what they have mapped."""
        os.close(self.descriptor)

    def begin(self, used: int) -> None:
        """Readers keep away from here on; they will copy the first `used` rows."""
        self._header[1] += np.uint64(1)
        self._header[3] = used

    def commit(self) -> None:
        """The tick is whole."""
        self._header[1] += np.uint64(1)


class ColumnsReader:
    """A client's side: read-only, and no fact is taken from a torn tick."""

    def __init__(self, descriptor: int) -> None:
        """Maps and closes the descriptor. Raises ValueError when it is not the engine's file."""
        try:
            size = os.fstat(descriptor).st_size
            if size < _HEADER_BYTES:
                raise ValueError("the shared columns are too short")
            self._view = mmap.mmap(descriptor, size, prot=mmap.PROT_READ)
        finally:
            os.close(descriptor)
        self._header = np.frombuffer(self._view, dtype=np.uint64, count=8)
        self.rows = int(self._header[2])
        self._places, expected = _layout(self.rows)
        if int(self._header[0]) != _MAGIC or expected != size:
            raise ValueError("the shared columns are of another version of ebtop")

    def read(self) -> tuple[RouteTable, NDArray[np.uint64]]:
        """Copies of all columns and of the latency rows, of one tick. Raises TornError."""
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            before = int(self._header[1])
            if before % 2 == 0:
                table, latency = self._copy()
                if int(self._header[1]) == before:
                    return table, latency
            if time.monotonic() > deadline:
                raise TornError("the engine does not finish its tick")
            time.sleep(0.001)

    def _copy(self) -> tuple[RouteTable, NDArray[np.uint64]]:
        latency = np.frombuffer(
            self._view, dtype=np.uint64, count=LATENCY_ROWS * BUCKETS, offset=_HEADER_BYTES
        )
        used = min(int(self._header[3]), self.rows)
        columns = {
            name: np.frombuffer(self._view, dtype=kind, count=used, offset=offset).copy()
            for name, (offset, kind) in self._places.items()
        }
        return RouteTable(columns), latency.reshape(LATENCY_ROWS, BUCKETS).copy()

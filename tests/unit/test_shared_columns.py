"""Shared columns: a copy is of one tick, stays as it is, and costs only what changed."""

import os

import numpy as np
import pytest

from ebtop.engine.shared import LATENCY, ColumnsReader, SharedColumns, TornError
from ebtop.model.histogram import BUCKETS
from ebtop.model.snapshot import LIVE_COLUMNS, STATIC_COLUMNS


class Pair:
    """A writer and its reader."""

    def __init__(self) -> None:
        self.writer = SharedColumns(16)
        self.reader = ColumnsReader(os.dup(self.writer.descriptor))

    def tick(self, structure: int, rows: int, **columns: object) -> None:
        self.writer.begin(structure)
        for name, kind in (STATIC_COLUMNS | LIVE_COLUMNS).items():
            values = np.zeros(rows, dtype=kind)
            values[:] = columns.get(name, 0)
            self.writer.write(name, values)
        self.writer.commit()


def test_a_copy_stays_as_it_was() -> None:
    pair = Pair()
    pair.tick(1, 4, packets=[0, 1, 2, 3], p50_ns=np.nan)
    first = pair.reader.read()
    pair.tick(2, 6, packets=9)
    second = pair.reader.read()

    assert first.routes["packets"].tolist() == [0, 1, 2, 3]
    assert second.routes["packets"].tolist() == [9] * 6
    assert (first.structure, second.structure) == (1, 2)
    assert {len(column) for column in first.routes.columns.values()} == {4}
    assert {len(column) for column in second.routes.columns.values()} == {6}
    with pytest.raises(ValueError, match="read-only"):
        second.routes["packets"][0] = 1


def test_only_what_changed_is_copied_again() -> None:
    pair = Pair()
    pair.tick(1, 4, packets=1, p50_ns=np.nan)
    first = pair.reader.read()
    pair.tick(1, 4, packets=2, p50_ns=np.nan)
    second = pair.reader.read()
    copied = {
        name
        for name, column in second.routes.columns.items()
        if column is not first.routes.columns[name]
    }

    assert copied == {"packets"}


def test_a_tick_that_is_being_written_is_not_read() -> None:
    pair = Pair()
    pair.tick(1, 4, packets=1)
    first = pair.reader.read()
    pair.writer.begin(2)
    pair.writer.write("packets", np.full(4, 2, dtype=np.uint64))
    with pytest.raises(TornError):
        pair.reader.read()
    pair.writer.write("punts", np.full(4, 2, dtype=np.uint64))
    pair.writer.commit()
    second = pair.reader.read()

    assert first.routes["packets"].tolist() == [1] * 4
    assert second.routes["packets"].tolist() == second.routes["punts"].tolist() == [2] * 4


def test_a_tick_that_is_written_while_it_is_copied_is_copied_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pair = Pair()
    pair.tick(1, 4, packets=1, punts=1)
    copy, copies = pair.reader._copy, []

    def interrupted() -> object:
        copies.append(copy())
        if len(copies) == 1:
            pair.tick(2, 4, packets=2, punts=2)
        return copies[-1]

    monkeypatch.setattr(pair.reader, "_copy", interrupted)
    read = pair.reader.read()

    assert read.structure == 2
    assert read.routes["packets"].tolist() == [2] * 4
    assert len(copies) == 2


def test_no_more_histograms_are_copied_than_are_in_use() -> None:
    pair = Pair()
    pair.writer.begin(1)
    pair.writer.write(LATENCY, np.ones((70, BUCKETS), dtype=np.uint64))
    pair.writer.commit()

    assert pair.reader.read().latency.shape == (70, BUCKETS)


@pytest.mark.parametrize("size", [0, 100, 5000, 3 << 20])
def test_another_file_is_refused(size: int) -> None:
    descriptor = os.memfd_create("other")
    os.ftruncate(descriptor, size)

    with pytest.raises(ValueError, match="columns are"):
        ColumnsReader(descriptor)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)

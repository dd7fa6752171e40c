"""Latency belongs to the route that is shown with it, and rows do not wander."""

import errno

import numpy as np
import pytest
from numpy.typing import NDArray

from ebtop.engine import status
from ebtop.engine.sampler import HistogramRows, LatencyWindow
from ebtop.model.histogram import BUCKETS, bucket

FIRST, STOP = 64, 68


def reading(**rows: int) -> NDArray[np.uint64]:
    """Histograms with so many packets of 1 us in the rows named r<number>."""
    histograms = np.zeros((STOP, BUCKETS), dtype=np.uint64)
    for name, packets in rows.items():
        histograms[int(name[1:]), bucket(1000)] = packets
    return histograms


def assign(rows: HistogramRows, pps: dict[int, float]) -> list[tuple[int, int]]:
    return rows.assign(np.array(list(pps)), np.array(list(pps.values()), dtype=np.float32))


def test_packets_between_two_readings_stay_with_the_row_before() -> None:
    window = LatencyWindow()
    window.update(reading(r64=100))
    window.update(reading(r64=200))

    window.start_row(64, reading(r64=250)[64])
    after = window.update(reading(r64=253))

    assert after[64].sum() == 3


def test_window_is_the_growth_of_ten_seconds() -> None:
    window = LatencyWindow()
    grown = [int(window.update(reading(r65=10 * second))[65].sum()) for second in range(15)]

    assert grown == [*range(0, 100, 10), *[100] * 5]


def test_all_have_a_row_while_there_are_few() -> None:
    rows = HistogramRows(FIRST, STOP)

    changes = assign(rows, {7: 0.0, 8: 5.0, 9: 0.0})

    assert dict(changes) == rows.rows
    assert set(rows.rows) == {7, 8, 9}
    assert assign(rows, {7: 9.0, 8: 0.0, 9: 1.0}) == []


def test_busiest_have_a_row_when_there_are_many() -> None:
    rows = HistogramRows(FIRST, STOP)
    assign(rows, dict.fromkeys(range(1, 5), 1.0))

    changes = assign(rows, dict.fromkeys(range(1, 5), 1.0) | {9: 100.0})

    (loser, none), (winner, row) = changes
    assert (none, winner) == (0, 9)
    assert loser in range(1, 5)
    assert rows.rows[9] == row
    assert len(set(rows.rows.values())) == STOP - FIRST


def test_equals_do_not_take_each_others_rows() -> None:
    rows = HistogramRows(FIRST, STOP)
    assign(rows, {1: 10.0, 2: 9.0, 3: 0.0, 4: 0.0, 5: 0.0})
    held = dict(rows.rows)

    for busy in (8.0, 12.0):
        assign(rows, {1: 10.0, 2: 9.0, **dict.fromkeys(range(3, 20), 0.0), 20: busy})
    kept = {route for route in (1, 2) if rows.rows.get(route) == held[route]}

    assert kept == {1, 2}
    assert 20 in rows.rows
    assert assign(rows, {1: 9.0, 2: 9.0, **dict.fromkeys(range(3, 20), 0.0), 20: 9.0}) == []


def test_a_row_that_was_given_back_is_used_again() -> None:
    rows = HistogramRows(FIRST, STOP)
    assign(rows, dict.fromkeys(range(1, 5), 1.0))
    row = rows.rows[3]

    rows.release(3)
    rows.release(3)

    assert assign(rows, {1: 1.0, 2: 1.0, 4: 1.0, 6: 0.0}) == [(6, row)]


def test_received_keeps_what_was_known_of_a_port_that_is_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counted: list[int | OSError] = [1500, OSError(errno.ENODEV, "gone"), 1600, 20]

    def read(_name: str) -> int:
        count = counted.pop(0)
        if isinstance(count, OSError):
            raise count
        return count

    monkeypatch.setattr(status, "read_received_packets", read)
    received = status._Received(1000)

    assert [received.read("p1") for _ in range(4)] == [500, 500, 600, 0]

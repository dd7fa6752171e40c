"""Latency belongs to the route that is shown with it, and rows do not wander."""

import errno

import numpy as np
import pytest
from numpy.typing import NDArray

from ebtop.datapath.samples import COUNTERS
from ebtop.engine import books
from ebtop.engine.history import History
from ebtop.engine.latency import LatencyWindow
from ebtop.engine.own_rows import OwnRows
from ebtop.engine.sampler import RouteRates
from ebtop.model.histogram import BUCKETS, bucket

FIRST, STOP = 64, 68


def reading(**rows: int) -> NDArray[np.uint64]:
    """Histograms with so many packets of 1 us in the rows named r<number>."""
    histograms = np.zeros((STOP, BUCKETS), dtype=np.uint64)
    for name, packets in rows.items():
        histograms[int(name[1:]), bucket(1000)] = packets
    return histograms


def assign(
    rows: OwnRows, pps: dict[int, float], favoured: tuple[int, ...] = ()
) -> list[tuple[int, int]]:
    wanted, column = np.zeros(32, dtype=bool), np.zeros(32, dtype=np.float32)
    wanted[list(pps)] = True
    column[list(pps)] = list(pps.values())
    return rows.assign(wanted, column, favoured)


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
    rows = OwnRows(FIRST, STOP)

    changes = assign(rows, {7: 0.0, 8: 5.0, 9: 0.0})

    assert dict(changes) == rows.rows
    assert set(rows.rows) == {7, 8, 9}
    assert assign(rows, {7: 9.0, 8: 0.0, 9: 1.0}) == []


def test_busiest_have_a_row_when_there_are_many() -> None:
    rows = OwnRows(FIRST, STOP)
    assign(rows, dict.fromkeys(range(1, 5), 1.0))

    changes = assign(rows, dict.fromkeys(range(1, 5), 1.0) | {9: 100.0})

    (loser, none), (winner, row) = changes
    assert (none, winner) == (0, 9)
    assert loser in range(1, 5)
    assert rows.rows[9] == row
    assert len(set(rows.rows.values())) == STOP - FIRST


def test_equals_do_not_take_each_others_rows() -> None:
    rows = OwnRows(FIRST, STOP)
    assign(rows, {1: 10.0, 2: 9.0, 3: 0.0, 4: 0.0, 5: 0.0})
    held = dict(rows.rows)

    for busy in (8.0, 12.0):
        assign(rows, {1: 10.0, 2: 9.0, **dict.fromkeys(range(3, 20), 0.0), 20: busy})
    kept = {route for route in (1, 2) if rows.rows.get(route) == held[route]}

    assert kept == {1, 2}
    assert 20 in rows.rows
    assert assign(rows, {1: 9.0, 2: 9.0, **dict.fromkeys(range(3, 20), 0.0), 20: 9.0}) == []


def test_a_row_that_was_given_back_is_used_again() -> None:
    rows = OwnRows(FIRST, STOP)
    assign(rows, dict.fromkeys(range(1, 5), 1.0))
    row = rows.rows[3]

    rows.release(3)
    rows.release(3)

    assert assign(rows, {1: 1.0, 2: 1.0, 4: 1.0, 6: 0.0}) == [(6, row)]


def test_what_an_operator_looks_at_has_a_row_before_the_busiest() -> None:
    rows = OwnRows(FIRST, STOP)
    busy = dict.fromkeys(range(1, 6), 10.0)
    assign(rows, busy)

    changes = assign(rows, busy | {9: 0.0}, favoured=(9, 31))

    (_, none), (winner, _) = changes
    assert (none, winner) == (0, 9)
    assert len(rows.rows) == STOP - FIRST
    assert assign(rows, busy | {9: 0.0}, favoured=(9,)) == []


def test_rows_that_are_in_use_stand_close_together() -> None:
    rows = OwnRows(FIRST, STOP)
    assign(rows, {1: 1.0, 2: 1.0})

    assert rows.stop == FIRST + 2
    rows.release(1)
    assign(rows, {2: 1.0, 3: 1.0})
    assert rows.stop == FIRST + 2


def test_rates_are_over_two_ticks_and_counts_since_birth() -> None:
    rates = RouteRates(8)
    raw = np.zeros((6, len(COUNTERS)), dtype=np.uint64)
    packets, bits, punts = (COUNTERS.index(name) for name in ("packets", "bytes", "punts"))
    raw[3, packets] = 1000  # by whom had the id before
    rates.start_rows(np.array([3], dtype=np.uint32), raw[3:4])
    rates.update(0, raw)
    seen, live = [], {}
    for second in range(1, 5):
        if second < 3:
            raw[3, packets] += 40
            raw[3, bits] += 100
            raw[5, punts] += 8
        live = rates.update(second * 10**9, raw)
        seen.append([float(live[name][3]) for name in ("packets", "pps", "bps")])

    assert seen == [[40, 40, 800], [80, 40, 800], [80, 20, 400], [80, 0, 0]]
    assert (live["punts"][5], live["punt_pps"][5]) == (16, 0)


def test_an_id_given_to_another_route_starts_without_rate() -> None:
    rates = RouteRates(8)
    raw = np.zeros((6, len(COUNTERS)), dtype=np.uint64)
    rates.update(0, raw)
    raw[2:4] += 500
    rates.update(10**9, raw)
    rates.start_rows(np.array([2], dtype=np.uint32), raw[2:3])
    raw[2:4] += 10
    live = rates.update(2 * 10**9, raw)

    assert live["packets"].tolist() == [0, 0, 10, 510, 0, 0]
    assert live["pps"].tolist() == [0, 0, 10, 510, 0, 0]  # over two seconds, of two counters


STEP_NS = 2_000_000_000


class Counted:
    """Five routes and a history of three rows, and a clock that is moved by hand."""

    def __init__(self) -> None:
        self.now_ns = 7_000_000_000
        self.history = History(self.now_ns, rows=3)
        self.packets = np.zeros(5, dtype=np.uint64)
        self.received = 0

    def assign(self, *routes: int) -> None:
        wanted = np.zeros(5, dtype=bool)
        wanted[list(routes)] = True
        pps = np.ones(5, dtype=np.float32)
        self.history.assign(self.now_ns, self.packets, wanted, pps, ())

    def step(self, steps: float = 1.0, **moved: int) -> None:
        for route, packets in moved.items():
            self.packets[int(route[1:])] += np.uint64(packets)
        self.received += 10 * sum(moved.values())
        self.now_ns += int(steps * STEP_NS)
        self.history.follow(self.now_ns, self.received, self.packets)

    def newest(self, row: int, count: int) -> list[float]:
        return [float(value) for value in self.history._samples[row, -count:]]


def test_history_is_the_mean_of_each_step() -> None:
    counted = Counted()
    counted.assign(1, 2)
    counted.step(r1=200)
    counted.step(0.5, r1=1)
    counted.step(0.5, r1=3, r2=40)

    assert counted.newest(1, 2) == [100, 2]
    assert counted.newest(2, 2) == [0, 20]
    assert counted.newest(0, 2) == [1000, 220]
    assert np.isnan(counted.history._samples[:, :-2]).all()


def test_history_of_a_row_that_was_given_to_another_route_starts_anew() -> None:
    counted = Counted()
    counted.assign(1, 2)
    counted.step(r1=200, r3=999)
    counted.history.release(np.array([1], dtype=np.uint32))
    counted.step(0.5)
    counted.assign(2, 3)
    counted.step(0.5, r3=50)

    assert counted.history._own.rows[3] == 1
    assert np.isnan(counted.newest(1, 2)[0])
    assert counted.newest(1, 1) == [50]  # over the second that it had the row


def test_history_spreads_over_steps_that_nobody_took() -> None:
    counted = Counted()
    counted.assign(1)
    counted.step(r1=20)
    counted.step(4, r1=80)
    counted.step(r1=6)

    assert counted.newest(1, 6) == [10, 10, 10, 10, 10, 3]
    counted.step(1000, r1=8000)
    assert counted.newest(1, 150) == [4] * 150


def test_received_keeps_what_was_known_of_a_port_that_is_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counted: list[int | OSError] = [1500, OSError(errno.ENODEV, "gone"), 1600, 20]

    def read(_name: str) -> int:
        count = counted.pop(0)
        if isinstance(count, OSError):
            raise count
        return count

    monkeypatch.setattr(books, "read_received_packets", read)
    received = books.Received(1000)

    assert [received.read("p1") for _ in range(4)] == [500, 500, 600, 0]

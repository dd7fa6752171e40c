"""When due work may be done."""

import pytest

from ebtop.kernel.pacer import Pacer


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_nothing_is_due_at_first(clock: Clock) -> None:
    pacer = Pacer(1.0, clock)

    assert pacer.wait_s is None
    assert not pacer.ready


def test_the_first_work_is_done_at_once_and_the_next_after_the_interval(clock: Clock) -> None:
    pacer = Pacer(1.0, clock)
    pacer.mark()
    assert pacer.ready
    with pacer.work():
        assert not pacer.due
    pacer.mark()
    clock.now_s += 0.75

    assert pacer.wait_s == pytest.approx(0.25)
    assert not pacer.ready

    clock.now_s += 0.25
    assert pacer.ready


def test_long_work_takes_half_of_the_time_at_most(clock: Clock) -> None:
    pacer = Pacer(1.0, clock)
    with pacer.work():
        clock.now_s += 5
    pacer.mark()

    assert pacer.wait_s == pytest.approx(5)


def test_work_that_failed_stays_due_and_is_not_repeated_at_once(clock: Clock) -> None:
    pacer = Pacer(1.0, clock)
    with pytest.raises(OSError, match="no"), pacer.work():
        raise OSError("no")

    assert pacer.wait_s == pytest.approx(1)


def test_what_becomes_due_during_the_work_is_due_again(clock: Clock) -> None:
    pacer = Pacer(1.0, clock)
    with pacer.work():
        pacer.mark()

    assert pacer.due

"""Which snapshot is shown, and when: pace, freeze, slow terminals, another engine."""

import pytest

from ebtop.model.verdict import Verdict
from ebtop.tui.feed import RATES_HZ, Feed
from tests.tui.clock import Clock
from tests.tui.stage import THREE, port_of, snapshot_of


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def feed(clock: Clock) -> Feed:
    return Feed(clock)


def test_shows_each_tick_at_the_engine_s_pace(feed: Feed, clock: Clock) -> None:
    for tick in range(5):
        clock.now_s += 0.5
        assert feed.offer(snapshot_of(THREE, tick=tick))
    assert feed.reached_hz == feed.chosen_hz == 2


def test_slower_rate_leaves_ticks_out_and_shows_the_newest(feed: Feed, clock: Clock) -> None:
    feed.change_rate(1)
    shown = []
    for tick in range(6):
        clock.now_s += 0.5
        if feed.offer(snapshot_of(THREE, tick=tick)):
            assert feed.snapshot is not None
            shown.append(feed.snapshot.tick)
    assert shown == [0, 2, 4]


def test_rates_end_at_both_ends(feed: Feed) -> None:
    feed.change_rate(-1)
    assert feed.chosen_hz == max(RATES_HZ)
    for _ in range(20):
        feed.change_rate(1)
    assert feed.chosen_hz == min(RATES_HZ)


def test_frozen_feed_holds_and_goes_on_with_the_newest(feed: Feed, clock: Clock) -> None:
    held, newest = snapshot_of(THREE, tick=1), snapshot_of(THREE, tick=9)
    feed.offer(held)
    feed.toggle_freeze()
    clock.now_s += 30
    assert not feed.offer(snapshot_of(THREE, tick=8))
    assert not feed.offer(newest)
    assert feed.snapshot is held
    assert feed.frozen_s == 30
    feed.toggle_freeze()
    assert feed.snapshot is newest
    assert not feed.frozen


def test_busy_terminal_holds_ticks_back_and_the_rate_says_so(feed: Feed, clock: Clock) -> None:
    for tick in range(20):
        clock.now_s += 0.5
        feed.offer(snapshot_of(THREE, tick=tick), busy=tick % 4 != 0)
    assert feed.snapshot is not None
    assert feed.snapshot.tick == 16
    assert feed.reached_hz == pytest.approx(0.5)
    assert feed.advance(), "what was held back is shown once the terminal is ready"
    assert feed.snapshot.tick == 19


def test_silence_is_since_the_last_tick_that_came_not_since_the_last_shown(
    feed: Feed, clock: Clock
) -> None:
    assert feed.silent_s == 0
    feed.offer(snapshot_of(THREE))
    feed.toggle_freeze()
    clock.now_s += 5
    feed.offer(snapshot_of(THREE, tick=2))
    clock.now_s += 1
    assert feed.silent_s == 1


def test_another_engine_s_counts_make_no_rates(feed: Feed, clock: Clock) -> None:
    def port(count: int) -> dict[str, object]:
        return {"ports": (port_of(0, "lan0", received=count, verdicts={1: count}),)}

    feed.offer(snapshot_of(THREE, taken_ns=10**9, **port(100)))
    clock.now_s += 1
    feed.offer(snapshot_of(THREE, taken_ns=2 * 10**9, **port(150)))
    assert feed.verdicts[0, 2] == {int(Verdict.FORWARDED): 50.0}
    clock.now_s += 1
    feed.offer(snapshot_of(THREE, taken_ns=3 * 10**9, owner="pid 2, ebtop run", **port(900)))
    assert feed.verdicts == {}

"""Charts as lines of text: what a bar, a column, a gap and a label stand for."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from ebtop.model.histogram import BUCKETS, STARTS_NS, bucket
from ebtop.tui.chart import ceiling, format_rate_chart, mean_columns
from ebtop.tui.histogram_chart import format_histogram, highest_ns, merge_buckets
from ebtop.tui.paint import Line, width_of
from ebtop.tui.wrap import wrap_cells

NAN = float("nan")


def text_of(line: Line) -> str:
    return "".join(text for text, _ in line)


def series(*values: float) -> NDArray[np.float32]:
    return np.array(values, dtype=np.float32)


def counts_of(**packets: int) -> NDArray[np.uint64]:
    """Packets by latency: `_1500=3` are three of 1500 ns."""
    counts = np.zeros(BUCKETS, dtype=np.uint64)
    for value_ns, count in packets.items():
        counts[bucket(int(value_ns.removeprefix("_")))] += np.uint64(count)
    return counts


def test_a_column_is_as_high_as_its_rate() -> None:
    chart = format_rate_chart(series(0, 25, 50, 100), step_s=2, width=80, height=2)
    assert [text_of(line) for line in chart] == [
        "   100 ┤   █",
        "       │ ▄██",
        "     0 ┼────",
        "        -8.0s now",
    ]


def test_what_was_not_measured_is_a_dot_and_zero_is_blank() -> None:
    chart = format_rate_chart(series(NAN, 0, 0.001, 1), step_s=2, width=80, height=1)
    assert text_of(chart[0]) == "     1 ┤· ▁█"


def test_nothing_measured_at_all_has_a_chart_too() -> None:
    chart = format_rate_chart(series(NAN, NAN), step_s=2, width=80, height=2)
    assert text_of(chart[1]) == "       │··"


def test_a_narrow_chart_shows_means_and_leaves_nothing_out() -> None:
    columns = mean_columns(series(1, 3, 5, NAN, NAN, NAN, 7, 9), 4)
    assert columns.tolist()[:2] == [2, 5]
    assert np.isnan(columns[2])
    assert columns[3] == 8


@pytest.mark.parametrize(
    ("value", "top"), [(0, 1), (1, 1), (1.01, 1.5), (99, 100), (101, 150), (3.5e6, 4e6)]
)
def test_a_scale_ends_with_a_round_number(value: float, top: float) -> None:
    assert ceiling(value) == pytest.approx(top)


@pytest.mark.parametrize("width", [20, 60, 80, 157, 200])
def test_a_chart_is_no_wider_than_its_room(width: int) -> None:
    chart = format_rate_chart(series(*range(150)), step_s=2, width=width, height=3)
    assert max(map(width_of, chart)) <= width


histograms = st.lists(
    st.tuples(st.integers(0, BUCKETS - 1), st.integers(1, 10**9)), min_size=1, max_size=30
)


@given(filled=histograms, rows=st.integers(2, 24))
def test_bars_hold_each_packet_once_within_the_rows(
    filled: list[tuple[int, int]], rows: int
) -> None:
    counts = np.zeros(BUCKETS, dtype=np.uint64)
    for index, count in filled:
        counts[index] += np.uint64(count)
    bars = merge_buckets(counts, rows).bars
    assert len(bars) <= rows
    assert sum(bar.count for bar in bars) == int(counts.sum())
    for before, after in pairwise(bars):
        assert before.to_ns == after.from_ns, "no latency lies between two bars, or in both"
    for bar in bars:
        above = STARTS_NS[:-1] >= bar.from_ns
        below = STARTS_NS[:-1] < (bar.to_ns if bar.to_ns is not None else 2**63)
        assert bar.count == int(counts[above & below].sum())


def test_bounds_stay_where_they_are_while_counts_grow() -> None:
    few = merge_buckets(counts_of(_1000=10, _4000=5), 6)
    more = merge_buckets(counts_of(_1000=99, _1500=70, _4000=50), 6)
    assert [bar.from_ns for bar in few.bars] == [bar.from_ns for bar in more.bars]


def test_each_bar_tells_bounds_share_count_and_percentiles() -> None:
    lines = [
        text_of(line)
        for line in format_histogram(counts_of(_1100=60, _2100=39, _9000=1), width=60, rows=6)
    ]
    assert lines[0].startswith(" 1.0µs to 2.0µs ███")
    assert lines[0].endswith("60.0%    60 p50")
    assert lines[1].endswith("39.0%    39 p90 p99")
    assert lines[-1].endswith("1.0%     1 p99.9")
    assert max(map(len, lines)) <= 60


def test_what_lies_beyond_p99_9_shares_the_last_bar() -> None:
    lines = format_histogram(counts_of(_1100=100_000, _900000=3), width=60, rows=6)
    assert "or more" in text_of(lines[-1])
    assert text_of(lines[-1]).endswith("<0.1%     3 ")


def test_the_greatest_latency_is_a_bound() -> None:
    assert highest_ns(counts_of(_1000=1, _900000=1)) >= 900_000
    assert highest_ns(counts_of(_1000=1, _900000=1)) <= 900_000 * 1.125
    assert np.isnan(highest_ns(counts_of()))


@given(st.text(max_size=80), st.integers(2, 30))
def test_wrapped_lines_fit_and_lose_no_word(text: str, width: int) -> None:
    lines = wrap_cells(text, width)
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(width_of(((line, ""),)) <= width for line in lines)

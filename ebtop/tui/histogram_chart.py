"""A latency histogram as horizontal bars: a line for a few neighbouring buckets."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ebtop.model.format import format_bar, format_count, format_latency_ns, format_share
from ebtop.model.histogram import BUCKETS, STARTS_NS, percentile_ns
from ebtop.tui.paint import Line

PERCENTILES = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p99.9": 0.999}

_MERGES = (1, 2, 4, 8, 16, 32, 64, 128, 256)  # so that bounds stay where they are between ticks
_LABEL, _SHARE, _COUNT = 14, 7, 6
_FIXED = 1 + _LABEL + 1 + _SHARE + _COUNT + 2


@dataclass(frozen=True, slots=True)
class Bar:
    """Counts of neighbouring buckets: from <= latency < to, or no upper bound at all."""

    from_ns: int
    to_ns: int | None
    count: int


@dataclass(frozen=True, slots=True)
class Bars:
    """A histogram in few bars, `merged` buckets each; the last may hold all that is above."""

    bars: tuple[Bar, ...]
    merged: int


def merge_buckets(counts: NDArray[np.uint64], rows: int) -> Bars:
    """At most `rows` (2 or more) bars; what is beyond p99.9 shares the last one.

    The histogram counts one packet at least.
    """
    used = np.flatnonzero(counts)
    first, last = int(used[0]), _bucket_of(counts, PERCENTILES["p99.9"])
    merged = next(m for m in _MERGES if last // m - first // m + 1 <= rows - 1)
    start, stop = first // merged * merged, (last // merged + 1) * merged
    sums = counts[start:stop].reshape(-1, merged).sum(axis=1).tolist()
    bounds = [int(bound) for bound in STARTS_NS[start : stop + 1 : merged]]
    bars = list(map(Bar, bounds, bounds[1:], sums))
    beyond = int(counts[stop:].sum())
    if beyond:
        bars.append(Bar(int(STARTS_NS[stop]), None, beyond))
    return Bars(tuple(bars), merged)


def highest_ns(counts: NDArray[np.uint64]) -> float:
    """Upper bound of the highest bucket that counted a packet; NaN: none did."""
    used = np.flatnonzero(counts)
    return float(STARTS_NS[used[-1] + 1]) - 1 if len(used) else float("nan")


def format_histogram(counts: NDArray[np.uint64], *, width: int, rows: int) -> tuple[Line, ...]:
    """A line for each bar: bounds, bar, share, count, and the percentiles that lie in it."""
    bars = merge_buckets(counts, rows).bars
    total, most = int(counts.sum()), max(bar.count for bar in bars)
    marks = {name: float(percentile_ns(counts, share)) for name, share in PERCENTILES.items()}
    within = [" ".join(name for name, value in marks.items() if _holds(bar, value)) for bar in bars]
    room = max(width - _FIXED - max(map(len, within)), 4)
    return tuple(
        (
            (f" {_bounds(bar):>{_LABEL}} ", "tone--muted"),
            (format_bar(bar.count / most, room), "tone--bar"),
            (f"{format_share(bar.count, total):>{_SHARE}}", ""),
            (f"{format_count(bar.count):>{_COUNT}}", "tone--muted"),
            (f" {text}", "tone--strong"),
        )
        for bar, text in zip(bars, within, strict=True)
    )


def _bucket_of(counts: NDArray[np.uint64], share: float) -> int:
    """The bucket that holds a percentile."""
    upper_ns = float(percentile_ns(counts, share))
    return min(int(np.searchsorted(STARTS_NS, upper_ns, side="right")) - 1, BUCKETS - 1)


def _holds(bar: Bar, value_ns: float) -> bool:
    return bar.from_ns <= value_ns and (bar.to_ns is None or value_ns < bar.to_ns)


def _bounds(bar: Bar) -> str:
    low = format_latency_ns(bar.from_ns)
    return f"{low} or more" if bar.to_ns is None else f"{low} to {format_latency_ns(bar.to_ns):>5}"

"""Log-linear latency histograms: 8 buckets for each power of two, so at most 12.5 % wide.

Mergeable by addition. The programs in bpf/latency.h fill them by the same rule.
"""

import numpy as np
from numpy.typing import NDArray

BUCKETS = 256
BUCKET_BITS = 3
ROUTE_HISTOGRAMS = 1024
"""Histograms that routes can have of their own."""

_SUB = 1 << BUCKET_BITS


def bucket(value_ns: int) -> int:
    """Index of the bucket that counts a value; what is too long goes into the last one."""
    if value_ns < _SUB:
        return max(value_ns, 0)
    exponent = value_ns.bit_length() - 1
    index = (exponent - BUCKET_BITS + 1) * _SUB + (value_ns >> (exponent - BUCKET_BITS)) - _SUB
    return min(index, BUCKETS - 1)


def bucket_start_ns(index: int) -> int:
    """Smallest value that a bucket counts."""
    if index < _SUB:
        return index
    exponent = index // _SUB - 1 + BUCKET_BITS
    return (_SUB + index % _SUB) << (exponent - BUCKET_BITS)


STARTS_NS: NDArray[np.uint64] = np.array(
    [bucket_start_ns(index) for index in range(BUCKETS + 1)], dtype=np.uint64
)
"""Bounds: bucket i counts STARTS_NS[i] <= value < STARTS_NS[i + 1]."""


def percentile_ns(counts: NDArray[np.uint64], share: float) -> NDArray[np.float64]:
    """Upper bound of the bucket that holds the given share (0..1) of each histogram.

    `counts` is (..., BUCKETS); the result drops the last axis. NaN where nothing was counted.
    """
    cumulative = np.cumsum(counts, axis=-1, dtype=np.uint64)
    total = cumulative[..., -1]
    rank = np.maximum(np.ceil(total * share), 1)
    index = np.argmax(cumulative >= rank[..., None], axis=-1)
    return np.where(total > 0, (STARTS_NS[index + 1] - 1).astype(np.float64), np.nan)

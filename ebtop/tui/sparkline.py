"""A rate over time in a few cells of one line."""

import itertools
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

BLOCKS = "▁▂▃▄▅▆▇"
"""Zero, and six steps. A full block would run into the line above."""

UNMEASURED = " "


def format_sparkline(samples: NDArray[np.float32] | Sequence[float], width: int) -> str:
    """The samples in at most `width` cells, the newest at the right, the greatest as ▇.

    Cells stand for equally many samples, as near as can be, and show their mean. The lowest block
    is zero and nothing else; NaN, which was not measured, leaves its cell empty.
    """
    values = [float(value) for value in samples]
    cells = min(width, len(values))
    if cells <= 0:
        return UNMEASURED * width
    bounds = [index * len(values) // cells for index in range(cells + 1)]
    means = [_mean(values[start:stop]) for start, stop in itertools.pairwise(bounds)]
    greatest = max((mean for mean in means if not math.isnan(mean)), default=0.0)
    return "".join(_block(mean, greatest) for mean in means).rjust(width)


def _mean(values: list[float]) -> float:
    """Of those that were measured; NaN: none was."""
    measured = [value for value in values if not math.isnan(value)]
    return sum(measured) / len(measured) if measured else math.nan


def _block(value: float, greatest: float) -> str:
    if math.isnan(value):
        return UNMEASURED
    if value <= 0 or greatest <= 0:
        return BLOCKS[0]
    steps = len(BLOCKS) - 1
    return BLOCKS[min(max(math.ceil(value / greatest * steps), 1), steps)]

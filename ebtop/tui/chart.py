"""A rate over time as filled columns of block characters.

2.00M ┤   ▂▅▇██
      │ ▁▅██████
    0 ┼──────────
       -5m    now
"""

import math

import numpy as np
from numpy.typing import NDArray

from ebtop.model.format import format_count, format_duration_s
from ebtop.tui.paint import Line

_BLOCKS = " ▁▂▃▄▅▆▇█"
_NOT_MEASURED = "·"
_LABEL = 6
_STEPS = (1, 1.5, 2, 3, 4, 6, 8, 10)


def format_rate_chart(
    samples: NDArray[np.float32], *, step_s: float, width: int, height: int
) -> tuple[Line, ...]:
    """`height` lines of columns, an axis and its labels; the newest sample stands right.

    Samples are evenly `step_s` apart, NaN where nothing was measured, which leaves a dot.
    """
    columns = mean_columns(samples, width - _LABEL - 3)
    top = ceiling(float(np.nanmax(columns, initial=0.0)))
    rows = _block_rows(columns, top, height)
    labels = [format_count(top), *[""] * (height - 1)]
    lines: list[Line] = [
        ((f"{label:>{_LABEL}} {'┤' if label else '│'}", "tone--muted"), (row, "tone--bar"))
        for label, row in zip(labels, rows, strict=True)
    ]
    axis = f"{'0':>{_LABEL}} ┼{'─' * len(columns)}"
    start = f"-{format_duration_s(len(samples) * step_s)}"
    times = " " * (_LABEL + 2) + start + f"{'now':>{max(len(columns) - len(start), 4)}}"
    return (*lines, ((axis, "tone--muted"),), ((times, "tone--muted"),))


def mean_columns(samples: NDArray[np.float32], width: int) -> NDArray[np.float64]:
    """The means of at most `width` neighbouring groups; NaN where none of a group is known."""
    count = min(len(samples), max(width, 1))
    starts = np.arange(count) * len(samples) // count
    known = ~np.isnan(samples)
    totals = np.add.reduceat(np.where(known, samples, 0).astype(np.float64), starts)
    numbers = np.add.reduceat(known.astype(np.int64), starts)
    return np.where(numbers > 0, totals / np.maximum(numbers, 1), np.nan)


def ceiling(value: float) -> float:
    """The round number at or above a value that a scale ends with; 1 at least."""
    if not value > 1:
        return 1.0
    magnitude = 10.0 ** math.floor(math.log10(value))
    return next(step * magnitude for step in _STEPS if step * magnitude >= value * 0.999999)


def _block_rows(columns: NDArray[np.float64], top: float, height: int) -> list[str]:
    """Rows from the top; what is not zero leaves a trace."""
    known = np.nan_to_num(columns)
    eighths = np.ceil(np.clip(known / top, 0, 1) * height * 8).astype(int)
    rows = []
    for row in range(height - 1, -1, -1):
        filled = np.clip(eighths - row * 8, 0, 8)
        marks = [_BLOCKS[count] for count in filled]
        if row == 0:
            marks = [
                _NOT_MEASURED if math.isnan(value) else mark
                for value, mark in zip(columns, marks, strict=True)
            ]
        rows.append("".join(marks))
    return rows

"""How rates went and how long packets took on the router of the pictures."""

import math
from collections.abc import Callable
from random import Random

import numpy as np
from numpy.typing import NDArray

from ebtop.model.histogram import BUCKETS, STARTS_NS
from ebtop.model.snapshot import HISTORY_SAMPLES
from tests.tui.pictures.showcase_routes import Shape

_SPREAD = 0.28  # of the logarithm of the latencies
_TAIL_SHARE, _TAIL_TIMES, _TAIL_SPREAD = 0.006, 3.2, 0.5  # packets that had to wait


def history_of(pps: int, shape: Shape, seed: int) -> NDArray[np.float32]:
    """Five minutes that end at the rate."""
    random = Random(seed)  # noqa: S311  a pattern for the eye; the same with every version
    past = [_part(shape, n / HISTORY_SAMPLES, random.random()) for n in range(HISTORY_SAMPLES)]
    samples = np.array(past) * pps
    samples[-1] = pps
    return samples.astype(np.float32)


def _part(shape: Shape, when: float, chance: float) -> float:
    """Of the rate at the end; `when` goes from 0 to 1, `chance` is even in between."""
    return _COURSES[shape](when) * (0.97 + 0.06 * chance)


_COURSES: dict[Shape, Callable[[float], float]] = {
    Shape.STEADY: lambda _: 1.0,
    Shape.SWELLING: lambda when: 0.3 + 0.7 * when * when * (3 - 2 * when),
    Shape.EBBING: lambda when: 2.2 - 1.2 * when,
    Shape.BURSTS: lambda when: 2.4 if when * 9 % 1 < 0.18 else 0.8,
    Shape.WAVE: lambda when: 1 + 0.22 * math.sin(when * 2 * math.pi),
    Shape.NEW: lambda when: min((when - 0.55) * 6, 1) if when > 0.55 else math.nan,
    Shape.IDLE: lambda _: 0.0,
}


def latency_of(packets: int, middle_ns: int) -> NDArray[np.uint64]:
    """A histogram of that many packets: a bell on a logarithmic scale, and a tail."""
    weights = np.zeros(BUCKETS)
    for index in range(1, BUCKETS):
        start_ns, stop_ns = int(STARTS_NS[index]), int(STARTS_NS[index + 1])
        distance = math.log((start_ns + stop_ns) / 2 / middle_ns)
        weights[index] = math.log(stop_ns / start_ns) * (
            (1 - _TAIL_SHARE) * _bell(distance, _SPREAD)
            + _TAIL_SHARE * _bell(distance - math.log(_TAIL_TIMES), _TAIL_SPREAD)
        )
    return np.round(weights * packets).astype(np.uint64)


def _bell(distance: float, spread: float) -> float:
    return math.exp(-((distance / spread) ** 2) / 2) / (spread * math.sqrt(2 * math.pi))

"""How rates went and how long packets took on the router of the pictures."""

import math
from collections.abc import Callable
from random import Random

import numpy as np
from numpy.typing import NDArray

from ebtop.model.histogram import BUCKETS, STARTS_NS
from ebtop.model.snapshot import HISTORY_SAMPLES, HISTORY_STEP_S
from tests.tui.pictures.showcase_routes import Shape

NEW_S = 42
"""How old a route of Shape.NEW is."""

_NEW_FROM = 1 - NEW_S / (HISTORY_SAMPLES * HISTORY_STEP_S)
_NOISE = 0.34  # between the least and the greatest
_NOISE_SAMPLES = 3  # that it stays as it is
_SPREAD = 0.28  # of the logarithm of the latencies
_TAIL_SHARE, _TAIL_TIMES, _TAIL_SPREAD = 0.006, 3.2, 0.5  # packets that had to wait


def history_of(pps: int, shape: Shape, seed: int) -> NDArray[np.float32]:
    """Five minutes that end at the rate."""
    random = Random(seed)  # noqa: S311  a pattern for the eye; the same with every version
    noise = [1 - _NOISE / 2 + _NOISE * random.random() for _ in range(HISTORY_SAMPLES)]
    parts = [
        _COURSES[shape](n / HISTORY_SAMPLES) * noise[n // _NOISE_SAMPLES]
        for n in range(HISTORY_SAMPLES)
    ]
    samples = np.array(parts) * pps
    samples[-1] = pps
    return samples.astype(np.float32)


_COURSES: dict[Shape, Callable[[float], float]] = {
    Shape.STEADY: lambda _: 1.0,
    Shape.SWELLING: lambda when: 0.25 + 0.75 * when**4,
    Shape.EBBING: lambda when: 1 + 1.7 * (1 - when) ** 0.7,
    Shape.BURSTS: lambda when: 2.4 if when * 9 % 1 < 0.18 else 0.8,
    Shape.WAVE: lambda when: 0.76 + 0.24 * math.cos((1 - when) * 9 * math.pi),
    Shape.NEW: lambda when: min((when - _NEW_FROM) * 14, 1) if when > _NEW_FROM else math.nan,
    Shape.IDLE: lambda _: 0.0,
}
"""Of the rate at the end; time goes from 0 to 1."""


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

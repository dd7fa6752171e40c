"""Histories and latency histograms of a router that never existed, from a seed."""

import numpy as np
from numpy.typing import NDArray

from ebtop.model.histogram import BUCKETS, ROUTE_HISTOGRAMS, STARTS_NS
from ebtop.model.snapshot import HISTORY_SAMPLES

_SAMPLED_S = 10  # a histogram holds the packets of so many seconds
_TAIL = 0.004  # of the packets waited for something
_SHAPES = 6


class GeneratedSeries:
    """The busiest routes have a row of their own in both tables."""

    def __init__(
        self, random: np.random.Generator, pps: NDArray[np.float64], shares: NDArray[np.float64]
    ) -> None:
        """`pps` is by route id, `shares` what part of all packets each port receives."""
        self._random = random
        self._shares = shares
        busiest = np.argsort(-pps)[:ROUTE_HISTOGRAMS]
        self.routes = busiest[pps[busiest] > 0]
        self.history_rows = np.zeros(len(pps), dtype=np.uint16)
        self.history_rows[self.routes] = 1 + np.arange(len(self.routes))
        self.latency_rows = np.zeros(len(pps), dtype=np.uint16)
        self.latency_rows[self.routes] = 1 + len(shares) + np.arange(len(self.routes))
        self._median_ns = random.gamma(6, 260, len(self.routes))
        self._recent: list[NDArray[np.float64]] = []
        self.history = self._past(pps)
        self.latency = self._histograms(pps)

    def advance(self, pps: NDArray[np.float64], *, step: bool) -> None:
        """Takes in a tick's rates; `step`: the newest sample of the histories is complete."""
        self._recent.append(pps)
        if not step:
            return
        mean = np.mean(self._recent, axis=0)
        self._recent.clear()
        newest = np.concatenate([[mean.sum()], mean[self.routes]]).astype(np.float32)
        self.history = np.concatenate([self.history[:, 1:], newest[:, None]], axis=1)
        self.latency = self._histograms(pps)

    def _past(self, pps: NDArray[np.float64]) -> NDArray[np.float32]:
        """Five minutes that end with the rates of now: steady, growing, in bursts, begun lately."""
        count = len(self.routes)
        steps = self._random.normal(0, 0.06, (count, HISTORY_SAMPLES))
        walk = np.exp(np.cumsum(steps[:, ::-1], axis=1)[:, ::-1])
        age = np.arange(HISTORY_SAMPLES)[::-1]
        shape = np.arange(count) % _SHAPES
        walk[shape == 1] *= np.linspace(0.15, 1, HISTORY_SAMPLES)
        walk[shape == 2] *= 1 + 2.5 * np.exp(-(((age - 12) / 4) ** 2))
        walk[shape == 3] *= np.where(age % 17 < 6, 1, 0.2)
        walk[shape == 4, :-9] *= np.where(age[:-9] % 40 < 30, 1, 0)
        walk[shape == 5, :-22] = np.nan
        past = walk * pps[self.routes][:, None]
        total = pps.sum() * np.exp(self._random.normal(0, 0.04, HISTORY_SAMPLES))
        return np.vstack([total, past]).astype(np.float32)

    def _histograms(self, pps: NDArray[np.float64]) -> NDArray[np.uint64]:
        """All, each port, each route: the first are sums of the last, spread over the ports."""
        middle = np.log(STARTS_NS[:-1] + np.diff(STARTS_NS) / 2 + 1)
        width = np.diff(np.log(STARTS_NS + np.uint64(1)))
        centre = np.log(self._median_ns)[:, None]
        body = np.exp(-(((middle - centre) / 0.22) ** 2) / 2) * width
        tail = np.exp(-(((middle - centre - 1.4) / 0.5) ** 2) / 2) * width
        body, tail = (part / part.sum(axis=1, keepdims=True) for part in (body, tail))
        packets = np.minimum(pps[self.routes], 1e6)[:, None] * _SAMPLED_S
        routes = self._random.poisson((body + _TAIL * tail) * packets)
        ports = np.round(routes.sum(axis=0) * self._shares[:, None]).reshape(-1, BUCKETS)
        return np.vstack([ports.sum(axis=0), ports, routes]).astype(np.uint64)

"""A generated router of whose routes only a part changes at a tick, as on a real one."""

import dataclasses

import numpy as np

from ebtop.model.snapshot import LIVE_COLUMNS, RouteTable, Snapshot
from ebtop.tui.generated import GeneratedRouter


class CalmRouter:
    """Ticks that leave most routes' counters and rates as they were."""

    def __init__(self, *, routes: int, changing: float = 0.2, seed: int = 7) -> None:
        self._router = GeneratedRouter(routes=routes, ports=6, seed=seed)
        self._dice = np.random.default_rng(seed)
        self._changing = changing
        self._last = self._router.tick()

    def tick(self) -> Snapshot:
        """The next snapshot; histories stand still."""
        new = self._router.tick()
        old = self._last.routes
        moved = self._dice.random(len(old)) < self._changing
        live = {name: np.where(moved, new.routes[name], old[name]) for name in LIVE_COLUMNS}
        table = RouteTable(new.routes.columns | live)
        self._last = dataclasses.replace(new, routes=table, history=self._last.history)
        return self._last

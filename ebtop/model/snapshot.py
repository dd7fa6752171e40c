"""The engine's state at one tick, as every reader (screen, command line, tests) sees it."""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ebtop.model.neighbour import Neighbour
from ebtop.model.port import Mode, PortStatus
from ebtop.model.prefix import Address
from ebtop.model.route import NexthopGroup


class RowState(IntEnum):
    """What a row of the route table stands for."""

    FREE = 0
    BEST = 1  # what packets to its prefix use
    SHADOWED = 2  # another route of the same prefix is preferred, or it is dead


STATIC_COLUMNS: dict[str, type[np.generic]] = {
    "state": np.uint8,  # RowState
    "family": np.uint8,
    "length": np.uint8,
    "high": np.uint64,
    "low": np.uint64,
    "table": np.uint32,
    "metric": np.uint32,
    "protocol": np.uint8,
    "type": np.uint8,
    "group": np.uint32,  # index into Snapshot.groups
    "mtu": np.uint32,
    "born": np.uint32,  # differs whenever an id is given to another route
}
"""Change only when routes change; `structure` of the snapshot tells."""

LIVE_COLUMNS: dict[str, type[np.generic]] = {
    "packets": np.uint64,  # forwarded in XDP since the row was born
    "bytes": np.uint64,
    "observed_packets": np.uint64,  # would have been forwarded (observe mode)
    "observed_bytes": np.uint64,
    "punts": np.uint64,
    "drops": np.uint64,
    "pps": np.float32,  # forwarded and observed
    "bps": np.float32,  # bits per second of the same
    "punt_pps": np.float32,
    "p50_ns": np.float32,  # of the last ten seconds; NaN: nothing measured
    "p99_ns": np.float32,
    "latency_row": np.uint16,  # of Snapshot.latency; 0: the route has no histogram of its own
    "history_row": np.uint16,  # of Snapshot.history; 0: none is kept for the route
}
"""Written at every tick."""

HISTORY_SAMPLES = 150
HISTORY_STEP_S = 2.0
"""The history is five minutes long."""


@dataclass(frozen=True, slots=True, eq=False)
class RouteTable:
    """Columns indexed by route id (row 0 is never a route); see the two tables above."""

    columns: dict[str, NDArray[Any]]

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self.columns[name]

    def __len__(self) -> int:
        return len(self.columns["state"])


def empty_table(rows: int = 1) -> RouteTable:
    """A table of free rows."""
    kinds = STATIC_COLUMNS | LIVE_COLUMNS
    return RouteTable({name: np.zeros(rows, dtype=kind) for name, kind in kinds.items()})


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Rates over the last tick, all ports together."""

    pps: float = 0.0  # received
    bps: float = 0.0  # bits per second forwarded or observed, by route
    forwarded_pps: float = 0.0
    punted_pps: float = 0.0
    dropped_pps: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Snapshot:
    """One tick. Arrays are the reader's own copies; nothing in it changes."""

    host: str
    owner: str  # "pid 4711, ebtop run": whose engine it is
    tick: int
    taken_ns: int  # CLOCK_MONOTONIC
    mode: Mode  # of the router: forward if any port forwards
    loading: str = ""  # what is being loaded; "" when the table is complete
    lease_s: float = 0.0  # left of the lease
    reconciled_s: float = 0.0  # since the kernel's table was last compared in full
    structure: int = 0  # changes with the static columns and the groups
    totals: Totals = field(default_factory=Totals)
    ports: tuple[PortStatus, ...] = ()
    groups: tuple[NexthopGroup, ...] = ()
    names: dict[int, str] = field(default_factory=dict)  # ifindex -> name, of all links
    routes: RouteTable = field(default_factory=empty_table)
    # Histograms of the last ten seconds: row 0 all, 1 + slot the ports, then routes (latency_row).
    latency: NDArray[np.uint64] | None = None
    # Mean packets per second of each step, the newest last, NaN: not measured. (rows,
    # HISTORY_SAMPLES); row 0 is what all ports received, the others are routes (history_row).
    history: NDArray[np.float32] | None = None
    neighbours: dict[tuple[int, Address], Neighbour] = field(default_factory=dict)  # of next hops
    read_only: bool = False  # the engine takes no edit from this client
    notices: tuple[str, ...] = ()  # what the operator has to know, one sentence each

"""What an edit is checked against while it is typed: ports, own addresses, routes that exist."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ebtop.model.edit import RouteKey
from ebtop.model.prefix import Address, mask_columns
from ebtop.model.route import NexthopGroup, RouteType
from ebtop.model.snapshot import RouteTable, RowState, Snapshot


@dataclass(frozen=True, slots=True)
class KnownRoute:
    """A route of the table, as far as its fields can be edited."""

    type: int  # RouteType
    gateway: Address | None  # of the only next hop
    port: str
    paths: int  # next hops; 0: a type that has none, or one that only names an object


@dataclass(frozen=True, slots=True, eq=False)
class Surroundings:
    """The router at one tick."""

    names: Mapping[int, str]  # ifindex -> name, of all links
    routes: RouteTable
    groups: tuple[NexthopGroup, ...]

    def has_port(self, name: str) -> bool:
        """Whether an interface has that name."""
        return name in self.names.values()

    def is_own(self, address: Address) -> bool:
        """Whether the router itself answers to the address."""
        routes = self.routes
        local = (routes["type"] == RouteType.LOCAL) & (routes["family"] == address.family)
        rows = np.flatnonzero(local & (routes["state"] != RowState.FREE))
        mask_high, mask_low = mask_columns(routes["length"][rows])
        high = np.uint64(address.high) & mask_high == routes["high"][rows]
        low = np.uint64(address.low) & mask_low == routes["low"][rows]
        return bool((high & low).any())

    def find(self, key: RouteKey) -> list[KnownRoute]:
        """All routes of the key; more than one where `ip route append` made them."""
        return [self._route(int(row)) for row in self._rows(key)]

    def _rows(self, key: RouteKey) -> NDArray[np.intp]:
        wanted = {
            "high": key.prefix.high,
            "low": key.prefix.low,
            "length": key.prefix.length,
            "family": key.prefix.family,
            "table": key.table,
            "metric": key.metric,
        }
        rows = np.flatnonzero(self.routes["state"] != RowState.FREE)
        for name, value in wanted.items():
            rows = rows[self.routes[name][rows] == value]
        return rows

    def _route(self, row: int) -> KnownRoute:
        group = int(self.routes["group"][row])
        members = self.groups[group].members if group < len(self.groups) else ()
        only = members[0] if len(members) == 1 else None
        return KnownRoute(
            type=int(self.routes["type"][row]),
            gateway=only.gateway if only else None,
            port=self.names.get(only.ifindex, "") if only else "",
            paths=len(members),
        )


def compile_surroundings(snapshot: Snapshot) -> Surroundings:
    """What of a snapshot an edit is checked against."""
    return Surroundings(snapshot.names, snapshot.routes, snapshot.groups)

"""The layout of the maps: mirror of bpf/abi.h, and how much of each a table needs."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Self

import numpy as np
from numpy.typing import NDArray

FIRST_SET = 16
INDIRECT_SET = 1023
MAX_PATHS = 64
BLOCK_WORDS = 256
MAX_ROUTES = 1 << 21
LEAST_ROUTES = 1 << 14
"""A router that starts with a handful of routes may get more: 48 bytes each for every CPU."""
LEAST_BLOCKS = 1 << 12

LEAF_BLOCK = 1 << 31
LEAF_ROUTE_SHIFT = 10
LEAF_ROUTE_MASK = 0x1FFFFF
LEAF_SET_MASK = 0x3FF

SET_VALID = 1
SET_WORDS = 8
SET_PATHS = 1
SET_PORTS = 3
PATHS_MANY = 1 << 31
MEMBER_WORDS = 2
ADJACENCY_RESOLVED = 1
ADJACENCY_CONNECTED = 2
ADJACENCY_WORDS = 8
NO_SLOT = 255
"""Slot of an adjacency whose interface is no port of ours."""

ROOT_BITS = {4: 24, 6: 16}
ROOTS = {4: "root4", 6: "root6"}
STRIDE = 8


class VerdictSet(IntEnum):
    """Mirror of enum ebtop_verdict_set in bpf/abi.h: sets that are verdicts."""

    NO_ROUTE = 0
    LOCAL = 1
    BROADCAST = 2
    MULTICAST = 3
    BLACKHOLE = 4
    UNREACHABLE = 5
    PROHIBIT = 6
    THROW = 7
    UNSUPPORTED = 8
    FULL = 9
    EXCEPTION = 10


STARVED = int(VerdictSet.FULL)
"""A leaf of no route that punts: where a block would be needed and none was left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """Entries of each map."""

    routes: int
    blocks: int
    sets: int
    members: int
    adjacencies: int

    @classmethod
    def for_table(cls, ipv4_routes: int, ipv6_routes: int) -> Self:
        """Room for a table of this size to double, and for a small one to grow; powers of two.

        Real tables need a block for 25 IPv4 or 4.5 IPv6 routes; a small one may be all hosts.
        """
        routes = ipv4_routes + ipv6_routes
        blocks4 = min(ipv4_routes, 1024 + ipv4_routes // 64)
        blocks6 = min(14 * ipv6_routes, 2048 + ipv6_routes // 4)
        sets = min(max(power_of_two(routes // 16), 1024), 65536)
        return cls(
            routes=min(max(power_of_two(2 * routes), LEAST_ROUTES), MAX_ROUTES),
            blocks=max(power_of_two(2 * (blocks4 + blocks6)), LEAST_BLOCKS),
            sets=sets,
            members=4 * sets,
            adjacencies=max(2 * sets, 8192),
        )


def power_of_two(value: int) -> int:
    """The smallest power of two that is not less."""
    return 1 << max(value - 1, 0).bit_length()


def empty_image(capacity: Capacity) -> dict[str, NDArray[np.uint32]]:
    """The maps as they are before anything is written: all zero, flat words."""
    words = {
        "root4": 1 << ROOT_BITS[4],
        "root6": 1 << ROOT_BITS[6],
        "blocks": capacity.blocks * BLOCK_WORDS,
        "sets": capacity.sets * SET_WORDS,
        "members": capacity.members * MEMBER_WORDS,
        "adjacencies": capacity.adjacencies * ADJACENCY_WORDS,
        "route_sets": capacity.routes,
    }
    return {name: np.zeros(count, dtype=np.uint32) for name, count in words.items()}

"""Adjacencies: next hops resolved to port slot and MACs, shared by all who use them."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ebtop.fib.layout import (
    ADJACENCY_CONNECTED,
    ADJACENCY_RESOLVED,
    ADJACENCY_WORDS,
    NO_SLOT,
)
from ebtop.fib.patch import Dirty, NeighbourStore
from ebtop.fib.pool import Pool
from ebtop.model.port import PORTS
from ebtop.model.prefix import Address
from ebtop.model.route import Nexthop

_pack_key = struct.Struct("=16sHH").pack


@dataclass(frozen=True)
class Surroundings:
    """What next hops resolve to."""

    slots: Mapping[int, int]  # ifindex -> port slot, of managed ports
    macs: Mapping[int, bytes]  # slot -> own MAC
    neighbours: Mapping[tuple[int, Address], bytes]  # (ifindex, address) -> MAC, usable ones
    linkdown_ignored: frozenset[int] = frozenset()  # without carrier: LINKDOWN members are dead


NOWHERE = Surroundings({}, {}, {})


@dataclass(frozen=True, slots=True)
class Adjacency:
    """Content of one; a MAC of one neighbour is never shared with another's."""

    flags: int
    slot: int
    macs: bytes = b""  # destination and source
    ifindex: int = 0
    address: Address | None = None


def resolve(member: Nexthop, around: Surroundings) -> Adjacency:
    """What a member's packets are sent with."""
    slot = around.slots.get(member.ifindex)
    if slot is None or not 0 <= slot < PORTS:
        return Adjacency(0, NO_SLOT)
    if member.gateway is None:
        return Adjacency(ADJACENCY_CONNECTED, slot)
    return _resolved(slot, member.ifindex, member.gateway, around) or Adjacency(0, slot)


def _resolved(slot: int, ifindex: int, address: Address, around: Surroundings) -> Adjacency | None:
    mac, own = around.neighbours.get((ifindex, address), b""), around.macs.get(slot, b"")
    if len(mac) != 6 or len(own) != 6:
        return None
    return Adjacency(ADJACENCY_RESOLVED, slot, mac + own, ifindex, address)


class Adjacencies:
    """The array of adjacencies, counted by use, and the neighbour hash. Index 0 is never used."""

    def __init__(self, image: dict[str, NDArray[np.uint32]], fill: Dirty) -> None:
        self._words = image["adjacencies"]
        self._fill = fill
        self._pool = Pool(1, len(self._words) // ADJACENCY_WORDS)
        self._held: dict[Adjacency, int] = {}
        self._uses: dict[int, int] = {}
        self._contents: dict[int, Adjacency] = {}
        self._hash: dict[bytes, Adjacency] = {}
        self.wanting = False  # a neighbour found no room

    @property
    def used(self) -> int:
        """How many are in use."""
        return self._pool.used

    @property
    def resting(self) -> bool:
        """Whether a slot waits for a grace period."""
        return self._pool.resting

    def settle(self) -> None:
        """A grace period has passed."""
        self._pool.settle()

    def acquire(self, adjacency: Adjacency) -> int | None:
        """The index of an adjacency, None when there is no room."""
        index = self._held.get(adjacency)
        if index is None:
            index = self._pool.take()
            if index is None:
                return None
            self._write(index, adjacency)
            self._held[adjacency] = index
            self._contents[index] = adjacency
        self._uses[index] = self._uses.get(index, 0) + 1
        return index

    def release(self, index: int) -> None:
        """One user less; with the last one the slot rests."""
        self._uses[index] -= 1
        if not self._uses[index]:
            del self._uses[index]
            del self._held[self._contents.pop(index)]
            self._pool.release([index])

    def _write(self, index: int, adjacency: Adjacency) -> None:
        start = index * ADJACENCY_WORDS
        words = self._words[start : start + ADJACENCY_WORDS]
        words[:] = 0
        words[0], words[1] = adjacency.flags, adjacency.slot
        words[2:5] = np.frombuffer(adjacency.macs.ljust(12, b"\0"), dtype=np.uint32)
        self._fill.mark("adjacencies", start, start + ADJACENCY_WORDS)

    def follow_neighbours(self, around: Surroundings) -> list[NeighbourStore]:
        """Bring the hash of connected destinations up to date."""
        wanted: dict[bytes, Adjacency] = {}
        for ifindex, address in around.neighbours:
            slot = around.slots.get(ifindex, NO_SLOT)
            adjacency = _resolved(slot, ifindex, address, around) if slot < PORTS else None
            if adjacency:
                wanted[_pack_key(address.packed, slot, address.family)] = adjacency
        stores = []
        self.wanting = False
        stale = [(key, old) for key, old in self._hash.items() if wanted.get(key) != old]
        for key, adjacency in wanted.items():
            if self._hash.get(key) == adjacency:
                continue
            index = self.acquire(adjacency)
            if index is None:
                self.wanting = True
                continue
            stores.append(NeighbourStore(key, index))
            self._hash[key] = adjacency
        for key, old in stale:
            if self._hash[key] == old:
                del self._hash[key]
                stores.append(NeighbourStore(key, None))
            self.release(self._held[old])
        return stores

    def neighbours(self) -> dict[int, tuple[int, Address]]:
        """Of each resolved adjacency: interface and address of the neighbour."""
        return {
            index: (content.ifindex, content.address)
            for index, content in self._contents.items()
            if content.address is not None
        }

    def hash(self) -> dict[bytes, int]:
        """The neighbour hash as it stands."""
        return {key: self._held[adjacency] for key, adjacency in self._hash.items()}

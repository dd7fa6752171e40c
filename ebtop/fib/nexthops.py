"""Next-hop sets: what a leaf names, with members and adjacencies.

A set is one (group number, route MTU). The kernel's shares of equal-cost members are kept:
net/ipv4/fib_semantics.c fib_rebalance, net/ipv6/route.c rt6_multipath_rebalance.
"""

from copy import copy
from dataclasses import dataclass
from itertools import takewhile

import numpy as np
from numpy.typing import NDArray

from ebtop.fib.adjacencies import NOWHERE, Adjacencies, Adjacency, resolve
from ebtop.fib.groups import live_members
from ebtop.fib.layout import (
    FIRST_SET,
    MAX_PATHS,
    MEMBER_WORDS,
    PATHS_MANY,
    SET_PATHS,
    SET_PORTS,
    SET_VALID,
    SET_WORDS,
    VerdictSet,
)
from ebtop.fib.patch import Dirty, Store
from ebtop.fib.pool import Pool, RangePool
from ebtop.model.port import PORTS
from ebtop.model.route import Nexthop, NexthopGroup

SetKey = tuple[int, int]  # group number, MTU


@dataclass(slots=True)
class _Set:
    number: int
    key: SetKey
    content: tuple[tuple[Adjacency, int], ...]  # adjacency and weight of each live member
    ports: int = 0
    paths: int = 0
    adjacencies: tuple[int, ...] = ()
    members: tuple[int, int] | None = None  # start and count of the range


class Nexthops:
    """The arrays of sets and members. Sets live as long as the FIB refers to them."""

    def __init__(self, image: dict[str, NDArray[np.uint32]], fill: Dirty) -> None:
        self._image = image
        self._fill = fill
        self.adjacencies = Adjacencies(image, fill)
        self._pool = Pool(FIRST_SET, len(image["sets"]) // SET_WORDS)
        self._ranges = RangePool(len(image["members"]) // MEMBER_WORDS)
        self._sets: dict[SetKey, _Set] = {}
        self._numbers: dict[int, _Set] = {}
        self._denied: dict[SetKey, int] = {}
        self._unwired: set[int] = set()  # sets whose content found no room
        self.around = NOWHERE

    def used(self) -> dict[str, int]:
        """Entries in use, by array."""
        return {
            "sets": self._pool.used,
            "members": self._ranges.used,
            "adjacencies": self.adjacencies.used,
        }

    @property
    def resting(self) -> bool:
        """Whether something waits for a grace period."""
        return self._pool.resting or self._ranges.resting or self.adjacencies.resting

    def settle(self) -> None:
        """A grace period has passed: what rested is free."""
        self._pool.settle()
        self._ranges.settle()
        self.adjacencies.settle()

    @property
    def wanting(self) -> bool:
        """Whether something did not fit, and should be tried again."""
        return bool(self._denied or self._unwired or self.adjacencies.wanting)

    def number(self, key: SetKey, group: NexthopGroup) -> int:
        """The set of a group and MTU, made if need be; or the verdict set that stands for it."""
        held = self._sets.get(key)
        if held is not None:
            return held.number
        content = self._content(group)
        self._denied.pop(key, None)
        if len(content) > MAX_PATHS:
            self._denied[key] = VerdictSet.UNSUPPORTED
            return VerdictSet.UNSUPPORTED
        number = self._pool.take()
        if number is None:
            self._denied[key] = VerdictSet.FULL
            return VerdictSet.FULL
        made = _Set(number, key, content)
        self._wire(made)
        self._sets[key] = self._numbers[number] = made
        start = number * SET_WORDS
        self._image["sets"][start : start + SET_WORDS] = _set_words(made, key[1])
        self._fill.mark("sets", start, start + SET_WORDS)
        return number

    def release(self, number: int) -> None:
        """No leaf names the set any more, once the patch is published."""
        old = self._numbers.pop(number)
        if self._sets.get(old.key) is old:
            del self._sets[old.key]
        self._unwire(old)
        self._unwired.discard(number)
        self._pool.release([number])

    def _content(self, group: NexthopGroup) -> tuple[tuple[Adjacency, int], ...]:
        members = live_members(group, self.around.linkdown_ignored)
        return tuple((resolve(member, self.around), _weight(member)) for member in members)

    def _wire(self, made: _Set) -> None:
        """Adjacencies and members of a set's content; `paths` 0 (a punt) if they do not fit."""
        made.paths, made.ports, made.adjacencies, made.members = 0, 0, (), None
        for adjacency, _ in made.content:
            if adjacency.slot < PORTS:
                made.ports |= 1 << adjacency.slot
        taken = list(takewhile(bool, (self.adjacencies.acquire(a) or 0 for a, _ in made.content)))
        made.adjacencies = tuple(taken)
        self._unwired.discard(made.number)
        if len(taken) == len(made.content) == 1:
            made.paths = taken[0]
        elif taken and len(taken) == len(made.content):
            start = self._ranges.take(len(taken) + 1)
            if start is not None:
                made.members = (start, len(taken) + 1)
                made.paths = PATHS_MANY | start
                self._write_members(start, [weight for _, weight in made.content], taken)
        if made.content and not made.paths:
            self._unwired.add(made.number)

    def _write_members(self, start: int, weights: list[int], adjacencies: list[int]) -> None:
        words = [len(adjacencies), 0]
        for bound, adjacency in zip(hash_bounds(weights), adjacencies, strict=True):
            words += [bound, adjacency]
        first = start * MEMBER_WORDS
        self._image["members"][first : first + len(words)] = words
        self._fill.mark("members", first, first + len(words))

    def _unwire(self, old: _Set) -> None:
        for index in old.adjacencies:
            self.adjacencies.release(index)
        if old.members:
            self._ranges.release(*old.members)

    def rewire(self, groups: list[NexthopGroup]) -> tuple[list[Store], list[SetKey]]:
        """Follow groups and surroundings: the swaps, and the keys that need number() again."""
        stores: list[Store] = []
        turned = []
        for key, held in list(self._sets.items()):
            content = self._content(groups[key[0]])
            if len(content) > MAX_PATHS:
                del self._sets[key]
                turned.append(key)
            elif content != held.content or held.number in self._unwired:
                stores += self._move(held, content)
        for key, verdict in list(self._denied.items()):
            many = len(self._content(groups[key[0]])) > MAX_PATHS
            if many != (verdict == VerdictSet.UNSUPPORTED) or (not many and self._pool.available):
                del self._denied[key]
                turned.append(key)
        return stores, turned

    def _move(self, held: _Set, content: tuple[tuple[Adjacency, int], ...]) -> list[Store]:
        """New ways for a live set: ports of old and new, then the ways, then the ports of new."""
        old = copy(held)
        held.content = content
        self._wire(held)
        self._unwire(old)
        start = held.number * SET_WORDS
        both = _port_words(old.ports | held.ports)
        stores = [] if old.ports == held.ports else [Store("sets", start + SET_PORTS, both)]
        if old.paths != held.paths:
            word = np.array([held.paths], dtype=np.uint32)
            stores.append(Store("sets", start + SET_PATHS, word))
        if old.ports | held.ports != held.ports:
            stores.append(Store("sets", start + SET_PORTS, _port_words(held.ports)))
        for store in stores:
            self._image["sets"][store.start : store.start + len(store.words)] = store.words
        return stores


def hash_bounds(weights: list[int]) -> list[int]:
    """The last 31-bit hash value of each member, as the kernel rounds."""
    total, cumulative, bounds = sum(weights), 0, []
    for weight in weights:
        cumulative += weight
        bounds.append(((cumulative << 31) + total // 2) // total - 1)
    return bounds


def _weight(member: Nexthop) -> int:
    return max(member.weight, 1)


def _port_words(ports: int) -> NDArray[np.uint32]:
    return np.array([ports & 0xFFFFFFFF, ports >> 32], dtype=np.uint32)


def _set_words(made: _Set, mtu: int) -> NDArray[np.uint32]:
    words = np.zeros(SET_WORDS, dtype=np.uint32)
    words[:3] = SET_VALID, made.paths, mtu
    words[SET_PORTS : SET_PORTS + 2] = _port_words(made.ports)
    return words

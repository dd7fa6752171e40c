"""The next-hop groups of the RIB, by number."""

import numpy as np
from numpy.typing import NDArray

from ebtop.model.prefix import Address
from ebtop.model.route import Nexthop, NexthopFlag, NexthopGroup

UNUSED_GROUP = NexthopGroup(0, ())
Plain = tuple[int, tuple[tuple[int, Address | None, int], ...]]


def live_members(group: NexthopGroup, ignored: frozenset[int]) -> tuple[Nexthop, ...]:
    """Members that the kernel would use: not dead, and with carrier where that matters.

    net/ipv4/fib_semantics.c fib_lookup_good_nhc, net/ipv6/route.c find_match.
    """
    return tuple(
        member
        for member in group.members
        if not member.flags & NexthopFlag.DEAD
        and not (member.flags & NexthopFlag.LINKDOWN and member.ifindex in ignored)
    )


class Groups:
    """Numbers for groups. A group of a next-hop object keeps its number when its members move."""

    def __init__(self) -> None:
        self.items: list[NexthopGroup] = []
        self.version = 0  # bumped when a number gets other content
        self.turned: list[int] = []  # numbers that died or rose by it, for the caller to clear
        self.dead: NDArray[np.bool_] = np.zeros(64, dtype=np.bool_)
        self.empty: NDArray[np.bool_] = np.zeros(64, dtype=np.bool_)
        self.plain: NDArray[np.uint32] = np.zeros(64, dtype=np.uint32)
        self.ignored: frozenset[int] = frozenset()
        self._numbers: dict[NexthopGroup | int, int] = {}
        self._plain_numbers: dict[Plain, int] = {}
        self._free: list[int] = []
        self._resting: list[int] = []

    def number(self, group: NexthopGroup, *, moves: bool = True) -> int:
        """The number of a group.

        A known next-hop object with other members gets these, if `moves`; what is deleted may
        name members that are gone already.
        """
        identity = group.nexthop_id or group
        number = self._numbers.get(identity)
        if number is None:
            return self._add(identity, group)
        if moves and self.items[number] != group:
            before = self.dead[number], self.empty[number]
            self._write(number, group)
            self.version += 1
            if before != (self.dead[number], self.empty[number]):
                self.turned.append(number)
        return number

    def _add(self, identity: NexthopGroup | int, group: NexthopGroup) -> int:
        if self._free:
            number = self._free.pop()
        else:
            number = len(self.items)
            self.items.append(group)
            if number == len(self.dead):
                self.dead = np.resize(self.dead, 2 * number)
                self.empty = np.resize(self.empty, 2 * number)
                self.plain = np.resize(self.plain, 2 * number)
        self._numbers[identity] = number
        self._write(number, group)
        return number

    def _write(self, number: int, group: NexthopGroup) -> None:
        self.items[number] = group
        self.empty[number] = not group.members
        self.dead[number] = bool(group.members) and not live_members(group, self.ignored)
        self._write_plain(number)

    def _write_plain(self, number: int) -> None:
        """Equal `plain` numbers: the same object, or the same members but for their flags."""
        group = self.items[number]
        members = () if group.nexthop_id else group.members
        plain = (group.nexthop_id, tuple((m.ifindex, m.gateway, m.weight) for m in members))
        self.plain[number] = self._plain_numbers.setdefault(plain, len(self._plain_numbers))

    def ignore_linkdown(self, ignored: frozenset[int]) -> NDArray[np.intp]:
        """Follow a change of the interfaces whose lost carrier counts; groups that died or rose."""
        self.ignored = ignored
        before = self.dead[: len(self.items)].copy()
        for number, group in enumerate(self.items):
            if any(member.flags & NexthopFlag.LINKDOWN for member in group.members):
                self.dead[number] = not live_members(group, ignored)
        return np.flatnonzero(before != self.dead[: len(self.items)])

    def retire(self, used: NDArray[np.uint32]) -> None:
        """Forget the groups that no route uses; their numbers rest until reclaim()."""
        unused = np.ones(len(self.items), dtype=np.bool_)
        unused[used] = False
        unused[self._free] = unused[self._resting] = False
        for number in np.flatnonzero(unused).tolist():
            group = self.items[number]
            del self._numbers[group.nexthop_id or group]
            self._resting.append(number)
            self.items[number] = UNUSED_GROUP
        if unused.any():
            self._plain_numbers.clear()
            for number in range(len(self.items)):
                self._write_plain(number)

    def reclaim(self) -> None:
        """Numbers that rested may be given out again."""
        self._free.extend(self._resting)
        self._resting.clear()

"""The FIB: the image that the maps hold, and the patches that bring them there."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ebtop.fib.adjacencies import Surroundings
from ebtop.fib.bulk import rebuild
from ebtop.fib.change import RibChange, no_change
from ebtop.fib.layout import (
    BLOCK_WORDS,
    FIRST_SET,
    INDIRECT_SET,
    LEAF_BLOCK,
    LEAF_ROUTE_SHIFT,
    LEAF_SET_MASK,
    ROOT_BITS,
    ROOTS,
    STRIDE,
    Capacity,
    VerdictSet,
    empty_image,
)
from ebtop.fib.nexthops import Nexthops, SetKey
from ebtop.fib.paint import Canvas
from ebtop.fib.patch import Dirty, NeighbourStore, Patch, Store
from ebtop.fib.rib import Rib
from ebtop.fib.select import FORWARD
from ebtop.model.prefix import ADDRESS_BITS, Address
from ebtop.model.snapshot import RowState

_FEW = 4000
_SHARE = 40
"""Beyond _FEW changes, and one in _SHARE of a family, compiling all of it is faster."""


class Fib:
    """One image. Install each patch before asking for the next; see Patch for the order."""

    def __init__(self, capacity: Capacity) -> None:
        self.capacity = capacity
        self._image = empty_image(capacity)
        self._fill = Dirty()
        self._publish = Dirty()
        self._canvas = Canvas(self._image, self._publish)
        self._nexthops = Nexthops(self._image, self._fill)
        self._leaves = np.zeros(capacity.routes, dtype=np.uint32)  # painted, by route id
        self._sets = np.zeros(capacity.routes, dtype=np.uint32)  # real set, by route id
        self._uses = np.zeros(capacity.sets, dtype=np.int64)  # routes, by set
        self._indirect = np.zeros(capacity.routes, dtype=np.bool_)  # as the maps have it
        self._answered: list[NDArray[np.uint32]] = []
        self._seen_groups = -1

    @property
    def image(self) -> Mapping[str, NDArray[np.uint32]]:
        """The shadow of the maps: flat words by array. Read it only."""
        return self._image

    @property
    def overflow(self) -> int:
        """Routes and regions that the maps have no room for; their packets are punted."""
        full = np.count_nonzero((self._leaves & LEAF_SET_MASK) == VerdictSet.FULL)
        return int(full) + sum(self._canvas.starved.values())

    def used(self) -> dict[str, int]:
        """Entries in use, by array."""
        routes = int(np.count_nonzero(self._leaves))
        return {"routes": routes, "blocks": self._canvas.pool.used} | self._nexthops.used()

    def adjacencies(self) -> dict[int, tuple[int, Address]]:
        """Of each resolved adjacency: interface and address of its neighbour."""
        return self._nexthops.adjacencies.neighbours()

    def neighbours(self) -> dict[bytes, int]:
        """The neighbour hash as the patches made it: key to adjacency."""
        return self._nexthops.adjacencies.hash()

    def rewire(self, rib: Rib, around: Surroundings) -> Patch:
        """Neighbours, ports, MACs or next-hop objects changed."""
        return self.update(rib, no_change(), around)

    def update(self, rib: Rib, change: RibChange, around: Surroundings) -> Patch:
        """Routes changed. A route id beyond the capacity is a ValueError."""
        if len(rib.columns["state"]) > self.capacity.routes:
            raise ValueError("The FIB has room for fewer routes than the RIB.")
        self._settle()
        moved = around != self._nexthops.around or rib.groups_version != self._seen_groups
        self._nexthops.around = around
        self._seen_groups = rib.groups_version
        self._answer(rib, change)
        self._answer(rib, rib.ignore_linkdown(around.linkdown_ignored))
        swaps: list[Store] = []
        neighbours: list[NeighbourStore] = []
        if moved or self._nexthops.wanting:
            neighbours = self._nexthops.adjacencies.follow_neighbours(around)
            swaps, turned = self._nexthops.rewire(rib.groups)
            for key in turned:
                self._answer(rib, self._users(rib, key))
        self._feed(rib)
        self._canvas.collapse()
        return self._patch(swaps, neighbours)

    def lookup(self, address: Address) -> tuple[int, int]:
        """Route id and set for an address, by the steps of the program."""
        bits, consumed = ADDRESS_BITS[address.family], ROOT_BITS[address.family]
        value = (address.high << 64 | address.low) >> (128 - bits)
        leaf = int(self._image[ROOTS[address.family]][value >> (bits - consumed)])
        while leaf >= LEAF_BLOCK:
            consumed += STRIDE
            byte = value >> (bits - consumed) & (BLOCK_WORDS - 1)
            leaf = int(self._image["blocks"][(leaf - LEAF_BLOCK) * BLOCK_WORDS + byte])
        route, number = leaf >> LEAF_ROUTE_SHIFT, leaf & LEAF_SET_MASK
        return route, int(self._image["route_sets"][route]) if number == INDIRECT_SET else number

    def _settle(self) -> None:
        """The last patch is installed and its grace period has passed."""
        self._canvas.settle()
        self._nexthops.settle()

    def _users(self, rib: Rib, key: SetKey) -> RibChange:
        """The painted routes of a group and MTU, to be answered again."""
        columns = rib.columns
        mine = (columns["group"] == key[0]) & (columns["mtu"] == key[1])
        mine &= (columns["state"] == RowState.BEST) & (columns["verdict"] == FORWARD)
        return rib.answers(np.flatnonzero(mine))

    def _answer(self, rib: Rib, change: RibChange) -> None:
        """Bring leaves and image to the answers of the changed prefixes."""
        if not len(change.prefixes):
            return
        before, after = change.before, change.after
        old = self._leaves[before]
        leaves = self._leaves_of(rib, before, after)
        self._leaves[before] = 0
        self._leaves[after] = leaves
        self._leaves[0] = 0
        self._canvas.beyond[after] = change.prefixes.length + 1
        self._canvas.beyond[0] = 0
        self._answered += [before, after]
        different = old != leaves
        for family in ROOTS:
            rows = np.flatnonzero(different & (change.prefixes.family == family))
            if len(rows) > _FEW and len(rows) > np.count_nonzero(self._leaves) // _SHARE:
                self._rebuild(rib, family)
            else:
                self._paint(rib, change, rows, old, leaves)

    def _paint(
        self,
        rib: Rib,
        change: RibChange,
        rows: NDArray[np.intp],
        old: NDArray[np.uint32],
        new: NDArray[np.uint32],
    ) -> None:
        leaves = zip(change.prefixes[rows], old[rows].tolist(), new[rows].tolist(), strict=True)
        for prefix, old_leaf, new_leaf in leaves:
            if not old_leaf:
                self._canvas.paint(prefix, new_leaf)
            else:
                heir = new_leaf or int(self._leaves[rib.cover(prefix)])
                self._canvas.repaint(prefix, old_leaf, heir)

    def _rebuild(self, rib: Rib, family: int) -> None:
        rows = np.flatnonzero(self._leaves)
        rows = rows[rib.columns["family"][rows] == family]
        rebuild(self._canvas, family, rib.prefixes(rows), self._leaves[rows])

    def _feed(self, rib: Rib) -> None:
        """Try again where blocks were missing, once a good part of them is free."""
        for family, starved in self._canvas.starved.items():
            if starved and self._canvas.pool.available * 8 >= self.capacity.blocks:
                self._rebuild(rib, family)

    def _leaves_of(
        self, rib: Rib, before: NDArray[np.uint32], after: NDArray[np.uint32]
    ) -> NDArray[np.uint32]:
        """The leaf of each row, with its set; the uses of sets follow."""
        sets = self._sets_of(rib, after)
        real = np.where(sets >= FIRST_SET, sets, 0).astype(np.uint32)
        left = self._sets[before]
        np.add.at(self._uses, real, 1)
        np.subtract.at(self._uses, left, 1)
        self._sets[before] = 0
        self._sets[after] = real
        self._sets[0] = 0
        self._direct(after, real)
        for number in np.unique(left).tolist():
            if number and not self._uses[number]:
                self._nexthops.release(number)
        leaves = after << LEAF_ROUTE_SHIFT | np.minimum(sets, INDIRECT_SET)
        return np.where(after > 0, leaves, 0).astype(np.uint32)

    def _direct(self, after: NDArray[np.uint32], real: NDArray[np.uint32]) -> None:
        """Write the side array for sets that a leaf has no room to name."""
        far = real >= INDIRECT_SET
        rows, words = after[far], self._image["route_sets"]
        changed = words[rows] != real[far]
        rows, numbers = rows[changed], real[far][changed]
        words[rows] = numbers
        reachable = self._indirect[rows]
        self._publish.mark_words("route_sets", np.sort(rows[reachable]).astype(np.intp))
        self._fill.mark_words("route_sets", np.sort(rows[~reachable]).astype(np.intp))

    def _sets_of(self, rib: Rib, rows: NDArray[np.uint32]) -> NDArray[np.uint32]:
        """The set of each row's answer, or its verdict."""
        columns = rib.columns
        sets = columns["verdict"][rows].astype(np.uint32)
        forward = np.flatnonzero((sets == FORWARD) & (rows > 0))
        group, mtu = columns["group"][rows[forward]], columns["mtu"][rows[forward]]
        joined = group.astype(np.uint64) << np.uint64(32) | mtu
        pairs, inverse = np.unique(joined, return_inverse=True)
        numbers = [
            self._nexthops.number((pair >> 32, pair & 0xFFFFFFFF), rib.groups[pair >> 32])
            for pair in pairs.tolist()
        ]
        sets[forward] = np.array(numbers, dtype=np.uint32)[inverse]
        return sets

    def _patch(self, swaps: list[Store], neighbours: list[NeighbourStore]) -> Patch:
        canvas = self._canvas
        new = np.flatnonzero(canvas.new)
        late = self._publish.split_blocks(canvas.new, canvas.dropped)
        self._fill.mark_runs("blocks", new * BLOCK_WORDS, (new + 1) * BLOCK_WORDS)
        frees = self._follow_indirect() or canvas.pool.resting or self._nexthops.resting
        return Patch(
            fill=tuple(self._fill.take(self._image)),
            publish=(*swaps, *self._publish.take(self._image), *late.take(self._image)),
            neighbours=tuple(neighbours),
            frees=frees,
        )

    def _follow_indirect(self) -> bool:
        """Note which leaves the maps now have indirect; whether a side entry fell out of use."""
        if not self._answered:
            return False
        rows = np.concatenate(self._answered)
        self._answered.clear()
        now = (self._leaves[rows] & LEAF_SET_MASK) == INDIRECT_SET
        ended = bool((self._indirect[rows] & ~now).any())
        self._indirect[rows] = now
        return ended

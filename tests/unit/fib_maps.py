"""The maps as the program sees them: patches go in, packets are looked up."""

import struct
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from ebtop.fib.layout import Capacity, empty_image
from ebtop.fib.patch import Patch, Store
from ebtop.model.prefix import Address

Hop = tuple[int, int, bytes]


class Maps:
    def __init__(self, capacity: Capacity) -> None:
        self.arrays = empty_image(capacity)
        self.neighbours: dict[bytes, int] = {}

    def install(self, patch: Patch, after_each: Callable[[], None] = lambda: None) -> None:
        for store in patch.fill:
            self._store(store)
        after_each()
        for entry in patch.neighbours:
            if entry.adjacency is None:
                del self.neighbours[entry.key]
            else:
                self.neighbours[entry.key] = entry.adjacency
        for store in patch.publish:
            self._store(store)
            after_each()

    def _store(self, store: Store) -> None:
        self.arrays[store.array][store.start : store.start + len(store.words)] = store.words

    def lookup(self, address: Address) -> tuple[int, int]:
        data = address.packed
        if address.family == 4:
            leaf, rest = self.arrays["root4"][int.from_bytes(data[:3], "big")], data[3:]
        else:
            leaf, rest = self.arrays["root6"][int.from_bytes(data[:2], "big")], data[2:]
        for byte in rest:
            if not leaf >> 31:
                break
            leaf = self.arrays["blocks"][(int(leaf) & 0x7FFFFFFF) * 256 + byte]
        assert not leaf >> 31
        route, number = int(leaf) >> 10, int(leaf) & 1023
        return route, int(self.arrays["route_sets"][route]) if number == 1023 else number

    def set_words(self, number: int) -> tuple[int, ...]:
        return tuple(self.arrays["sets"][number * 8 : number * 8 + 8].tolist())

    def hops(self, number: int) -> list[tuple[int, Hop]]:
        """Bound and adjacency of each path of a set; a single one has the highest bound."""
        flags, paths, *_ = self.set_words(number)
        assert flags == 1
        if not paths:
            return []
        if not paths >> 31:
            return [((1 << 31) - 1, self.adjacency(paths))]
        start = (paths & 0x7FFFFFFF) * 2
        count = int(self.arrays["members"][start])
        words = self.arrays["members"][start + 2 : start + 2 + 2 * count].tolist()
        return [(words[i], self.adjacency(words[i + 1])) for i in range(0, len(words), 2)]

    def adjacency(self, index: int) -> Hop:
        assert index
        words = self.arrays["adjacencies"][index * 8 : index * 8 + 8]
        return int(words[0]), int(words[1]), words[2:5].tobytes()

    def connected(self, slot: int, address: Address) -> Hop | None:
        key = struct.pack("=16sHH", address.packed, slot, address.family)
        index = self.neighbours.get(key)
        return None if index is None else self.adjacency(index)

    def reachable(self) -> set[tuple[str, int]]:
        """Rows of each array that a packet may come to now."""
        tops = [self.arrays["root4"][10 << 16 : 11 << 16], self.arrays["root6"]]
        leaves = [int(leaf) for top in tops for leaf in np.unique(top)]
        found: set[tuple[str, int]] = set()
        while leaves:
            leaf = leaves.pop()
            if leaf >> 31:
                block = leaf & 0x7FFFFFFF
                found.add(("blocks", block))
                leaves += np.unique(self.arrays["blocks"][block * 256 : block * 256 + 256]).tolist()
            elif leaf & 1023 == 1023:
                found |= self._reachable_from(int(self.arrays["route_sets"][leaf >> 10]))
            elif leaf & 1023 >= 16:
                found |= self._reachable_from(leaf & 1023)
        return found | {("adjacencies", index) for index in self.neighbours.values()}

    def _reachable_from(self, number: int) -> set[tuple[str, int]]:
        paths = self.set_words(number)[1]
        if not paths >> 31:
            return {("sets", number), ("adjacencies", paths)}
        start = paths & 0x7FFFFFFF
        rows = range(start, start + 1 + int(self.arrays["members"][start * 2]))
        ways = {("adjacencies", int(self.arrays["members"][row * 2 + 1])) for row in rows[1:]}
        return {("sets", number), *(("members", row) for row in rows), *ways}

    def equal(self, image: Mapping[str, NDArray[np.uint32]]) -> bool:
        """Compared where the tests write: root4 only within 10.0.0.0/8."""
        part = slice(10 << 16, 11 << 16)
        return all(
            np.array_equal(words[part], image[name][part])
            if name == "root4"
            else np.array_equal(words, image[name])
            for name, words in self.arrays.items()
        )

"""Changing the leaves of one prefix at a time.

Every leaf carries the id of the route that owns it, so who may overwrite it is known from the
leaf itself: a prefix takes the leaves in its range whose owner is not longer.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ebtop.fib.layout import (
    BLOCK_WORDS,
    LEAF_BLOCK,
    LEAF_ROUTE_MASK,
    LEAF_ROUTE_SHIFT,
    MAX_ROUTES,
    ROOT_BITS,
    ROOTS,
    STARVED,
    STRIDE,
)
from ebtop.fib.patch import Dirty
from ebtop.fib.pool import Pool
from ebtop.model.prefix import ADDRESS_BITS, Prefix

_CHUNK = 1 << 16
Test = Callable[[NDArray[np.uint32]], NDArray[np.bool_]]


class Canvas:
    """Roots and blocks, and where each block hangs."""

    def __init__(self, image: dict[str, NDArray[np.uint32]], dirty: Dirty) -> None:
        self.image = image
        self.dirty = dirty
        count = len(image["blocks"]) // BLOCK_WORDS
        self.pool = Pool(0, count)
        self.beyond = np.zeros(MAX_ROUTES, dtype=np.uint8)  # length of each owner plus one; 0: none
        self.new = np.zeros(count, dtype=np.bool_)  # blocks that this patch fills
        self.dropped = np.zeros(count, dtype=np.bool_)  # blocks that this patch lets go
        self.parent = np.zeros(count, dtype=np.int64)  # word of the slot a block hangs in
        self.level = np.zeros(count, dtype=np.uint8)  # 1: hangs in the root; 0: not in use
        self.family = np.zeros(count, dtype=np.uint8)
        self.starved = {4: 0, 6: 0}  # slots that found no block since the last rebuild
        self._touched: set[int] = set()

    @property
    def blocks(self) -> NDArray[np.uint32]:
        """All blocks, one a row."""
        return self.image["blocks"].reshape(-1, BLOCK_WORDS)

    def slot_array(self, family: int, level: int) -> str:
        """The array in which blocks of a level hang."""
        return ROOTS[family] if level == 1 else "blocks"

    def paint(self, prefix: Prefix, leaf: int) -> None:
        """Give a new prefix its leaves."""
        beyond, length = self.beyond, prefix.length

        def shorter(leaves: NDArray[np.uint32]) -> NDArray[np.bool_]:
            owners = (leaves >> LEAF_ROUTE_SHIFT) & LEAF_ROUTE_MASK
            result: NDArray[np.bool_] = beyond[owners] <= length
            result &= (leaves < LEAF_BLOCK) & (leaves != STARVED)
            return result

        self._sweep(self._locate(prefix, split=True), shorter, leaf)

    def repaint(self, prefix: Prefix, old: int, new: int) -> None:
        """Change the leaves that a prefix owns."""
        self._sweep(self._locate(prefix, split=False), lambda leaves: leaves == old, new)

    def _locate(self, prefix: Prefix, *, split: bool) -> tuple[str, int, int] | None:
        """The slots of a prefix on its own level; None if they are not there."""
        bits, consumed = ADDRESS_BITS[prefix.family], ROOT_BITS[prefix.family]
        value = (prefix.high << 64 | prefix.low) >> (128 - bits)
        array, word = ROOTS[prefix.family], value >> (bits - consumed)
        if prefix.length <= consumed:
            return array, word, word + (1 << (consumed - prefix.length))
        level = 1
        while True:
            leaf = int(self.image[array][word])
            if leaf >= LEAF_BLOCK:
                block = leaf - LEAF_BLOCK
            elif not split or leaf == STARVED:
                return None
            else:
                taken = self._split(prefix.family, level, array, word)
                if taken is None:
                    return None
                block = taken
            byte = value >> (bits - consumed - STRIDE) & (BLOCK_WORDS - 1)
            array, word = "blocks", block * BLOCK_WORDS + byte
            consumed += STRIDE
            level += 1
            if prefix.length <= consumed:
                return array, word, word + (1 << (consumed - prefix.length))

    def _split(self, family: int, level: int, array: str, word: int) -> int | None:
        """Hang a block of its leaf into a slot; the slot starves if there is none."""
        words = self.image[array]
        block = self.pool.take()
        self.dirty.mark(array, word, word + 1)
        if array == "blocks":
            self._touched.add(word // BLOCK_WORDS)
        if block is None:
            words[word] = STARVED
            self.starved[family] += 1
            return None
        self.blocks[block] = words[word]
        words[word] = LEAF_BLOCK | block
        self.adopt(np.array([block]), family, level, np.array([word]))
        self._touched.add(block)
        return block

    def adopt(
        self, blocks: NDArray[np.integer], family: int, level: int, parents: NDArray[np.int64]
    ) -> None:
        """Note where new blocks hang."""
        self.new[blocks] = True
        self.parent[blocks], self.level[blocks], self.family[blocks] = parents, level, family

    def _sweep(self, place: tuple[str, int, int] | None, test: Test, leaf: int) -> None:
        """Write a leaf wherever the test holds, from a run of slots down to the last block."""
        if place is None:
            return
        array, start, stop = place
        if array == "blocks":
            self._touched.add(start // BLOCK_WORDS)
        below = []
        for first in range(start, stop, _CHUNK):
            leaves = self.image[array][first : min(first + _CHUNK, stop)]
            hit = test(leaves)
            blocks = leaves[leaves >= LEAF_BLOCK]
            if len(blocks):
                below.append(blocks)
            if hit.any():
                leaves[hit] = leaf
                self.dirty.mark_where(array, first, hit)
        if below:
            self._sweep_blocks(np.concatenate(below), test, leaf)

    def _sweep_blocks(self, pointers: NDArray[np.uint32], test: Test, leaf: int) -> None:
        while len(pointers):
            blocks = (pointers & np.uint32(LEAF_BLOCK - 1)).astype(np.intp)
            leaves = self.blocks[blocks]
            rows, columns = np.nonzero(test(leaves))
            words = blocks[rows] * BLOCK_WORDS + columns
            self.image["blocks"][words] = leaf
            self.dirty.mark_words("blocks", words)
            self._touched.update(blocks[np.unique(rows)].tolist())
            pointers = leaves[leaves >= LEAF_BLOCK]

    def collapse(self) -> None:
        """Free the touched blocks that say one thing: last of all, when their words are final."""
        while self._touched:
            blocks = np.array(sorted(self._touched), dtype=np.intp)
            blocks = blocks[self.level[blocks] > 0]
            self._touched.clear()
            first = self.blocks[blocks, 0]
            even = (first < LEAF_BLOCK) & (self.blocks[blocks] == first[:, None]).all(axis=1)
            for block, leaf in zip(blocks[even].tolist(), first[even].tolist(), strict=True):
                array = self.slot_array(int(self.family[block]), int(self.level[block]))
                word = int(self.parent[block])
                self.image[array][word] = leaf
                self.dirty.mark(array, word, word + 1)
                if array == "blocks":
                    self._touched.add(word // BLOCK_WORDS)
            self.drop(blocks[even])

    def drop(self, blocks: NDArray[np.intp]) -> None:
        """Blocks that hang nowhere any more."""
        self.level[blocks] = 0
        self.dropped[blocks] = True
        self.pool.release(blocks.tolist())

    def settle(self) -> None:
        """A grace period has passed since the last patch."""
        self.pool.settle()
        self.new[:] = self.dropped[:] = False

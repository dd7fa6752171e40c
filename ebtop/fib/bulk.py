"""Compiling a whole family at once: for the first load, and where most of it changes.

The result is the same image as painting prefix by prefix gives; blocks stay where they are.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ebtop.fib.layout import BLOCK_WORDS, LEAF_BLOCK, ROOT_BITS, ROOTS, STARVED, STRIDE
from ebtop.fib.paint import Canvas
from ebtop.fib.prefixes import PrefixColumns
from ebtop.model.prefix import ADDRESS_BITS


@dataclass(slots=True, eq=False)
class _Level:
    """The blocks of one level, in columns: number, content, and word of the parent slot."""

    blocks: NDArray[np.intp]
    leaves: NDArray[np.uint32]  # (blocks, 256)
    parents: NDArray[np.int64]
    kept: NDArray[np.bool_]  # hung there before


def rebuild(
    canvas: Canvas, family: int, prefixes: PrefixColumns, leaves: NDArray[np.uint32]
) -> None:
    """Make one family's part of the image what these prefixes (of it, distinct) say."""
    order = np.argsort(prefixes.length, kind="stable")
    prefixes, leaves = prefixes[order], leaves[order]
    bits, consumed = ADDRESS_BITS[family], ROOT_BITS[family]
    canvas.starved[family] = 0
    root = np.zeros(1 << consumed, dtype=np.uint32)
    slot = (prefixes.high >> np.uint64(64 - consumed)).astype(np.intp)
    lengths = range(consumed + 1)
    _paint(root.reshape(1, -1), (np.zeros_like(slot), slot), prefixes, leaves, lengths)
    levels: list[_Level] = []
    parent: NDArray[np.uint32] = root
    base: _Level | None = None
    rows = np.flatnonzero(prefixes.length > consumed)
    slot = slot[rows]
    while len(rows):
        level, inverse = _hang(canvas, family, (len(levels) + 1, parent, base), slot)
        rows, inverse = rows[inverse >= 0], inverse[inverse >= 0]
        levels.append(level)
        byte = _byte(prefixes[rows], consumed)
        consumed += STRIDE
        first = consumed - STRIDE + 1
        _paint(
            level.leaves, (inverse, byte), prefixes[rows], leaves[rows], range(first, consumed + 1)
        )
        deeper = prefixes.length[rows] > consumed
        rows, slot = rows[deeper], (inverse * BLOCK_WORDS + byte)[deeper]
        parent, base = level.leaves.reshape(-1), level
    assert consumed <= bits
    _commit(canvas, family, root, levels)


def _byte(prefixes: PrefixColumns, consumed: int) -> NDArray[np.intp]:
    """The eight bits behind those consumed."""
    if consumed < 64:
        shifted = prefixes.high >> np.uint64(64 - consumed - STRIDE)
    else:
        shifted = prefixes.low >> np.uint64(128 - consumed - STRIDE)
    return (shifted & np.uint64(BLOCK_WORDS - 1)).astype(np.intp)


def _paint(
    words: NDArray[np.uint32],
    place: tuple[NDArray[np.intp], NDArray[np.intp]],
    prefixes: PrefixColumns,
    leaves: NDArray[np.uint32],
    lengths: range,
) -> None:
    """Paint what ends on a level, short before long.

    `place` is the row of `words` and the slot in it that each prefix begins at.
    """
    row, slot = place
    width = words.shape[1].bit_length() - 1
    for length in lengths:
        start, stop = np.searchsorted(prefixes.length, [length, length + 1])
        if start < stop:
            depth = width - (lengths[-1] - length)
            spans = words.reshape(len(words), 1 << depth, -1)
            spans[row[start:stop], slot[start:stop] >> (width - depth)] = leaves[start:stop, None]


def _hang(
    canvas: Canvas,
    family: int,
    above: tuple[int, NDArray[np.uint32], _Level | None],
    slot: NDArray[np.intp],
) -> tuple[_Level, NDArray[np.intp]]:
    """Blocks for the slots that need one, and for each row its block's place in the level.

    Slots that hold one now keep it. Those that find none starve, and their rows get -1.
    """
    number, parent, base = above
    slots, inverse = np.unique(slot, return_inverse=True)
    if base is None:
        words, old = slots.astype(np.int64), canvas.image[ROOTS[family]][slots]
    else:
        place = slots // BLOCK_WORDS
        words = base.blocks[place] * BLOCK_WORDS + slots % BLOCK_WORDS
        old = np.where(base.kept[place], canvas.image["blocks"][words], 0)
    kept = old >= LEAF_BLOCK
    blocks = (old & np.uint32(LEAF_BLOCK - 1)).astype(np.intp)
    wanting = np.flatnonzero(~kept)
    taken = canvas.pool.take_many(len(wanting))
    blocks[wanting[: len(taken)]] = taken
    canvas.adopt(taken, family, number, words[wanting[: len(taken)]])
    starving = wanting[len(taken) :]
    leaves = np.repeat(parent[slots][:, None], BLOCK_WORDS, axis=1)
    parent[slots] = LEAF_BLOCK | blocks.astype(np.uint32)
    parent[slots[starving]] = STARVED
    canvas.starved[family] += len(starving)
    fed = np.ones(len(slots), dtype=np.bool_)
    fed[starving] = False
    place = np.where(fed, np.cumsum(fed) - 1, -1)
    return _Level(blocks[fed], leaves[fed], words[fed], kept[fed]), place[inverse]


def _commit(canvas: Canvas, family: int, root: NDArray[np.uint32], levels: list[_Level]) -> None:
    """Write what differs; blocks that no longer hang anywhere rest."""
    image = canvas.image[ROOTS[family]]
    canvas.dirty.mark_where(ROOTS[family], 0, image != root)
    image[:] = root
    stale = (canvas.level > 0) & (canvas.family == family)
    for level in levels:
        stale[level.blocks] = False
        changed = (canvas.blocks[level.blocks] != level.leaves) & level.kept[:, None]
        rows, columns = np.nonzero(changed)
        canvas.dirty.mark_words("blocks", level.blocks[rows] * BLOCK_WORDS + columns)
        canvas.blocks[level.blocks] = level.leaves
    canvas.drop(np.flatnonzero(stale))

"""Route messages in bulk: netlink bytes -> columns.

A table holds few shapes of message: those of one length whose attributes stand at the same
places. Each shape becomes a matrix of 32-bit words, of which whole columns are cut. Next hops
and metrics repeat as well: each distinct byte string of them is decoded once.
"""

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from ebtop.kernel.decode_nexthops import (
    FAMILIES,
    MEMBER_FLAGS,
    RouteAttribute,
    decode_group,
    decode_mtu,
)
from ebtop.kernel.netlink import (
    ATTRIBUTE_TYPE_MASK,
    HEADER,
    NLM_F_APPEND,
    NLM_F_REPLACE,
    MalformedMessage,
    MessageIndex,
    MessageType,
    index_messages,
)
from ebtop.model.columns import RouteColumns, RouteEvent, empty_columns
from ebtop.model.prefix import ADDRESS_BITS, mask_columns
from ebtop.model.route import NexthopGroup, RouteType

_ATTRIBUTE = struct.Struct("=HH")
_WORD = struct.Struct("=I")
_ROUTE_HEADER_BYTES = HEADER.size + 12  # nlmsghdr and rtmsg
_RTM_FLAGS_WORD = 6
_RTM_F_CLONED = 0x200
_CACHEINFO_EXPIRES_WORD = 2  # of rta_cacheinfo
_CLOCK_TICKS_HZ = os.sysconf("SC_CLK_TCK")
_CHUNK_ROWS = 1 << 16  # a matrix of so many routes stays in the cache

# Attributes that XDP honours, and those that do not change where a packet goes: PREFSRC is for
# local senders, PREF orders routes of one metric that are no equal-cost set.
_KNOWN = set(RouteAttribute)
_NEXTHOP_ATTRIBUTES = (
    RouteAttribute.OIF,
    RouteAttribute.GATEWAY,
    RouteAttribute.VIA,
    RouteAttribute.MULTIPATH,
    RouteAttribute.NH_ID,
)
_U32_BYTES = {
    RouteAttribute.TABLE: 4,
    RouteAttribute.PRIORITY: 4,
    RouteAttribute.OIF: 4,
    RouteAttribute.NH_ID: 4,
    RouteAttribute.CACHEINFO: 32,
}

Words = NDArray[np.uint32]
Rows = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class _Shape:
    """Messages of one family with the same attributes at the same places."""

    family: int  # 4 or 6
    rows: Rows  # of the columns
    words: Words  # one message a row
    attributes: dict[int, tuple[int, int]]  # type -> (first byte, size)

    def words_of(self, attribute: int) -> Words:
        """The words that hold the attribute's payload."""
        first, size = self.attributes[attribute]
        return self.words[:, first // 4 : (first + size + 3) // 4]

    def pick(self, row: int) -> dict[int, memoryview]:
        """The attributes of one message."""
        data = memoryview(self.words[row].tobytes())
        return {kind: data[first : first + size] for kind, (first, size) in self.attributes.items()}


@dataclass(slots=True)
class _Groups:
    """Numbers for the groups of next hops, in the order in which they are met."""

    numbers: dict[NexthopGroup, int] = field(default_factory=dict)

    def number(self, group: NexthopGroup) -> int:
        return self.numbers.setdefault(group, len(self.numbers))


def decode_routes(buffer: bytes | bytearray | memoryview) -> RouteColumns:
    """The RTM_NEWROUTE and RTM_DELROUTE messages of a buffer, both families, in their order.

    Other messages and entries of the kernel's cache (RTM_F_CLONED) are skipped. Metrics are
    as the kernel counts them, 0 where IPv4 has none. Raises MalformedMessage on bytes that no
    kernel sends.
    """
    return decode_indexed_routes(index_messages(buffer))


def decode_indexed_routes(index: MessageIndex) -> RouteColumns:
    """`decode_routes` for a buffer that was walked already."""
    messages = _route_messages(index)
    columns = empty_columns(len(messages))
    groups = _Groups()
    _fill_headers(columns, index, messages)
    for shape in _shapes(columns, index, messages):
        _check_sizes(shape)
        _fill_prefix(columns, shape)
        _fill_scalars(columns, shape)
        _fill_groups(columns, shape, groups)
    _check_prefixes(columns)
    return replace(columns, groups=tuple(groups.numbers))


def _route_messages(index: MessageIndex) -> Rows:
    """Rows of the index that are routes."""
    kinds = (MessageType.NEWROUTE, MessageType.DELROUTE)
    rows = np.flatnonzero(np.isin(index.type, kinds))
    if rows.size and int(index.length[rows].min()) < _ROUTE_HEADER_BYTES:
        raise MalformedMessage("a route message shorter than its header")
    start = index.start[rows]
    cloned = (index.words[start + _RTM_FLAGS_WORD] & _RTM_F_CLONED).astype(bool)
    family = index.words.view(np.uint8)[start * 4 + HEADER.size]
    routes: Rows = rows[np.isin(family, list(FAMILIES)) & ~cloned]
    return routes


def _fill_headers(columns: RouteColumns, index: MessageIndex, messages: Rows) -> None:
    flags = index.flags[messages]
    columns.event[:] = RouteEvent.ADDED
    columns.event[(flags & NLM_F_APPEND) != 0] = RouteEvent.APPENDED
    columns.event[(flags & NLM_F_REPLACE) != 0] = RouteEvent.REPLACED
    columns.event[index.type[messages] == MessageType.DELROUTE] = RouteEvent.DELETED
    data = index.words.view(np.uint8)
    first = index.start[messages] * 4 + HEADER.size
    family = np.zeros(256, dtype=np.uint8)
    family[list(FAMILIES)] = list(FAMILIES.values())
    columns.family[:] = family[data[first]]
    names = ("length", "source_length", "tos", "table", "protocol", "scope", "type")
    for offset, name in enumerate(names, start=1):
        getattr(columns, name)[:] = data[first + offset]
    columns.flags[:] = index.words[index.start[messages] + _RTM_FLAGS_WORD]


def _shapes(columns: RouteColumns, index: MessageIndex, messages: Rows) -> Iterator[_Shape]:
    length = index.length[messages]
    kind = length.astype(np.uint64) << np.uint64(8) | columns.family
    order = np.argsort(kind, kind="stable")
    borders = np.flatnonzero(np.diff(kind[order])) + 1
    for same in np.split(order, borders) if order.size else []:
        size = int(length[same[0]])
        windows = sliding_window_view(index.words, (size + 3) // 4)
        for begin in range(0, len(same), _CHUNK_ROWS):
            rows = same[begin : begin + _CHUNK_ROWS]
            words = windows[index.start[messages[rows]]]
            for part, attributes in _layouts(words, size):
                family = int(columns.family[rows[0]])
                yield _Shape(family, rows[part], words[part], attributes)


def _layouts(words: Words, size: int) -> Iterator[tuple[Rows | slice, dict[int, tuple[int, int]]]]:
    """Split messages of one length by where their attributes stand."""
    whole: Rows | slice = slice(None)
    work = [(whole, _ROUTE_HEADER_BYTES, dict[int, tuple[int, int]]())]
    while work:
        part, position, attributes = work.pop()
        if position >= size:
            yield part, attributes
            continue
        if size - position < _ATTRIBUTE.size:
            raise MalformedMessage(f"{size - position} stray bytes behind a route's attributes")
        heads = words[part, position // 4]
        for head, same in _split(heads):
            length, kind = _ATTRIBUTE.unpack(_WORD.pack(head))
            if length < _ATTRIBUTE.size or position + length > size:
                raise MalformedMessage(f"a route's attribute of {length} bytes at {position}")
            found = attributes | {kind & ATTRIBUTE_TYPE_MASK: (position + 4, length - 4)}
            rows = part if same is None else np.arange(len(words))[part][same]
            work.append((rows, position + (length + 3 & ~3), found))


def _split(values: Words) -> list[tuple[int, Rows | None]]:
    """The distinct values, each with its rows; None stands for all rows."""
    if (values == values[0]).all():
        return [(int(values[0]), None)]
    order = np.argsort(values, kind="stable")
    borders = np.flatnonzero(np.diff(values[order])) + 1
    return [(int(values[same[0]]), same) for same in np.split(order, borders)]


def _check_sizes(shape: _Shape) -> None:
    address_bytes = ADDRESS_BITS[shape.family] // 8
    sizes = _U32_BYTES | dict.fromkeys((RouteAttribute.DST, RouteAttribute.SRC), address_bytes)
    for kind, size in sizes.items():
        if kind in shape.attributes and shape.attributes[kind][1] != size:
            found = shape.attributes[kind][1]
            raise MalformedMessage(f"attribute {kind.name} of {found} bytes instead of {size}")


def _fill_prefix(columns: RouteColumns, shape: _Shape) -> None:
    pairs = (
        (RouteAttribute.DST, columns.high, columns.low),
        (RouteAttribute.SRC, columns.source_high, columns.source_low),
    )
    for kind, high, low in pairs:
        if kind not in shape.attributes:
            continue
        parts = shape.words_of(kind).view(">u4").astype(np.uint64)
        if shape.family == 4:
            high[shape.rows] = parts[:, 0] << np.uint64(32)
        else:
            high[shape.rows] = parts[:, 0] << np.uint64(32) | parts[:, 1]
            low[shape.rows] = parts[:, 2] << np.uint64(32) | parts[:, 3]


def _fill_scalars(columns: RouteColumns, shape: _Shape) -> None:
    rows, present = shape.rows, shape.attributes.keys()
    if RouteAttribute.TABLE in present:
        columns.table[rows] = shape.words_of(RouteAttribute.TABLE)[:, 0]
    if RouteAttribute.PRIORITY in present:
        columns.metric[rows] = shape.words_of(RouteAttribute.PRIORITY)[:, 0]
    if RouteAttribute.CACHEINFO in present:
        words = shape.words_of(RouteAttribute.CACHEINFO)[:, _CACHEINFO_EXPIRES_WORD]
        ticks = words.astype(np.int32)
        columns.lifetime_s[rows] = np.where(ticks == 0, np.inf, ticks / _CLOCK_TICKS_HZ)
    if RouteAttribute.METRICS in present:
        inverse, samples = _distinct(list(shape.words_of(RouteAttribute.METRICS).T), len(rows))
        mtus = [decode_mtu(shape.pick(row)[RouteAttribute.METRICS]) for row in samples]
        columns.mtu[rows] = np.array(mtus, dtype=np.uint32)[inverse]


def _fill_groups(columns: RouteColumns, shape: _Shape, groups: _Groups) -> None:
    present = shape.attributes.keys()
    keys = [
        column
        for kind in _NEXTHOP_ATTRIBUTES
        if kind in present
        for column in shape.words_of(kind).T
    ]
    flags = shape.words[:, _RTM_FLAGS_WORD]
    inverse, samples = _distinct([flags & np.uint32(MEMBER_FLAGS), *keys], len(flags))
    decoded = [decode_group(shape.family, int(flags[row]), shape.pick(row)) for row in samples]
    numbers = np.array([groups.number(one.group) for one in decoded], dtype=np.uint32)
    strange = np.array([one.unsupported for one in decoded], dtype=np.bool_)
    bare = np.array([not one.group.members for one in decoded], dtype=np.bool_)
    unicast = columns.type[shape.rows] == RouteType.UNICAST
    columns.group[shape.rows] = numbers[inverse]
    # A unicast route may name an object alone (nexthop_compat_mode 0): its next hops are not here.
    columns.unsupported[shape.rows] = (
        strange[inverse]
        | (bare[inverse] & unicast)
        | (unicast & (RouteAttribute.FLOW in present))
        | (not present <= _KNOWN)
    )


def _distinct(keys: list[Words], rows: int) -> tuple[Rows, list[int]]:
    """Number the rows by their keys; and for each number a row that has it."""
    inverse = np.zeros(rows, dtype=np.uint64)
    count = 1
    for key in keys:
        if (key == key[0]).all():
            continue
        combined = inverse << np.uint64(32) | key
        values = np.unique(combined)
        inverse = np.searchsorted(values, combined).astype(np.uint64)
        count = len(values)
    numbers = inverse.astype(np.intp)
    samples = np.zeros(count, dtype=np.intp)
    samples[numbers] = np.arange(len(numbers))
    return numbers, samples.tolist()


def _check_prefixes(columns: RouteColumns) -> None:
    bits = np.where(columns.family == 4, ADDRESS_BITS[4], ADDRESS_BITS[6])
    destination = (columns.length, columns.high, columns.low)
    source = (columns.source_length, columns.source_high, columns.source_low)
    for length, high, low in (destination, source):
        if (length > bits).any():
            raise MalformedMessage("a prefix longer than an address of its family")
        mask_high, mask_low = mask_columns(length)
        if ((high & ~mask_high) | (low & ~mask_low)).any():
            raise MalformedMessage("a prefix with host bits")

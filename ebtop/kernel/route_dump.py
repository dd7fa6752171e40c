"""All routes of one table and family, for the few of them that somebody asks for."""

import errno
import struct
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ebtop.kernel.decode_nexthops import RouteAttribute
from ebtop.kernel.netlink import (
    HEADER,
    Dump,
    MalformedMessage,
    MessageType,
    index_messages,
    pack_attribute,
    read_dump,
)
from ebtop.kernel.route_message import FAMILY_NUMBERS, ROUTE_HEADER, RouteMessage, decode_route
from ebtop.model.prefix import Address, Prefix, mask

_LENGTH_BYTE = HEADER.size + 1  # rtm_dst_len


class TableDump:
    """A table at one moment; of a full one only the routes that are found are decoded.

    Raises OSError when the kernel refuses, MalformedMessage on nonsense.
    """

    def __init__(self, family: int, table: int) -> None:
        self._family = family
        self._data = _read_table(family, table).buffer
        index = index_messages(self._data)
        self._index = index
        routes = index.type == MessageType.NEWROUTE
        self._rows = np.flatnonzero(routes)
        lengths = index.words.view(np.uint8)[index.start[self._rows] * 4 + _LENGTH_BYTE]
        self._lengths: NDArray[np.uint8] = lengths

    def __len__(self) -> int:
        return len(self._rows)

    def find(self, prefix: Prefix) -> list[RouteMessage]:
        """The routes of a prefix, of every metric, in the kernel's order."""
        assert prefix.family == self._family
        rows = self._rows[self._lengths == prefix.length]
        if prefix.length:
            rows = rows[np.isin(rows, self._rows_with(prefix))]
        return [route for route in self._decode(rows) if route.prefix == prefix]

    def find_covering(self, address: Address) -> list[RouteMessage]:
        """The routes whose prefix the address lies in."""
        assert address.family == self._family
        found = []
        for length in np.unique(self._lengths).tolist():
            high, low = mask(length)
            found += self.find(
                Prefix(address.family, address.high & high, address.low & low, length)
            )
        return found

    def _rows_with(self, prefix: Prefix) -> list[int]:
        """Messages that hold the bytes of the prefix's address as an attribute RTA_DST."""
        address = Address(prefix.family, prefix.high, prefix.low).packed
        needle = pack_attribute(RouteAttribute.DST, address)
        starts = self._index.start * 4
        positions = list(_positions(self._data, needle))
        rows: list[int] = (np.searchsorted(starts, positions, side="right") - 1).tolist()
        return rows

    def _decode(self, rows: NDArray[np.intp]) -> Iterator[RouteMessage]:
        for _, body in self._index.bodies(rows):
            route = decode_route(body)
            if route is not None:
                yield route


def _positions(data: bytes, needle: bytes) -> Iterator[int]:
    position = data.find(needle)
    while position >= 0:
        yield position
        position = data.find(needle, position + 1)


def _read_table(family: int, table: int) -> Dump:
    body = ROUTE_HEADER.pack(FAMILY_NUMBERS[family], 0, 0, 0, 0, 0, 0, 0, 0)
    body += pack_attribute(RouteAttribute.TABLE, struct.pack("=I", table))
    try:
        dump = read_dump(MessageType.GETROUTE, body)
    except OSError as error:
        if error.errno == errno.ENOENT:  # a table that nobody ever used
            return Dump(b"", interrupted=False)
        raise
    if dump.interrupted:
        raise MalformedMessage("the table changed again and again while it was read")
    return dump

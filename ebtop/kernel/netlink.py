"""Route netlink on the wire: numbers, the walk over messages and attributes, and dumps.

Numbers are those of include/uapi/linux/{netlink,rtnetlink,if_link,if_addr,neighbour,nexthop}.h.
All integers are in host order. Only messages that the kernel itself sent are read.
"""

import itertools
import os
import socket
import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

SOL_NETLINK = 270
NETLINK_ADD_MEMBERSHIP = 1
NETLINK_GET_STRICT_CHK = 12

NLMSG_ERROR = 2
NLMSG_DONE = 3
NLM_F_REQUEST = 0x1
NLM_F_ACK = 0x4
NLM_F_DUMP_INTR = 0x10
NLM_F_DUMP = 0x300
NLM_F_REPLACE = 0x100
NLM_F_APPEND = 0x800
ATTRIBUTE_TYPE_MASK = 0x3FFF

HEADER = struct.Struct("=IHHII")  # nlmsghdr: length, type, flags, sequence, port id
_ATTRIBUTE = struct.Struct("=HH")  # nlattr: length, type
_ERROR = struct.Struct("=i")
_DATAGRAM_BYTES = 1 << 16  # the kernel fills at most 32 KiB, unless one message is longer
_RUN = 8  # messages of equal length in a row before the walk looks for more of them at once
_sequence = itertools.count(1)


class MessageType(IntEnum):
    """nlmsg_type of what is asked for and listened to."""

    NEWLINK = 16
    DELLINK = 17
    GETLINK = 18
    NEWADDR = 20
    DELADDR = 21
    GETADDR = 22
    NEWROUTE = 24
    DELROUTE = 25
    GETROUTE = 26
    NEWNEIGH = 28
    DELNEIGH = 29
    GETNEIGH = 30
    NEWRULE = 32
    DELRULE = 33
    NEWNETCONF = 80
    DELNETCONF = 81
    NEWNEXTHOP = 104
    DELNEXTHOP = 105
    GETNEXTHOP = 106


class MulticastGroup(IntEnum):
    """enum rtnetlink_groups."""

    LINK = 1
    NEIGH = 3
    IPV4_IFADDR = 5
    IPV4_ROUTE = 7
    IPV4_RULE = 8
    IPV6_IFADDR = 9
    IPV6_ROUTE = 11
    IPV6_RULE = 19
    IPV4_NETCONF = 24
    IPV6_NETCONF = 25
    NEXTHOP = 32


class MalformedMessage(ValueError):  # noqa: N818  it is what was received, not a fault of ours
    """Bytes that no kernel sends: a length that does not fit what it measures."""


@dataclass(frozen=True, slots=True, eq=False)
class MessageIndex:
    """Where the messages of a buffer start, and their headers, one row each.

    `words` is the buffer as 32-bit integers, padded to a multiple of four bytes.
    """

    words: NDArray[np.uint32]
    data: memoryview  # the same, as bytes
    start: NDArray[np.int64]  # in words
    length: NDArray[np.uint32]  # in bytes, header included
    type: NDArray[np.uint16]
    flags: NDArray[np.uint16]

    def bodies(self, rows: NDArray[np.intp] | None = None) -> Iterator[tuple[int, memoryview]]:
        """Type and payload of the messages at some rows, or of all."""
        for row in range(len(self.start)) if rows is None else rows.tolist():
            first = int(self.start[row]) * 4
            yield (
                int(self.type[row]),
                self.data[first + HEADER.size : first + int(self.length[row])],
            )


def index_messages(buffer: bytes | bytearray | memoryview) -> MessageIndex:
    """Walk a buffer of whole messages.

    Raises MalformedMessage where a length is below the header's or runs past the buffer.
    """
    size = len(buffer)
    data = memoryview(buffer if size % 4 == 0 else bytes(buffer) + bytes(-size % 4))
    words = np.frombuffer(data, dtype=np.uint32)
    start = _walk(words, data.cast("I"), size)
    halves = words.view(np.uint16)
    return MessageIndex(
        words, data, start, words[start], halves[2 * start + 2], halves[2 * start + 3]
    )


def _walk(words: NDArray[np.uint32], lengths: memoryview, size: int) -> NDArray[np.int64]:
    parts: list[NDArray[np.int64]] = []
    single: list[int] = []
    position = previous = equal = 0
    while position < size:
        length = lengths[position >> 2] if size - position >= HEADER.size else 0
        if length < HEADER.size or position + length > size:
            raise MalformedMessage(f"a netlink message of {length} bytes at {position} of {size}")
        single.append(position >> 2)
        position += (length + 3) & ~3
        equal = equal + 1 if length == previous else 0
        previous = length
        if equal >= _RUN:
            run = _run(words, position, length, size)
            parts += [np.array(single, dtype=np.int64), run]
            single.clear()
            position += len(run) * ((length + 3) & ~3)
            equal = 0
    return np.concatenate([*parts, np.array(single, dtype=np.int64)])


def _run(words: NDArray[np.uint32], position: int, length: int, size: int) -> NDArray[np.int64]:
    """Starts of the messages from `position` on that have this very length, one behind another.

    Each is proven by the one before it, so a strided comparison is an exact walk.
    """
    stride = (length + 3) >> 2
    limit = max(size - position, 0) // (stride * 4)
    first = position >> 2
    done, chunk = 0, 64
    while done < limit:
        count = min(chunk, limit - done)
        begin = first + done * stride
        same = words[begin : begin + count * stride : stride] == length
        if not same.all():
            done += int(np.argmin(same))
            break
        done += count
        chunk *= 4
    return first + stride * np.arange(done, dtype=np.int64)


def parse_attributes(data: bytes | memoryview) -> dict[int, memoryview]:
    """The attributes of a payload by type; of two of one type the last counts, as in the kernel.

    Raises MalformedMessage where a length does not fit.
    """
    view = memoryview(data)
    found: dict[int, memoryview] = {}
    position, end = 0, len(view)
    while position < end:
        if end - position < _ATTRIBUTE.size:
            raise MalformedMessage(f"{end - position} stray bytes behind the attributes")
        length, kind = _ATTRIBUTE.unpack_from(view, position)
        if length < _ATTRIBUTE.size or position + length > end:
            raise MalformedMessage(f"a netlink attribute of {length} bytes at {position} of {end}")
        found[kind & ATTRIBUTE_TYPE_MASK] = view[position + _ATTRIBUTE.size : position + length]
        position += (length + 3) & ~3
    return found


def unpack_u32(data: memoryview | None, default: int = 0) -> int:
    """The unsigned integer in an attribute; `default` where the attribute is missing."""
    if data is None:
        return default
    if len(data) != 4:
        raise MalformedMessage(f"an attribute of {len(data)} bytes where 4 are due")
    return int.from_bytes(data, sys.byteorder)


def pack_attribute(kind: int, value: bytes) -> bytes:
    """One attribute with its padding."""
    return _ATTRIBUTE.pack(_ATTRIBUTE.size + len(value), kind) + value + bytes(-len(value) % 4)


def pack_request(message_type: int, flags: int, body: bytes) -> bytes:
    """One request with a fresh sequence number."""
    sequence = next(_sequence) & 0xFFFFFFFF
    return HEADER.pack(HEADER.size + len(body), message_type, flags, sequence, 0) + body


def open_socket() -> socket.socket:
    """A route netlink socket in the network namespace of the calling thread."""
    return socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 0)


@dataclass(frozen=True, slots=True)
class Dump:
    """The answer to a dump: whole messages; `interrupted` when the table changed meanwhile."""

    buffer: bytes
    interrupted: bool


def read_dump(message_type: int, body: bytes, *, tries: int = 4) -> Dump:
    """Ask the kernel for a whole table, again when it changed under the dump.

    The body starts with the family's header and is checked strictly (NETLINK_GET_STRICT_CHK).
    Raises OSError with the kernel's errno, MalformedMessage on nonsense.
    """
    for _ in range(tries - 1):
        dump = _read_dump_once(message_type, body)
        if not dump.interrupted:
            return dump
    return _read_dump_once(message_type, body)


def _read_dump_once(message_type: int, body: bytes) -> Dump:
    collected = bytearray()
    interrupted = False
    datagram = memoryview(bytearray(_DATAGRAM_BYTES))
    with open_socket() as dump_socket:
        dump_socket.setsockopt(SOL_NETLINK, NETLINK_GET_STRICT_CHK, 1)
        dump_socket.sendto(pack_request(message_type, NLM_F_REQUEST | NLM_F_DUMP, body), (0, 0))
        while True:
            piece = datagram[: receive(dump_socket, datagram)]
            collected += piece
            collected += bytes(-len(collected) % 4)
            index = index_messages(piece)
            interrupted |= bool((index.flags & NLM_F_DUMP_INTR).any())
            if _ends(index):
                return Dump(bytes(collected), interrupted)


def _ends(index: MessageIndex) -> bool:
    """Whether a dump ends here; OSError when it ends badly."""
    rows = np.flatnonzero((index.type == NLMSG_DONE) | (index.type == NLMSG_ERROR))
    for _, body in index.bodies(rows):
        code = unpack_error(body)
        if code:
            raise OSError(code, f"the kernel refused a dump: {os.strerror(code)}")
    return bool(rows.size)


def unpack_error(body: memoryview) -> int:
    """The errno, 0 for success, in the payload of NLMSG_ERROR or NLMSG_DONE."""
    if len(body) < _ERROR.size:
        raise MalformedMessage(f"an error message of {len(body)} bytes")
    (code,) = _ERROR.unpack_from(body)
    return max(-int(code), 0)


def receive(source: socket.socket, room: memoryview, flags: int = 0) -> int:
    """Receive one datagram of the kernel and return its length; those of others are skipped.

    Raises MalformedMessage when it is longer than the room, BlockingIOError as the flags say.
    """
    while True:
        length, (port_id, _) = source.recvfrom_into(room, len(room), flags | socket.MSG_TRUNC)
        if port_id != 0:
            continue
        if length > len(room):
            raise MalformedMessage(f"a datagram of {length} bytes, longer than {len(room)}")
        return length

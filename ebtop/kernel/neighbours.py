"""Neighbour messages (bytes -> values), and the kernel's whole list of neighbours.

struct ndmsg and NDA_*: include/uapi/linux/neighbour.h.
"""

import struct

from ebtop.kernel.decode_nexthops import FAMILIES
from ebtop.kernel.netlink import (
    MalformedMessage,
    MessageType,
    index_messages,
    parse_attributes,
    read_dump,
)
from ebtop.model.neighbour import Neighbour, NeighbourState
from ebtop.model.prefix import ADDRESS_BITS, Address, unpack_address

NEIGHBOUR_HEADER = struct.Struct("=BxxxiHBB")  # ndmsg: family, ifindex, state, flags, type
NDA_DST = 1
NDA_LLADDR = 2
NTF_PROXY = 0x08
_KNOWN_STATES = 0xFF

NeighbourTable = dict[tuple[int, Address], Neighbour]


def decode_neighbour(body: memoryview) -> Neighbour | None:
    """The payload of RTM_NEWNEIGH or RTM_DELNEIGH; None for what is no ARP or ND entry.

    Those are entries of bridges and proxied addresses. Raises MalformedMessage.
    """
    if len(body) < NEIGHBOUR_HEADER.size:
        raise MalformedMessage(f"a neighbour message of {len(body)} bytes")
    family_number, ifindex, state, flags, _ = NEIGHBOUR_HEADER.unpack_from(body)
    attributes = parse_attributes(body[NEIGHBOUR_HEADER.size :])
    family = FAMILIES.get(family_number)
    destination = attributes.get(NDA_DST)
    if family is None or destination is None or flags & NTF_PROXY:
        return None
    if len(destination) * 8 != ADDRESS_BITS[family]:
        raise MalformedMessage(f"an IPv{family} neighbour of {len(destination)} bytes")
    mac = bytes(attributes.get(NDA_LLADDR, b""))
    address = unpack_address(bytes(destination))
    return Neighbour(ifindex, address, mac, NeighbourState(state & _KNOWN_STATES))


def read_neighbours() -> NeighbourTable:
    """Ask the kernel for all ARP and ND entries, by (ifindex, address). Raises OSError."""
    dump = read_dump(MessageType.GETNEIGH, NEIGHBOUR_HEADER.pack(0, 0, 0, 0, 0))
    neighbours: NeighbourTable = {}
    for kind, body in index_messages(dump.buffer).bodies():
        entry = decode_neighbour(body) if kind == MessageType.NEWNEIGH else None
        if entry is not None:
            neighbours[entry.ifindex, entry.address] = entry
    return neighbours

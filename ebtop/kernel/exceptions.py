"""Route exceptions: host entries of the kernel's own, learned from ICMP (a PMTU, a redirect).

They apply to forwarded packets, stand in no route dump and are told by no notification, so they
are read every few seconds and handed on as routes of a table of their own: net/ipv4/route.c
fnhe_dump_bucket, net/ipv6/route.c rt6_nh_dump_exceptions. The kernel lists an IPv4 one from its
first use on, which is the next packet of the router's own.
"""

import struct

import numpy as np

from ebtop.kernel.netlink import MessageType, index_messages, parse_attributes, read_dump
from ebtop.model.columns import RouteColumns, empty_columns
from ebtop.model.prefix import ADDRESS_BITS, Address, unpack_address
from ebtop.model.route import TABLE_EXCEPTIONS, NexthopGroup, RouteType

_HEADER = struct.Struct("=BBBBBBBBI")  # rtmsg
_FAMILIES = {4: 2, 6: 10}
_RTM_F_CLONED = 0x200
_RTA_DST = 1


def read_exceptions() -> RouteColumns:
    """One row for each destination with an exception, both families.

    Raises OSError when the kernel refuses, MalformedMessage on nonsense.
    """
    found = sorted({address for family in _FAMILIES for address in _read_destinations(family)})
    columns = empty_columns(len(found), groups=(NexthopGroup(0, ()),))
    columns.event[:] = 1
    columns.family[:] = [address.family for address in found]
    columns.high[:] = np.array([address.high for address in found], dtype=np.uint64)
    columns.low[:] = np.array([address.low for address in found], dtype=np.uint64)
    columns.length[:] = [ADDRESS_BITS[address.family] for address in found]
    columns.table[:] = TABLE_EXCEPTIONS
    columns.type[:] = RouteType.EXCEPTION
    return columns


def _read_destinations(family: int) -> set[Address]:
    body = _HEADER.pack(_FAMILIES[family], 0, 0, 0, 0, 0, 0, 0, _RTM_F_CLONED)
    index = index_messages(read_dump(MessageType.GETROUTE, body).buffer)
    rows = np.flatnonzero(index.type == MessageType.NEWROUTE)
    return {address for _, body in index.bodies(rows) for address in _decode(body, family)}


def _decode(body: memoryview, family: int) -> list[Address]:
    if len(body) < _HEADER.size:
        return []
    own_family, length, *_, flags = _HEADER.unpack_from(body)
    destination = parse_attributes(body[_HEADER.size :]).get(_RTA_DST)
    if own_family != _FAMILIES[family] or not flags & _RTM_F_CLONED or destination is None:
        return []
    if length != ADDRESS_BITS[family] or len(destination) * 8 != length:
        return []
    return [unpack_address(bytes(destination))]

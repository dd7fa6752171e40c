"""Next hops of a route and next-hop objects (bytes -> values).

struct rtnexthop and struct rtvia: include/uapi/linux/rtnetlink.h; RTM_*NEXTHOP: nexthop.h.
"""

import socket
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

from ebtop.kernel.netlink import MalformedMessage, parse_attributes, unpack_u32
from ebtop.model.prefix import ADDRESS_BITS, Address, unpack_address
from ebtop.model.route import Nexthop, NexthopGroup

FAMILIES = {int(socket.AF_INET): 4, int(socket.AF_INET6): 6}
RTAX_MTU = 2
MEMBER_FLAGS = 0xFF  # RTNH_F_* in rtm_flags; RTM_F_* start above
_MEMBER = struct.Struct("=HBBi")  # rtnexthop: length, flags, hops, ifindex
_VIA = struct.Struct("=H")  # rtvia: family, then the address
_NEXTHOP = struct.Struct("=BBBxI")  # nhmsg: family, scope, protocol, flags


class RouteAttribute(IntEnum):
    """enum rtattr_type_t."""

    DST = 1
    SRC = 2
    OIF = 4
    GATEWAY = 5
    PRIORITY = 6
    PREFSRC = 7
    METRICS = 8
    MULTIPATH = 9
    FLOW = 11
    CACHEINFO = 12
    TABLE = 15
    VIA = 18
    PREF = 20
    PAD = 24
    NH_ID = 30


class ObjectAttribute(IntEnum):
    """NHA_*."""

    ID = 1
    GROUP = 2
    GROUP_TYPE = 3
    ENCAP_TYPE = 7
    FDB = 11


_MEMBER_KNOWN = {RouteAttribute.GATEWAY, RouteAttribute.VIA, RouteAttribute.PAD}


@dataclass(frozen=True, slots=True)
class DecodedGroup:
    """The next hops of a route; `unsupported` when one does more than send to a gateway."""

    group: NexthopGroup
    unsupported: bool


@dataclass(frozen=True, slots=True)
class NexthopObject:
    """A next-hop object as far as routes that name it depend on it."""

    nexthop_id: int
    plain: bool  # a next hop, or a hash-threshold group: what a route's own next hops can say


def decode_group(family: int, flags: int, attributes: Mapping[int, memoryview]) -> DecodedGroup:
    """The next hops that a route's attributes name; `flags` are rtm_flags, family is 4 or 6."""
    nexthop_id = unpack_u32(attributes.get(RouteAttribute.NH_ID))
    if RouteAttribute.MULTIPATH in attributes:
        members, unsupported = _decode_members(family, attributes[RouteAttribute.MULTIPATH])
        return DecodedGroup(NexthopGroup(nexthop_id, members), unsupported)
    gateway, unsupported = _decode_gateway(family, attributes)
    ifindex = unpack_u32(attributes.get(RouteAttribute.OIF))
    if ifindex == 0 and gateway is None:
        return DecodedGroup(NexthopGroup(nexthop_id, ()), unsupported)
    member = Nexthop(ifindex, gateway, 1, flags & MEMBER_FLAGS)
    return DecodedGroup(NexthopGroup(nexthop_id, (member,)), unsupported)


def _decode_members(family: int, data: memoryview) -> tuple[tuple[Nexthop, ...], bool]:
    members: list[Nexthop] = []
    unsupported = False
    position, end = 0, len(data)
    while position < end:
        if end - position < _MEMBER.size:
            raise MalformedMessage(f"{end - position} stray bytes behind the next hops of a route")
        length, flags, hops, ifindex = _MEMBER.unpack_from(data, position)
        if length < _MEMBER.size or position + length > end or ifindex < 0:
            raise MalformedMessage(f"a next hop of {length} bytes at {position} of {end}")
        attributes = parse_attributes(data[position + _MEMBER.size : position + length])
        gateway, strange = _decode_gateway(family, attributes)
        unsupported |= strange or not attributes.keys() <= _MEMBER_KNOWN
        members.append(Nexthop(ifindex, gateway, hops + 1, flags))
        position += (length + 3) & ~3
    return tuple(members), unsupported


def _decode_gateway(
    family: int, attributes: Mapping[int, memoryview]
) -> tuple[Address | None, bool]:
    """The gateway, and whether it is of a family that is not IP."""
    gateway = attributes.get(RouteAttribute.GATEWAY)
    if gateway is not None:
        return _decode_address(family, gateway), False
    via = attributes.get(RouteAttribute.VIA)
    if via is None:
        return None, False
    if len(via) < _VIA.size:
        raise MalformedMessage(f"a gateway of {len(via)} bytes")
    via_family = FAMILIES.get(_VIA.unpack_from(via)[0])
    if via_family is None:
        return None, True
    return _decode_address(via_family, via[_VIA.size :]), False


def _decode_address(family: int, data: memoryview) -> Address:
    if len(data) * 8 != ADDRESS_BITS[family]:
        raise MalformedMessage(f"an IPv{family} address of {len(data)} bytes")
    return unpack_address(bytes(data))


def decode_mtu(metrics: memoryview) -> int:
    """RTAX_MTU of RTA_METRICS, 0 where there is none. No other metric concerns forwarding."""
    return unpack_u32(parse_attributes(metrics).get(RTAX_MTU))


def decode_nexthop_object(body: memoryview) -> NexthopObject:
    """The payload of RTM_NEWNEXTHOP or RTM_DELNEXTHOP."""
    if len(body) < _NEXTHOP.size:
        raise MalformedMessage(f"a next-hop object of {len(body)} bytes")
    attributes = parse_attributes(body[_NEXTHOP.size :])
    kind = attributes.get(ObjectAttribute.GROUP_TYPE)
    hash_threshold = kind is None or bytes(kind) == bytes(2)
    special = {ObjectAttribute.FDB, ObjectAttribute.ENCAP_TYPE} & attributes.keys()
    nexthop_id = unpack_u32(attributes.get(ObjectAttribute.ID))
    return NexthopObject(nexthop_id, hash_threshold and not special)

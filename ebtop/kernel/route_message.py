"""One route as a netlink message, with every attribute, so that it can be written back whole.

struct rtmsg and struct rtnexthop: include/uapi/linux/rtnetlink.h.
"""

import os
import struct
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from ebtop.kernel.decode_nexthops import FAMILIES, RouteAttribute
from ebtop.kernel.netlink import MalformedMessage, pack_attribute, parse_attributes, unpack_u32
from ebtop.model.prefix import ADDRESS_BITS, Address, Prefix, unpack_address
from ebtop.model.route import NexthopFlag

ROUTE_HEADER = struct.Struct("=BBBBBBBBI")
"""struct rtmsg: family, both lengths, tos, table, protocol, scope, type, flags."""
FAMILY_NUMBERS = {version: number for number, version in FAMILIES.items()}
RTA_EXPIRES = 23  # seconds; the kernel reports what is left in RTA_CACHEINFO

_MEMBER = struct.Struct("=HBBi")  # rtnexthop: length, flags, hops, ifindex
_VIA = struct.Struct("=H")  # rtvia: family, then the address
_CACHEINFO = struct.Struct("=IIi")  # rta_cacheinfo, as far as expires
_CLOCK_TICKS_HZ = os.sysconf("SC_CLK_TCK")
_SENDABLE = {
    RouteAttribute.SRC,
    RouteAttribute.OIF,
    RouteAttribute.GATEWAY,
    RouteAttribute.VIA,
    RouteAttribute.PREFSRC,
    RouteAttribute.METRICS,
    RouteAttribute.MULTIPATH,
    RouteAttribute.FLOW,
    RouteAttribute.PREF,
    RTA_EXPIRES,
}
_MEMBER_SENDABLE = {RouteAttribute.GATEWAY, RouteAttribute.VIA, RouteAttribute.FLOW}
_REPORTED = {RouteAttribute.CACHEINFO, RouteAttribute.PAD}  # the kernel's own words
_ENCAP_TYPE = 21
_ENCAP = 22
_ENCAPS = ("none", "mpls", "ip", "ila", "ip6", "seg6", "bpf", "seg6local", "rpl", "ioam6", "xfrm")
_NAMES = {16: "mark", 19: "newdst", 26: "ttl-propagate", 27: "ipproto", 31: "flowlabel"}


class Unsendable(ValueError):  # noqa: N818  it is what the route is, not a fault
    """A route that cannot be written as it is; the text is one sentence that says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One of several next hops of a route."""

    ifindex: int
    flags: int  # RTNH_F_*
    weight: int
    attributes: Mapping[int, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteMessage:
    """A route with all that netlink says of it.

    `attributes` are the others, by type and as they came: not prefix, table and metric.
    """

    prefix: Prefix
    source_length: int = 0
    tos: int = 0
    table: int
    metric: int = 0
    protocol: int
    scope: int = 0
    type: int
    flags: int = 0
    attributes: Mapping[int, bytes]

    @property
    def family(self) -> int:
        """4 or 6."""
        return self.prefix.family

    @property
    def ifindex(self) -> int:
        """Of the only next hop's port; 0: not said."""
        return unpack_u32(memoryview(self.attributes.get(RouteAttribute.OIF, bytes(4))))

    @property
    def gateway(self) -> Address | None:
        """Of the only next hop; None: straight out of the port."""
        return decode_gateway(self.attributes)

    def members(self) -> list[Member]:
        """The next hops of a route that has several; none of one that has one."""
        return list(_members(self.attributes.get(RouteAttribute.MULTIPATH, b"")))

    def pack(self) -> bytes:
        """The payload of RTM_NEWROUTE or RTM_DELROUTE."""
        header = ROUTE_HEADER.pack(
            FAMILY_NUMBERS[self.family],
            self.prefix.length,
            self.source_length,
            self.tos,
            self.table if self.table < 256 else 0,
            self.protocol,
            self.scope,
            self.type,
            self.flags,
        )
        keys: dict[int, bytes] = {RouteAttribute.TABLE: struct.pack("=I", self.table)}
        if self.prefix.length:
            address = Address(self.family, self.prefix.high, self.prefix.low)
            keys[RouteAttribute.DST] = address.packed
        if self.metric:
            keys[RouteAttribute.PRIORITY] = struct.pack("=I", self.metric)
        every = {**keys, **self.attributes}
        return header + b"".join(pack_attribute(kind, value) for kind, value in every.items())


def decode_route(body: memoryview) -> RouteMessage | None:
    """The payload of RTM_NEWROUTE or RTM_DELROUTE; None for a family that is not IP.

    Raises MalformedMessage on bytes that no kernel sends.
    """
    if len(body) < ROUTE_HEADER.size:
        raise MalformedMessage(f"a route message of {len(body)} bytes")
    number, length, source_length, tos, table, *kind = ROUTE_HEADER.unpack_from(body)
    family = FAMILIES.get(number)
    if family is None:
        return None
    found = parse_attributes(body[ROUTE_HEADER.size :])
    packed = bytes(found.pop(RouteAttribute.DST, bytes(ADDRESS_BITS[family] // 8)))
    if len(packed) * 8 != ADDRESS_BITS[family]:
        raise MalformedMessage(f"an IPv{family} prefix of {len(packed)} bytes")
    address = unpack_address(packed)
    protocol, scope, route_type, flags = kind
    return RouteMessage(
        prefix=Prefix(family, address.high, address.low, length),
        source_length=source_length,
        tos=tos,
        table=unpack_u32(found.pop(RouteAttribute.TABLE, None), table),
        metric=unpack_u32(found.pop(RouteAttribute.PRIORITY, None)),
        protocol=protocol,
        scope=scope,
        type=route_type,
        flags=flags,
        attributes={kind: bytes(value) for kind, value in found.items()},
    )


def decode_gateway(attributes: Mapping[int, bytes]) -> Address | None:
    """The gateway of a next hop, of either family."""
    gateway = attributes.get(RouteAttribute.GATEWAY)
    if gateway is None:
        via = attributes.get(RouteAttribute.VIA)
        gateway = via[_VIA.size :] if via is not None else None
    if gateway is None:
        return None
    if len(gateway) not in (4, 16):
        raise MalformedMessage(f"a gateway of {len(gateway)} bytes")
    return unpack_address(gateway)


def pack_gateway(gateway: Address, family: int) -> dict[int, bytes]:
    """The attribute that gives a route of a family its gateway."""
    if gateway.family == family:
        return {RouteAttribute.GATEWAY: gateway.packed}
    return {RouteAttribute.VIA: _VIA.pack(FAMILY_NUMBERS[gateway.family]) + gateway.packed}


def compile_request(route: RouteMessage) -> RouteMessage:
    """The route as it is sent: without what the kernel reports of its state.

    A lifetime is sent as what is left of it, in whole seconds. Raises Unsendable where the route
    has what would not come back as it was.
    """
    attributes = dict(route.attributes)
    _check_sendable(attributes, _SENDABLE | _REPORTED)
    lifetime_s = _lifetime_s(attributes.get(RouteAttribute.CACHEINFO))
    for kind in _REPORTED & attributes.keys():
        del attributes[kind]
    if lifetime_s is not None:
        attributes[RTA_EXPIRES] = struct.pack("=I", lifetime_s)
    if RouteAttribute.MULTIPATH in attributes:
        members = [_compile_member(member) for member in route.members()]
        attributes[RouteAttribute.MULTIPATH] = b"".join(members)
    return replace(route, flags=route.flags & NexthopFlag.ONLINK, attributes=attributes)


def _check_sendable(attributes: Mapping[int, bytes], sendable: set[int]) -> None:
    nexthop_id = attributes.get(RouteAttribute.NH_ID)
    if nexthop_id is not None:
        raise Unsendable(
            f"The route uses next-hop object {unpack_u32(memoryview(nexthop_id))} (nhid): "
            "edit it with `ip nexthop`."
        )
    if attributes.keys() & {_ENCAP, _ENCAP_TYPE}:
        number = int.from_bytes(attributes.get(_ENCAP_TYPE, b""), sys.byteorder)
        name = _ENCAPS[number] if number < len(_ENCAPS) else str(number)
        raise Unsendable(f"The route has encap {name}: edit it with `ip route`.")
    for kind in sorted(attributes.keys() - sendable):
        name = _NAMES.get(kind, "unknown")
        raise Unsendable(f"The route has attribute {kind} ({name}): edit it with `ip route`.")


def _lifetime_s(cacheinfo: bytes | None) -> int | None:
    """Whole seconds that are left; None: no end. Unsendable when less than one is."""
    if cacheinfo is None:
        return None
    if len(cacheinfo) < _CACHEINFO.size:
        raise MalformedMessage(f"cache information of {len(cacheinfo)} bytes")
    ticks = _CACHEINFO.unpack_from(cacheinfo)[2]
    if ticks == 0:
        return None
    if ticks < _CLOCK_TICKS_HZ:
        raise Unsendable("The route's lifetime is over: the kernel is about to remove it.")
    return int(ticks) // _CLOCK_TICKS_HZ


def _members(data: bytes) -> Iterator[Member]:
    position, end = 0, len(data)
    while position < end:
        if end - position < _MEMBER.size:
            raise MalformedMessage(f"{end - position} stray bytes behind the next hops of a route")
        length, flags, hops, ifindex = _MEMBER.unpack_from(data, position)
        if length < _MEMBER.size or position + length > end:
            raise MalformedMessage(f"a next hop of {length} bytes at {position} of {end}")
        found = parse_attributes(data[position + _MEMBER.size : position + length])
        attributes = {kind: bytes(value) for kind, value in found.items()}
        yield Member(ifindex=ifindex, flags=flags, weight=hops + 1, attributes=attributes)
        position += (length + 3) & ~3


def _compile_member(member: Member) -> bytes:
    _check_sendable(member.attributes, _MEMBER_SENDABLE | _REPORTED)
    kept = {kind: value for kind, value in member.attributes.items() if kind in _MEMBER_SENDABLE}
    attributes = b"".join(pack_attribute(kind, value) for kind, value in kept.items())
    length = _MEMBER.size + len(attributes)
    flags = member.flags & NexthopFlag.ONLINK
    return _MEMBER.pack(length, flags, member.weight - 1, member.ifindex) + attributes

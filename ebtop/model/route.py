"""Routes as the kernel reports them, and their next hops."""

from dataclasses import dataclass
from enum import IntEnum

from ebtop.model.prefix import Address, format_address

TABLE_EXCEPTIONS = 0
"""RT_TABLE_UNSPEC, where no route can be: holds what the kernel learned for single hosts."""
TABLE_DEFAULT = 253
TABLE_MAIN = 254
TABLE_LOCAL = 255


class RouteType(IntEnum):
    """rtm_type, include/uapi/linux/rtnetlink.h, but for EXCEPTION, which is ours."""

    UNSPECIFIED = 0
    UNICAST = 1
    LOCAL = 2
    BROADCAST = 3
    ANYCAST = 4
    MULTICAST = 5
    BLACKHOLE = 6
    UNREACHABLE = 7
    PROHIBIT = 8
    THROW = 9
    NAT = 10
    EXCEPTION = 255  # see ebtop.kernel.exceptions


class NexthopFlag(IntEnum):
    """rtnh_flags and the RTNH part of rtm_flags."""

    DEAD = 1
    PERVASIVE = 2
    ONLINK = 4
    OFFLOAD = 8
    LINKDOWN = 16
    UNRESOLVED = 32
    TRAP = 64


@dataclass(frozen=True, slots=True, order=True)
class Nexthop:
    """One member of a route: out of a port, to a gateway or straight to the destination."""

    ifindex: int
    gateway: Address | None = None
    weight: int = 1
    flags: int = 0

    def __str__(self) -> str:
        if self.gateway is None:
            return "connected"
        return format_address(self.gateway.family, self.gateway.high, self.gateway.low)


@dataclass(frozen=True, slots=True)
class NexthopGroup:
    """All members of a route in the kernel's order; equal groups of two objects stay two."""

    nexthop_id: int
    members: tuple[Nexthop, ...]


PROTOCOL_EBTOP = 213
"""rtm_protocol of the routes that ebtop adds: free in rtnetlink.h, rt_protos, FRR and BIRD."""

OWNERS = {
    0: "unspec",
    1: "redirect",
    2: "kernel",
    3: "boot",
    4: "static",
    8: "gated",
    9: "ra",
    10: "mrt",
    11: "zebra",
    12: "bird",
    13: "dnrouted",
    14: "xorp",
    15: "ntk",
    16: "dhcp",
    17: "mrouted",
    18: "keepalived",
    42: "babel",
    84: "ovn",
    99: "openr",
    186: "bgp",
    187: "isis",
    188: "ospf",
    189: "rip",
    192: "eigrp",
    PROTOCOL_EBTOP: "ebtop",
}
"""Names of rtm_protocol: include/uapi/linux/rtnetlink.h and iproute2's rt_protos, and our own."""


def format_owner(protocol: int) -> str:
    """The owner's name, or its number where it has none."""
    return OWNERS.get(protocol, str(protocol))


def format_type(number: int) -> str:
    """The route type's name, or its number where the kernel has one that is not known here."""
    known = number in RouteType.__members__.values()
    return RouteType(number).name.lower() if known else f"type {number}"

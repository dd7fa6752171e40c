"""The routes of a router that never existed, in prefixes that nobody uses: a plan of its table."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from ebtop.model.neighbour import NeighbourState
from ebtop.model.prefix import parse_address
from ebtop.model.route import TABLE_LOCAL, TABLE_MAIN, Nexthop, NexthopFlag, NexthopGroup, RouteType
from ebtop.model.snapshot import RowState

PORTS = {"wan0": 2, "wan1": 3, "core0": 4, "core1": 5, "dmz0": 6, "mgmt0": 7}
"""Interface indexes by name."""
NAMES = {number: name for name, number in PORTS.items()} | {1: "lo", 8: "lab0"}

BGP, OSPF, STATIC, KERNEL, DHCP, RA = 186, 188, 4, 2, 16, 9


class Shape(Enum):
    """How a route's rate went in the last five minutes."""

    STEADY = "steady"
    SWELLING = "swelling"
    EBBING = "ebbing"
    BURSTS = "bursts"
    WAVE = "wave"
    NEW = "new"
    IDLE = "idle"


@dataclass(frozen=True, kw_only=True)
class Planned:
    """One route. Rates are even, so that half a second holds whole packets."""

    prefix: str
    via: str = "transit"  # of GROUPS
    owner: int = BGP
    metric: int = 20
    table: int = TABLE_MAIN
    type: RouteType = RouteType.UNICAST
    state: RowState = RowState.BEST
    pps: int = 0
    observed_pps: int = 0
    punt_pps: int = 0
    drop_pps: int = 0
    packet_bytes: int = 640
    latency_ns: int = 1300
    shape: Shape = Shape.STEADY
    mtu: int = 0


def _group(*members: tuple[str, str], nexthop_id: int = 0, flags: int = 0) -> NexthopGroup:
    return NexthopGroup(
        nexthop_id,
        tuple(
            Nexthop(
                next(number for number, known in NAMES.items() if known == port),
                parse_address(gateway) if gateway else None,
                flags=flags,
            )
            for port, gateway in members
        ),
    )


GROUPS = {
    "none": NexthopGroup(0, ()),
    **{name: _group((name, "")) for name in (*PORTS, "lo")},
    "transit": _group(("wan0", "192.0.2.1"), ("wan1", "192.0.2.5"), nexthop_id=10),
    "transit a": _group(("wan0", "192.0.2.1")),
    "transit b": _group(("wan1", "192.0.2.5")),
    "transit 6": _group(("wan0", "2001:db8:0:1::1"), ("wan1", "2001:db8:0:2::1"), nexthop_id=11),
    "transit 6 a": _group(("wan0", "2001:db8:0:1::1")),
    "core": _group(("core0", "10.255.0.1"), ("core1", "10.255.0.5")),
    "core a": _group(("core0", "10.255.0.1")),
    "core b": _group(("core1", "10.255.0.5")),
    "core 6": _group(("core0", "2001:db8:0:3::1"), ("core1", "2001:db8:0:4::1")),
    "core 6 b": _group(("core1", "2001:db8:0:4::1")),
    "farm": _group(("dmz0", "198.51.100.2"), ("dmz0", "198.51.100.3"), ("dmz0", "198.51.100.4")),
    "farm a": _group(("dmz0", "198.51.100.2")),
    "office": _group(("mgmt0", "10.99.0.1")),
    "silent": _group(("dmz0", "198.51.100.9")),
    "lab": _group(("lab0", "10.98.0.1"), flags=NexthopFlag.DEAD | NexthopFlag.LINKDOWN),
}
"""Next hops by a word for where they lead to."""

STATES = {
    "10.99.0.1": NeighbourState.STALE,
    "198.51.100.4": NeighbourState.DELAY,
    "198.51.100.9": NeighbourState.INCOMPLETE,
    "10.98.0.1": NeighbourState.FAILED,
}
"""Next hops that are not just reachable."""

_BUSY = (
    Planned(
        prefix="0.0.0.0/0",
        pps=1_412_000,
        punt_pps=214,
        packet_bytes=742,
        latency_ns=1480,
        shape=Shape.WAVE,
    ),
    Planned(
        prefix="203.0.113.0/24",
        via="farm",
        owner=OSPF,
        pps=968_400,
        packet_bytes=412,
        latency_ns=1120,
        shape=Shape.SWELLING,
    ),
    Planned(
        prefix="2001:db8:40::/48", via="core 6", pps=512_600, packet_bytes=1184, latency_ns=1690
    ),
    Planned(
        prefix="10.20.0.0/16",
        via="core",
        owner=OSPF,
        pps=431_200,
        punt_pps=38,
        packet_bytes=1022,
        latency_ns=1240,
        shape=Shape.BURSTS,
    ),
    Planned(
        prefix="::/0",
        via="transit 6",
        pps=388_000,
        punt_pps=52,
        packet_bytes=655,
        latency_ns=1750,
        shape=Shape.WAVE,
    ),
    Planned(
        prefix="10.21.0.0/16",
        via="core a",
        owner=OSPF,
        pps=240_800,
        packet_bytes=890,
        latency_ns=1190,
        shape=Shape.EBBING,
    ),
    Planned(
        prefix="198.51.100.128/25",
        via="farm a",
        owner=STATIC,
        metric=0,
        pps=171_600,
        packet_bytes=1310,
        latency_ns=1060,
    ),
    Planned(
        prefix="198.51.100.0/26",
        via="dmz0",
        owner=KERNEL,
        metric=0,
        pps=96_400,
        packet_bytes=530,
        latency_ns=990,
        shape=Shape.WAVE,
    ),
    Planned(
        prefix="2001:db8:41::/48",
        via="core 6 b",
        pps=88_200,
        packet_bytes=1240,
        latency_ns=1630,
        shape=Shape.NEW,
    ),
    Planned(
        prefix="10.22.0.0/16",
        via="core b",
        owner=OSPF,
        pps=61_400,
        observed_pps=1_240,
        packet_bytes=204,
        latency_ns=1210,
        mtu=1420,
    ),
    Planned(
        prefix="172.20.0.0/16",
        via="core b",
        owner=STATIC,
        metric=0,
        pps=18_600,
        packet_bytes=96,
        latency_ns=2240,
        shape=Shape.BURSTS,
    ),
)
_ODD = (
    Planned(
        prefix="203.0.113.66/32", via="none", type=RouteType.BLACKHOLE, drop_pps=8_420, metric=0
    ),
    Planned(
        prefix="10.0.0.0/8",
        via="none",
        type=RouteType.UNREACHABLE,
        owner=STATIC,
        metric=0,
        punt_pps=66,
    ),
    Planned(
        prefix="192.168.0.0/16",
        via="none",
        type=RouteType.PROHIBIT,
        owner=STATIC,
        metric=0,
        punt_pps=14,
    ),
    Planned(
        prefix="10.23.7.0/24",
        via="silent",
        owner=STATIC,
        metric=0,
        pps=0,
        punt_pps=120,
        shape=Shape.IDLE,
    ),
    Planned(prefix="172.21.0.0/16", via="lab", owner=STATIC, metric=0, shape=Shape.IDLE),
    Planned(prefix="0.0.0.0/0", via="office", owner=DHCP, metric=1024, state=RowState.SHADOWED),
    Planned(prefix="10.20.0.0/16", via="core a", metric=200, state=RowState.SHADOWED),
)


_OWN = {
    "wan0": ("192.0.2.0/30", "192.0.2.2/32", "2001:db8:0:1::/64", 1_186),
    "wan1": ("192.0.2.4/30", "192.0.2.6/32", "2001:db8:0:2::/64", 812),
    "core0": ("10.255.0.0/30", "10.255.0.2/32", "2001:db8:0:3::/64", 96),
    "core1": ("10.255.0.4/30", "10.255.0.6/32", "2001:db8:0:4::/64", 88),
    "mgmt0": ("10.99.0.0/24", "10.99.0.12/32", "2001:db8:0:99::/64", 64),
}
"""What ports are connected to, their addresses, and packets a second for those."""


def plan_routes() -> tuple[Planned, ...]:
    """The table in the order of its ids."""
    return (*_BUSY, *_connected(), *_ODD, *_customers(), *_customers_6())


def _connected() -> Iterator[Planned]:
    """What the kernel made from the router's own addresses."""
    for port, (prefix, address, prefix_6, punt_pps) in _OWN.items():
        yield Planned(prefix=prefix, via=port, owner=KERNEL, metric=0, shape=Shape.IDLE)
        yield Planned(prefix=prefix_6, via=port, owner=KERNEL, metric=256, shape=Shape.IDLE)
        yield _local(address, punt_pps)
    yield _local("198.51.100.1/32", 30)


def _local(prefix: str, punt_pps: int) -> Planned:
    """One of the router's own addresses."""
    return Planned(
        prefix=prefix,
        via="lo",
        owner=KERNEL,
        metric=0,
        table=TABLE_LOCAL,
        type=RouteType.LOCAL,
        punt_pps=punt_pps,
    )


def _customers() -> Iterator[Planned]:
    """Learned prefixes with ever less traffic; every fourth has none now."""
    ways = ("transit a", "transit b", "core a", "core", "transit b", "core b")
    shapes = tuple(Shape)[:-2]
    for number in range(96):
        idle = number % 4 == 3
        yield Planned(
            prefix=f"100.{64 + number // 4}.{number % 4 * 64}.0/{18 + number % 5 // 3}",
            via=ways[number % len(ways)],
            pps=0 if idle else 2 * (41_000 // (number + 3) ** 2 * 7 + 96 - number),
            packet_bytes=320 + number * 97 % 1080,
            latency_ns=1080 + number * 131 % 900,
            shape=Shape.IDLE if idle else shapes[number % len(shapes)],
        )


def _customers_6() -> Iterator[Planned]:
    for number in range(40):
        idle = number % 3 == 2
        yield Planned(
            prefix=f"2001:db8:{0x1000 + number * 16:x}::/44",
            via="transit 6 a" if number % 2 else "core 6",
            pps=0 if idle else 2 * (5_000 // (number + 2) + 40 - number),
            packet_bytes=480 + number * 61 % 800,
            latency_ns=1500 + number * 89 % 500,
            shape=Shape.IDLE if idle else Shape.STEADY,
        )

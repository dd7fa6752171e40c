"""The demo's router: four ports, and routes of every length, kind and owner.

Host N stands for the network behind port pN and owns 198.18.N.0/24 and 2001:db8:N::/48; it takes
in silence what is routed to it and is for none of its addresses.
"""

from dataclasses import dataclass

from ebtop.lab.topology import Lab, Router, host_addresses
from ebtop.model.prefix import Address, Prefix, parse_address, parse_prefix
from ebtop.model.route import OWNERS

PORTS = 4
CONNECTED_RANGE = "10.255.4.8/29"
"""More neighbours on the connected prefix of p4, all of them host 4."""

_SILENT_GATEWAY = parse_address("10.255.4.99")
_PROTOCOLS = {name: number for number, name in OWNERS.items()}
# A seed that is not random makes the choice among equal-cost paths one that can be repeated.
_MULTIPATH_SYSCTLS = {
    "net/ipv4/fib_multipath_hash_seed": 0x5EED,
    "net/ipv4/fib_multipath_hash_policy": 1,
    "net/ipv6/fib_multipath_hash_policy": 1,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoRoute:
    """One route. `ports` are where it leaves by: none unless it is unicast, several: equal cost."""

    prefix: Prefix
    ports: tuple[int, ...] = ()
    kind: str = "unicast"
    owner: str = "static"
    metric: int = 0  # 0: the kernel's default
    weights: tuple[int, ...] = ()
    mtu: int = 0
    gateway: Address | None = None  # other than the host behind the port
    nexthop_id: int = 0


def _unicast(
    prefix: str, *ports: int, owner: str = "static", metric: int = 0, nexthop_id: int = 0
) -> DemoRoute:
    return DemoRoute(
        prefix=parse_prefix(prefix), ports=ports, owner=owner, metric=metric, nexthop_id=nexthop_id
    )


def _special(kind: str, prefix: str, owner: str = "static") -> DemoRoute:
    return DemoRoute(prefix=parse_prefix(prefix), kind=kind, owner=owner)


NEXTHOPS = (
    "id 11 via 10.255.1.2 dev p1",
    "id 12 via 10.255.2.2 dev p2",
    "id 20 group 11/12",
    "id 61 via fd00:0:0:1::2 dev p1",
)
"""Next-hop objects, as `ip nexthop add` takes them."""

_EDGE_ROUTES = tuple(
    _unicast(prefix, number)
    for number in range(1, PORTS + 1)
    for prefix in (f"198.18.{number}.0/24", f"2001:db8:{number}::/48")
)

_IPV4_ROUTES = (
    _unicast("0.0.0.0/0", 4),
    _unicast("0.0.0.0/0", 1, owner="dhcp", metric=200),
    _unicast("10.0.0.0/8", 1),
    _unicast("10.16.0.0/12", 2, owner="bgp"),
    _unicast("10.17.0.0/16", 3, owner="ospf"),
    _unicast("10.17.16.0/20", 4, owner="bgp"),
    _unicast("10.17.17.0/24", 1),
    _unicast("10.17.17.16/28", 2, owner="ospf"),
    _unicast("10.17.17.17/32", 3),
    _unicast("172.16.0.0/12", 2, owner="ospf"),
    _unicast("172.20.0.0/14", 3, owner="ospf"),
    _unicast("172.31.128.0/17", 4, owner="isis"),
    _unicast("192.0.2.0/24", 3, owner="bgp"),
    _unicast("192.0.2.128/25", 2, owner="bgp"),
    _unicast("192.0.2.129/32", 4),
    _unicast("192.168.0.0/16", 1, owner="bird"),
    _unicast("192.168.64.0/18", 2, owner="bird"),
    _unicast("192.168.100.0/22", 3, owner="babel"),
    _unicast("192.168.101.8/30", 4, owner="bird"),
    _unicast("192.168.101.12/31", 1, owner="rip", metric=120),
    _unicast("198.18.128.0/17", 2, owner="bgp"),
    _unicast("198.19.0.0/16", 3, owner="bgp"),
    _unicast("198.19.77.0/26", 4, owner="bgp"),
    _unicast("198.51.100.0/24", 2, 3, owner="bgp"),
    DemoRoute(prefix=parse_prefix("203.0.113.0/24"), ports=(1, 4), owner="bgp", weights=(1, 3)),
    _unicast("100.64.0.0/10", 1, 2, nexthop_id=20),
    _unicast("100.96.0.0/12", 1, nexthop_id=11),
    _unicast("100.112.8.0/21", 1, nexthop_id=11),
    DemoRoute(prefix=parse_prefix("10.80.0.0/16"), ports=(3,), mtu=1280),
    DemoRoute(prefix=parse_prefix("10.70.0.0/16"), ports=(4,), gateway=_SILENT_GATEWAY),
    _special("blackhole", "10.66.0.0/16"),
    _special("blackhole", "192.0.2.66/32", owner="bgp"),
    _special("unreachable", "10.67.0.0/16"),
    _special("prohibit", "10.68.0.0/16"),
    _special("throw", "10.69.0.0/16"),
)

_IPV6_ROUTES = (
    _unicast("::/0", 4),
    _unicast("::/0", 1, owner="bgp", metric=2048),
    _unicast("2001:db8::/32", 1),
    _unicast("2001:db8:4000::/36", 2, owner="bgp"),
    _unicast("2001:db8:4100::/40", 3, owner="ospf"),
    _unicast("2001:db8:4110::/44", 4, owner="bgp"),
    _unicast("2001:db8:4111::/48", 1, owner="bgp"),
    _unicast("2001:db8:4111:1100::/56", 2, owner="isis"),
    _unicast("2001:db8:4111:1111::/64", 3),
    _unicast("2001:db8:4111:1111::10/124", 4),
    _unicast("2001:db8:4111:1111::11/128", 2),
    _unicast("2001:db8:100::/40", 2, 3, owner="bgp"),
    _unicast("2001:db8:9000::/36", 1, nexthop_id=61),
    _unicast("fd10::/16", 3, owner="babel"),
    _unicast("fd10:20::/32", 2, owner="babel"),
    _unicast("fd10:20::feed:0/112", 4, owner="ospf", metric=110),
    _special("blackhole", "2001:db8:6666::/48"),
    _special("unreachable", "2001:db8:6667::/48"),
    _special("prohibit", "2001:db8:6668::/48"),
)

DEMO_ROUTES = _EDGE_ROUTES + _IPV4_ROUTES + _IPV6_ROUTES


def build_demo(lab: Lab) -> Router:
    """The demo's router with its hosts, addresses and routes, ready for traffic."""
    router = lab.router(ports=PORTS)
    router.namespace.apply_sysctls(_MULTIPATH_SYSCTLS)
    for number, host in enumerate(router.hosts, start=1):
        host.accept(f"198.18.{number}.0/24", f"2001:db8:{number}::/48")
    router.hosts[3].accept(CONNECTED_RANGE)
    router.namespace.ip(*(f"nexthop add {nexthop}" for nexthop in NEXTHOPS))
    router.add_routes(*map(format_route, DEMO_ROUTES))
    return router


def format_route(route: DemoRoute) -> str:
    """The route as `ip route add` takes it."""
    words = [route.kind, str(route.prefix), f"proto {_PROTOCOLS[route.owner]}"]
    words += [f"metric {route.metric}"] * bool(route.metric)
    words += [f"mtu {route.mtu}"] * bool(route.mtu)
    if route.nexthop_id:
        words.append(f"nhid {route.nexthop_id}")
    elif len(route.ports) == 1:
        words.append(_format_nexthop(route, route.ports[0]))
    else:
        weights = route.weights or (1,) * len(route.ports)
        words += [
            f"nexthop {_format_nexthop(route, port)} weight {weight}"
            for port, weight in zip(route.ports, weights, strict=True)
        ]
    return " ".join(words)


def _format_nexthop(route: DemoRoute, port: int) -> str:
    ipv4, ipv6 = host_addresses(port)
    gateway = route.gateway or (ipv4 if route.prefix.family == 4 else ipv6)
    return f"via {gateway} dev p{port}"

"""Routes as the `ip route` lines that do the same (iproute2, ip-route(8))."""

import shlex
import sys
from collections.abc import Iterator, Mapping

from ebtop.kernel.decode_nexthops import RouteAttribute
from ebtop.kernel.netlink import parse_attributes
from ebtop.kernel.route_message import RTA_EXPIRES, RouteMessage, decode_gateway
from ebtop.model.prefix import Address, unpack_address
from ebtop.model.route import OWNERS, TABLE_MAIN, NexthopFlag, RouteType, format_type

_SCOPES = {0: "global", 200: "site", 253: "link", 254: "host", 255: "nowhere"}
_SCOPE_GLOBAL, _SCOPE_LINK, _SCOPE_HOST = 0, 253, 254
_LOCAL_TABLE_TYPES = {
    RouteType.LOCAL,
    RouteType.BROADCAST,
    RouteType.ANYCAST,
    RouteType.NAT,
}  # `ip` writes them to table local unless it is told another
_PROTOCOL_BOOT = 3  # what `ip` gives a route whose owner is not said
# Those that `ip` knows without a file; it takes every other as a number.
_KNOWN_PROTOCOLS = {1, 2, 3, 4, 8, 9, 10, 11, 12, 13, 14, 15, 16, 42, 186, 187, 188, 189, 192}
_PREFERENCES = {1: "high", 3: "low"}
_METRICS = {
    2: "mtu",
    3: "window",
    4: "rtt",
    5: "rttvar",
    6: "ssthresh",
    7: "cwnd",
    8: "advmss",
    9: "reordering",
    10: "hoplimit",
    11: "initcwnd",
    12: "features",
    13: "rto_min",
    14: "initrwnd",
    15: "quickack",
    16: "congctl",
    17: "fastopen_no_cookie",
}
_RTAX_LOCK = 1
_RTAX_FEATURES = 12
_RTAX_CONGCTL = 16
_NEVER_LOCKED = {12, 13, 15, 17}  # `ip` takes no "lock" there, and always locks rto_min
_FEATURES = {1: "ecn"}


def format_add(route: RouteMessage, names: Mapping[int, str]) -> str:
    """The line that adds a route as it is; `names` are those of the ports by ifindex."""
    return _format_line("add", route, names)


def format_replace(route: RouteMessage, names: Mapping[int, str]) -> str:
    """The line that puts a route in the place of the one with its keys."""
    return _format_line("replace", route, names)


def format_delete(route: RouteMessage, names: Mapping[int, str]) -> str:
    """The line that deletes this route and no other."""
    return _format_line("del", route, names)


def quote(name: str) -> str:
    """An interface name as a shell reads it; one that no terminal may show is spelled in bytes."""
    if name.isascii() and name.isprintable():
        return shlex.quote(name)
    spelled = "".join(f"\\x{byte:02x}" for byte in name.encode(errors="surrogateescape"))
    return f"$'{spelled}'"


def _format_line(verb: str, route: RouteMessage, names: Mapping[int, str]) -> str:
    words = ["ip", "-6"] if route.family == 6 else ["ip"]
    words += ["route", verb]
    if route.type != RouteType.UNICAST:
        words.append(format_type(route.type))
    words += [str(route.prefix), *_next_hop(route, names), *_keys(route)]
    if verb != "del":
        words += _lifetime(route)
    words += [*_attributes(route), *_next_hops(route, names)]
    return " ".join(words)


def _keys(route: RouteMessage) -> Iterator[str]:
    source = route.attributes.get(RouteAttribute.SRC)
    if source is not None:
        yield from ("from", f"{unpack_address(source)}/{route.source_length}")
    if route.tos:
        yield from ("tos", f"{route.tos:#x}")
    if route.metric:
        yield from ("metric", str(route.metric))
    if route.table != TABLE_MAIN or route.type in _LOCAL_TABLE_TYPES:
        yield from ("table", str(route.table))
    if route.protocol != _PROTOCOL_BOOT:
        known = route.protocol in _KNOWN_PROTOCOLS
        yield from ("proto", OWNERS[route.protocol] if known else str(route.protocol))
    if route.family == 4 and route.scope != _default_scope(route):
        yield from ("scope", _SCOPES.get(route.scope, str(route.scope)))


def _default_scope(route: RouteMessage) -> int:
    """The scope that `ip route add` gives an IPv4 route when it is not said (iproute.c)."""
    if route.type in (RouteType.LOCAL, RouteType.NAT):
        return _SCOPE_HOST
    if route.type in (RouteType.BROADCAST, RouteType.MULTICAST, RouteType.ANYCAST):
        return _SCOPE_LINK
    near = route.gateway is None and not route.members()
    return _SCOPE_LINK if route.type == RouteType.UNICAST and near else _SCOPE_GLOBAL


def _next_hop(route: RouteMessage, names: Mapping[int, str]) -> Iterator[str]:
    yield from _via(route.gateway, route.family)
    if route.ifindex:
        yield from ("dev", _port(route.ifindex, names))
    if route.flags & NexthopFlag.ONLINK:
        yield "onlink"


def _next_hops(route: RouteMessage, names: Mapping[int, str]) -> Iterator[str]:
    for member in route.members():
        yield "nexthop"
        yield from _via(decode_gateway(member.attributes), route.family)
        yield from ("dev", _port(member.ifindex, names), "weight", str(member.weight))
        if member.flags & NexthopFlag.ONLINK:
            yield "onlink"
        yield from _realm(member.attributes)


def _port(ifindex: int, names: Mapping[int, str]) -> str:
    return quote(names.get(ifindex, f"if{ifindex}"))


def _via(gateway: Address | None, family: int) -> Iterator[str]:
    if gateway is not None:
        yield "via"
        if gateway.family != family:
            yield f"inet{gateway.family}" if gateway.family == 6 else "inet"
        yield str(gateway)


def _lifetime(route: RouteMessage) -> Iterator[str]:
    lifetime = route.attributes.get(RTA_EXPIRES)
    if lifetime is not None:
        yield from ("expires", str(_unpack(lifetime)))


def _attributes(route: RouteMessage) -> Iterator[str]:
    source = route.attributes.get(RouteAttribute.PREFSRC)
    if source is not None:
        yield from ("src", str(unpack_address(source)))
    yield from _realm(route.attributes)
    preference = route.attributes.get(RouteAttribute.PREF, b"\0")[0]
    if preference in _PREFERENCES:
        yield from ("pref", _PREFERENCES[preference])
    yield from _metrics(route.attributes.get(RouteAttribute.METRICS, b""))


def _realm(attributes: Mapping[int, bytes]) -> Iterator[str]:
    flow = attributes.get(RouteAttribute.FLOW)
    if flow is not None:
        source, destination = divmod(_unpack(flow), 1 << 16)
        yield from ("realm", f"{source}/{destination}" if source else str(destination))


def _metrics(nested: bytes) -> Iterator[str]:
    found = {kind: bytes(value) for kind, value in parse_attributes(nested).items()}
    locked = _unpack(found.pop(_RTAX_LOCK, bytes(4)))
    for kind, value in sorted(found.items()):
        yield _METRICS.get(kind, f"metric{kind}")
        if locked & 1 << kind and kind not in _NEVER_LOCKED:
            yield "lock"
        if kind == _RTAX_CONGCTL:
            yield value.rstrip(b"\0").decode("ascii", "replace")
        elif kind == _RTAX_FEATURES:
            yield from (name for bit, name in _FEATURES.items() if _unpack(value) & bit)
        else:
            yield str(_unpack(value))


def _unpack(value: bytes) -> int:
    return int.from_bytes(value, sys.byteorder)

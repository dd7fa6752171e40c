"""What the kernel does with an address: by brute force over `ip route`, and by its own answer."""

import errno
import json
import socket
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Any, Self

from ebtop.lab.namespace import Namespace

UNICAST, LOCAL, BROADCAST, ANYCAST, MULTICAST = 1, 2, 3, 4, 5
BLACKHOLE, UNREACHABLE, PROHIBIT, THROW = 6, 7, 8, 9
TABLE_DEFAULT, TABLE_MAIN, TABLE_LOCAL = 253, 254, 255
ERRORS = {
    BLACKHOLE: errno.EINVAL,
    UNREACHABLE: errno.EHOSTUNREACH,
    PROHIBIT: errno.EACCES,
    THROW: errno.ENETUNREACH,
}
_BITS = {4: 32, 6: 128}
_BATCH = 64
_NEWROUTE, _GETROUTE, _ERROR = 24, 26, 2
_REQUEST = 1
_LOOKUP_TABLE, _FIB_MATCH = 0x1000, 0x2000
_HEADER, _ROUTE = struct.Struct("=IHHII"), struct.Struct("=BBBBBBBBI")
_DST, _SRC, _IIF, _OIF, _GATEWAY, _PRIORITY, _MULTIPATH, _VIA = 1, 2, 3, 4, 5, 6, 9, 18

Hop = tuple[str, str]  # port, gateway ("": connected)


@dataclass(frozen=True, slots=True)
class Route:
    """A route as `ip -j route` shows it."""

    family: int
    value: int
    length: int
    table: int
    metric: int
    kind: int
    special: bool  # depends on tos or source
    by_object: bool  # names a next-hop object
    hops: tuple[Hop, ...]

    def covers(self, value: int) -> bool:
        return (value ^ self.value) >> (_BITS[self.family] - self.length) == 0


@dataclass(frozen=True, slots=True)
class Answer:
    """What brute force finds. Where it is not `certain`, XDP has to leave the packet alone."""

    route: Route | None
    certain: bool


class BruteForce:
    """The kernel's tables, each look-up a walk over all routes."""

    def __init__(self, namespace: Namespace) -> None:
        self.routes: dict[int, list[Route]] = {4: [], 6: []}
        for family, found in self.routes.items():
            shown = namespace.read_ip("-j", "-N", "-d", f"-{family}", "route", "show", "table", "0")
            found += [_parse_route(family, row) for row in json.loads(shown)]
            # Stable, so that equals stay in the kernel's order (net/ipv4/fib_trie.c).
            found.sort(key=lambda route: (-route.length, -route.table, route.metric))

    def find(self, family: int, value: int) -> Answer:
        """IPv4 looks into local and main as one table, then default; IPv6 local, then main."""
        covering = [route for route in self.routes[family] if route.covers(value)]
        usable = [route for route in covering if not route.special]
        stages = ({TABLE_LOCAL, TABLE_MAIN}, {TABLE_DEFAULT})
        if family == 6:
            stages = ({TABLE_LOCAL}, {TABLE_MAIN})
            # For other sources a source-specific route hides what else its prefix has
            # (net/ipv6/ip6_fib.c fib6_node_lookup_1 goes back from its subtree).
            hidden = {(route.table, route.length) for route in covering if route.special}
            usable = [route for route in usable if (route.table, route.length) not in hidden]
        firsts = [next((r for r in usable if r.table in stage), None) for stage in stages]
        final = [route for route in firsts if route is not None and route.kind != THROW]
        thrown = [route for route in firsts if route is not None]
        first = next(iter(final or thrown), None)
        return Answer(first, _is_certain(covering, first))


def _is_certain(covering: list[Route], first: Route | None) -> bool:
    """Whether nothing but the destination, and no order of tables, decided."""
    if first is None:
        return not covering
    if first.table == TABLE_DEFAULT:
        return False
    longest = covering[0]
    if any(route.special and route.length >= first.length for route in covering):
        return False
    if first.table == TABLE_MAIN and any(route.table == TABLE_LOCAL for route in covering):
        return False
    if longest.length != first.length:
        return False
    return first.family == 4 or not _is_tied(covering, first)


def _is_tied(covering: list[Route], first: Route) -> bool:
    """IPv6: another entry of the same prefix and metric that is no path of the first."""
    return any(
        route is not first and (route.length, route.metric) == (first.length, first.metric)
        for route in covering
        if route.table == first.table
    )


def _parse_route(family: int, row: dict[str, Any]) -> Route:
    everything = "0.0.0.0/0" if family == 4 else "::/0"
    network = ip_network(everything if row["dst"] == "default" else row["dst"])
    members = row.get("nexthops", [row] if "dev" in row else [])
    return Route(
        family=family,
        value=int(network.network_address),
        length=network.prefixlen,
        table=int(row.get("table", TABLE_MAIN)),
        metric=row.get("metric", 0),
        kind=int(row["type"]),
        special=int(row.get("tos", "0"), 16) != 0 or "from" in row,
        by_object="nhid" in row,
        hops=tuple(sorted((member["dev"], member.get("gateway", "")) for member in members)),
    )


@dataclass(frozen=True, slots=True)
class Reply:
    """The kernel's answer: a route, or an error number."""

    error: int = 0
    length: int = 0
    kind: int = 0
    metric: int = 0
    hops: tuple[Hop, ...] = ()


class KernelLookup:
    """RTM_GETROUTE with RTM_F_FIB_MATCH for packets that come in by a port, over one socket."""

    def __init__(self, namespace: Namespace, port: str, sources: dict[int, str]) -> None:
        self._socket = namespace.run(_open)
        links = json.loads(namespace.read_ip("-j", "link", "show"))
        self._names = {link["ifindex"]: link["ifname"] for link in links}
        self._port = next(index for index, name in self._names.items() if name == port)
        self._sources = {family: ip_address(text).packed for family, text in sources.items()}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def ask(self, questions: Sequence[tuple[int, int]]) -> list[Reply]:
        """One reply for each (family, address)."""
        replies: list[Reply] = []
        for start in range(0, len(questions), _BATCH):
            batch = questions[start : start + _BATCH]
            self._socket.send(b"".join(self._request(*one, n) for n, one in enumerate(batch)))
            found: dict[int, Reply] = {}
            while len(found) < len(batch):
                found.update(self._replies(self._socket.recv(1 << 17)))
            replies += [found[number] for number in range(len(batch))]
        return replies

    def _request(self, family: int, value: int, number: int) -> bytes:
        size = _BITS[family]
        body = _ROUTE.pack(
            _AF[family], size, size, 0, 0, 0, 0, 0, _LOOKUP_TABLE | _FIB_MATCH
        ) + b"".join(
            (
                _attribute(_DST, value.to_bytes(size // 8, "big")),
                _attribute(_SRC, self._sources[family]),
                _attribute(_IIF, struct.pack("=I", self._port)),
            )
        )
        return _HEADER.pack(_HEADER.size + len(body), _GETROUTE, _REQUEST, number, 0) + body

    def _replies(self, data: bytes) -> Iterator[tuple[int, Reply]]:
        at = 0
        while at < len(data):
            size, kind, _, number, _ = _HEADER.unpack_from(data, at)
            body = data[at + _HEADER.size : at + size]
            if kind == _ERROR:
                yield number, Reply(error=-struct.unpack_from("=i", body)[0])
            elif kind == _NEWROUTE:
                yield number, self._parse(body)
            at += size + 3 & ~3

    def _parse(self, body: bytes) -> Reply:
        _, length, _, _, _, _, _, kind, _ = _ROUTE.unpack_from(body)
        found = dict(_attributes(body[_ROUTE.size :]))
        hops = [self._hop(found)] if _OIF in found else []
        if _MULTIPATH in found:
            hops = list(self._hops(found[_MULTIPATH]))
        metric = int.from_bytes(found.get(_PRIORITY, b""), "little")
        return Reply(length=length, kind=kind, metric=metric, hops=tuple(sorted(hops)))

    def _hops(self, data: bytes) -> Iterator[Hop]:
        at = 0
        while at < len(data):
            size, _, _, ifindex = struct.unpack_from("=HBBi", data, at)
            inner = dict(_attributes(data[at + 8 : at + size]))
            yield self._hop(inner | {_OIF: struct.pack("=i", ifindex)})
            at += size + 3 & ~3

    def _hop(self, found: dict[int, bytes]) -> Hop:
        (ifindex,) = struct.unpack("=i", found[_OIF])
        packed = found.get(_GATEWAY, found.get(_VIA, b"\0\0")[2:] if _VIA in found else b"")
        return self._names[ifindex], str(ip_address(packed)) if packed else ""


_AF = {4: socket.AF_INET, 6: socket.AF_INET6}


def _open() -> socket.socket:
    netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 0)
    netlink.bind((0, 0))
    netlink.settimeout(5)
    netlink.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 21)
    return netlink


def _attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("=HH", 4 + len(value), kind) + value


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(data):
        size, kind = struct.unpack_from("=HH", data, at)
        yield kind & 0x3FFF, data[at + 4 : at + size]
        at += size + 3 & ~3

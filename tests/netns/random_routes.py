"""Random routes and random changes to them, as lines for `ip -batch` that the kernel accepts."""

from dataclasses import dataclass
from ipaddress import ip_network
from random import Random
from typing import Self

BITS = {4: 32, 6: 128}
GATEWAYS = (2, 10, 11, 12)
"""Last part of the addresses behind each port that have a neighbour entry."""
SILENT = 99
SOURCES = {4: "192.0.2.1", 6: "2001:db8:ffff::1"}
"""Where the packets come from: pinned by host routes, so that no random route takes them."""
NEXTHOPS = (
    "id 11 via 10.255.2.2 dev p2",
    "id 12 via 10.255.3.10 dev p3",
    "id 13 group 11/12,3",
    "id 61 via fd00:0:0:2::2 dev p2",
    "id 62 via fd00:0:0:4::11 dev p4",
    "id 63 group 61/62",
)
_NEXTHOP_IDS = {4: (11, 12, 13), 6: (61, 62, 63)}
_METRICS = {4: (0, 0, 0, 50, 200), 6: (1024, 1024, 1024, 100, 2000)}
_STEPS = {4: (1, 2, 3, 5, 8), 6: (1, 3, 4, 7, 8, 16, 29)}


@dataclass(frozen=True, slots=True)
class Prefix:
    """A prefix as plain numbers: nothing of what is tested is used to make it."""

    family: int
    value: int
    length: int

    @classmethod
    def parse(cls, line: str) -> Self:
        """The first prefix that is named in a line for `ip route`."""
        network = ip_network(next(word for word in line.split() if "/" in word))
        return cls(network.version, int(network.network_address), network.prefixlen)

    def __str__(self) -> str:
        return f"{ip_network((self.value.to_bytes(BITS[self.family] // 8, 'big'), self.length))}"

    @property
    def first(self) -> int:
        return self.value

    @property
    def last(self) -> int:
        return self.value + (1 << BITS[self.family] - self.length) - 1


@dataclass(frozen=True, slots=True)
class Key:
    """What the kernel tells routes apart by."""

    prefix: Prefix
    metric: int
    table: str = "main"
    selector: str = ""  # "tos 0x10", "from 2001:db8::/32"

    def __str__(self) -> str:
        return f"{self.prefix} {self.selector} metric {self.metric} table {self.table}"


class RandomRoutes:
    """A table that is changed at random; `lines` are what has to be done to the kernel's."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)  # noqa: S311  a test, no secret
        self._routes: dict[Key, list[str]] = {}  # specifications in the kernel's order
        self._prefixes: dict[int, list[Prefix]] = {4: [], 6: []}
        self._gone: list[Key] = []

    @property
    def prefixes(self) -> list[Prefix]:
        """Every prefix that there was at any time."""
        return self._prefixes[4] + self._prefixes[6]

    def lines_of_all_lengths(self) -> list[str]:
        """A route of each length, one around the other."""
        lines = []
        for family, bits in BITS.items():
            start = self._start(family)
            for length in range(bits + 1):
                prefix = _cut(family, start, length)
                if not any(key.prefix == prefix for key in self._routes):
                    lines.append(self._add(Key(prefix, _METRICS[family][0]), self._hop(family)))
        return lines

    def lines_to_grow(self, family: int, count: int) -> list[str]:
        """So many more routes, half of them inside others."""
        return [self._add_random(family) for _ in range(count)]

    def lines_to_change(self, count: int) -> list[str]:
        """So many additions, replacements, further routes of a key, deletions, re-additions."""
        works = (self._append, self._replace, self._delete, self._delete, self._return)
        lines: list[str] = []
        while len(lines) < count:
            work = self.random.choice((*works, lambda: self._add_random(self._family())))
            line = work()
            lines += [line] if line else []
        return lines

    def lines_to_clear(self) -> list[str]:
        """Deletes every route, in random order."""
        keys = [key for key, routes in self._routes.items() for _ in self._removals(key, routes)]
        self.random.shuffle(keys)
        return [self._remove(key) for key in keys]

    def addresses(self, prefix: Prefix) -> list[int]:
        """First, last and one inside of a prefix, and both neighbours."""
        inside = self.random.randint(prefix.first, prefix.last)
        found = {prefix.first, prefix.last, inside, prefix.first - 1, prefix.last + 1}
        return [value for value in found if 0 <= value < 1 << BITS[prefix.family]]

    def _family(self) -> int:
        return self.random.choice((4, 6))

    def _start(self, family: int) -> int:
        """An address of unicast, far from those of the lab itself."""
        if family == 4:
            first: int = self.random.choice((*range(11, 100), *range(128, 192)))
            return first << 24 | self.random.getrandbits(24)
        return self.random.randint(0x2400, 0x3FFF) << 112 | self.random.getrandbits(112)

    def _prefix(self, family: int) -> Prefix:
        known = self._prefixes[family]
        if known and self.random.random() < 0.6:
            around = self.random.choice(known)
            if around.length >= 8:
                length = min(around.length + self.random.choice(_STEPS[family]), BITS[family])
                return _cut(family, self.random.randint(around.first, around.last), length)
        lengths = range(5, 33) if family == 4 else range(16, 129)
        return _cut(family, self._start(family), self.random.choice(lengths))

    def _add_random(self, family: int) -> str:
        while True:
            key = Key(self._prefix(family), self.random.choice(_METRICS[family]))
            specification = self._specification(family, key.prefix)
            # Not where they would cover much: most of the table has to be forwarded.
            if self.random.random() < 0.04 and key.prefix.length >= 16:
                key, specification = self._special(key), self._hop(family)
            if key.table == "local":
                specification = "local dev lo"
            if key not in self._routes:
                return self._add(key, specification)

    def _special(self, key: Key) -> Key:
        """A route that XDP must leave to the kernel, and what it covers."""
        family = key.prefix.family
        selector = "tos 0x10" if family == 4 else "from 2001:db8:1::/48"
        return self.random.choice(
            (
                Key(key.prefix, key.metric, "default"),
                Key(key.prefix, key.metric, "local"),
                Key(key.prefix, key.metric, "main", selector),
            )
        )

    def _specification(self, family: int, prefix: Prefix) -> str:
        chance = self.random.random()
        if chance < 0.10:
            return self.random.choice(("blackhole", "unreachable", "prohibit", "throw"))
        if chance < 0.18:
            hops = {self._hop(family, weight=True) for _ in range(self.random.randint(2, 4))}
            return " ".join(sorted(hops))
        if chance < 0.23 and prefix.length > 3:
            return f"dev p{self.random.randint(1, 4)}"
        if chance < 0.29:
            return f"nhid {self.random.choice(_NEXTHOP_IDS[family])}"
        return self._hop(family) + (" mtu 1400" if chance > 0.96 else "")

    def _hop(self, family: int, *, weight: bool = False) -> str:
        port = self.random.choice((1, 2, 2, 3, 3, 4, 4))
        last = SILENT if self.random.random() < 0.05 else self.random.choice(GATEWAYS)
        via = f"via {gateway(family, port, last)} dev p{port}"
        return f"nexthop {via} weight {last % 4 + 1}" if weight else via

    def _add(self, key: Key, specification: str) -> str:
        self._routes[key] = [specification]
        self._prefixes[key.prefix.family].append(key.prefix)
        return _line("add", key, specification)

    def _plain_keys(self) -> list[Key]:
        return [key for key in self._routes if key.table == "main" and not key.selector]

    def _append(self) -> str:
        """IPv4: another route behind the first; IPv6: a further path of the same route."""
        key = self.random.choice(self._plain_keys())
        routes, specification = self._routes[key], self._hop(key.prefix.family)
        plain = all(route.startswith("via") and "mtu" not in route for route in routes)
        if not plain or specification in routes:
            return ""
        routes.append(specification)
        return _line("append", key, specification)

    def _replace(self) -> str:
        key = self.random.choice(self._plain_keys())
        routes = self._routes[key]
        specification = self._specification(key.prefix.family, key.prefix)
        if specification in routes:
            return ""
        routes[: 1 if key.prefix.family == 4 else len(routes)] = [specification]
        return _line("replace", key, specification)

    def _delete(self) -> str:
        return self._remove(self.random.choice(list(self._routes)))

    def _return(self) -> str:
        """A prefix that was deleted comes back, most likely by another way."""
        if not self._gone:
            return ""
        key = self.random.choice(self._gone)
        if key in self._routes or key.table == "local":
            return ""
        self._routes[key] = [self._hop(key.prefix.family)]
        return _line("add", key, self._routes[key][0])

    def _removals(self, key: Key, routes: list[str]) -> list[str]:
        return routes if key.prefix.family == 4 else routes[:1]

    def _remove(self, key: Key) -> str:
        """IPv4 deletes the first route of a key, IPv6 all of its paths."""
        del self._routes[key][: 1 if key.prefix.family == 4 else None]
        if not self._routes[key]:
            del self._routes[key]
            self._gone.append(key)
        return f"route del {'local ' if key.table == 'local' else ''}{key}"


def gateway(family: int, port: int, last: int) -> str:
    """A gateway behind a port of the lab's router."""
    return f"10.255.{port}.{last}" if family == 4 else f"fd00:0:0:{port}::{last:x}"


def _cut(family: int, address: int, length: int) -> Prefix:
    rest = BITS[family] - length
    return Prefix(family, address >> rest << rest, length)


def _line(verb: str, key: Key, specification: str) -> str:
    word, _, rest = specification.partition(" ")
    if word in {"blackhole", "unreachable", "prohibit", "throw", "local"}:
        return f"route {verb} {word} {key} {rest}".rstrip()
    return f"route {verb} {key} {specification}"

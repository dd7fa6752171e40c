"""The changes of a router's routes, links, addresses and neighbours, and where packets then go."""

from dataclasses import dataclass, field

from ebtop.lab.topology import host_mac
from ebtop.model.verdict import Verdict
from tests.netns.changing_router import NOWHERE, Step, at

HOSTS = range(1, 15)
DESTINATIONS = [f"198.18.7.{n}" for n in HOSTS] + [f"2001:db8:7::{n:x}" for n in HOSTS]
ELSEWHERE = [f"203.0.113.{n}" for n in HOSTS] + [f"2a00:7::{n:x}" for n in HOSTS]
PREFIXES = ("198.18.7.0/24", "2001:db8:7::/48")
LONGER = ("198.18.7.0/28", "2001:db8:7::/64")
DEFAULTS = ("0.0.0.0/0", "::/0")
OTHER_MAC = bytes.fromhex("02eb00000309")
NEW_MAC = bytes.fromhex("02eb00000c02")


def both(
    verb: str, prefixes: tuple[str, str], *hosts: int, last: int = 2, more: str = ""
) -> list[str]:
    """A route command of both families, out of one or several ports."""
    lines = []
    for prefix, gateway in zip(prefixes, ("10.255.{}.{}", "fd00:0:0:{}::{}"), strict=True):
        hops = [f"via {gateway.format(host, last)} dev p{host}" for host in hosts]
        text = hops[0] if len(hops) == 1 else " ".join(f"nexthop {hop}" for hop in hops)
        lines.append(f"route {verb} {prefix} {text} {more}".rstrip())
    return lines


def plain(verb: str, prefixes: tuple[str, str], kind: str = "") -> list[str]:
    """A route command of both families that names no next hop."""
    return [f"route {verb} {kind} {prefix}" for prefix in prefixes]


def neighbours(port: int, last: int, mac: bytes) -> list[str]:
    """Permanent entries of both families."""
    return [
        f"neighbour replace {address} lladdr {mac.hex(':')} dev p{port} nud permanent"
        for address in (f"10.255.{port}.{last}", f"fd00:0:0:{port}::{last}")
    ]


def step(name: str, lines: list[str], *hosts: int, **more: object) -> Step:
    """Both families go to the hosts from then on, or nowhere."""
    way = NOWHERE.union(*(at(host) for host in hosts))
    return Step(name, tuple(lines), way, way, **more)  # type: ignore[arg-type]  # Step's own


COVERING = both("add", ("198.18.0.0/16", "2001:db8::/32"), 4)
VIA_2 = [*COVERING, *both("add", PREFIXES, 2)]
SPARE = both("add", PREFIXES, 3, more="metric 2000")


@dataclass(frozen=True, slots=True)
class Scenario:
    """Steps behind each other; the first tells how it was before."""

    name: str
    lines: list[str]
    steps: list[Step]
    destinations: list[str] = field(default_factory=lambda: DESTINATIONS)
    sysctls: dict[str, int] = field(default_factory=dict)


SCENARIOS = [
    Scenario(
        "route",
        [*COVERING, *neighbours(3, 9, OTHER_MAC)],
        [
            step("before", [], 4),
            step("added", both("add", PREFIXES, 2), 2),
            step("replaced", both("replace", PREFIXES, 3), 3),
            Step(
                "replaced by a gateway of the same port",
                tuple(both("replace", PREFIXES, 3, last=9)),
                at(3, OTHER_MAC),
                at(3, OTHER_MAC),
            ),
            step("longer one added", both("add", LONGER, 2), 2),
            Step(
                "longer one deleted",
                tuple(plain("del", LONGER)),
                at(3, OTHER_MAC),
                at(3, OTHER_MAC),
            ),
            step("deleted", plain("del", PREFIXES), 4),
        ],
    ),
    Scenario(
        "append",
        VIA_2,
        [
            step("before", [], 2),
            Step("appended", tuple(both("append", PREFIXES, 3)), at(2), at(2) | at(3)),
            step("first deleted", both("del", PREFIXES, 2), 3),
        ],
    ),
    Scenario(
        "blackhole",
        VIA_2,
        [
            step("before", [], 2),
            step(
                "blackhole",
                plain("replace", PREFIXES, "blackhole"),
                verdict=Verdict.DROP_BLACKHOLE,
            ),
            step("unicast again", both("replace", PREFIXES, 3), 3),
        ],
    ),
    Scenario(
        "multipath",
        [*COVERING, *both("add", PREFIXES, 2, 3)],
        [
            step("before", [], 2, 3),
            step("other members", both("replace", PREFIXES, 3, 4), 3, 4),
            step("one more", both("replace", PREFIXES, 2, 3, 4), 2, 3, 4),
            step("a port goes down", ["link set p2 down"], 3, 4),
            step("one alone", both("replace", PREFIXES, 4), 4),
        ],
    ),
    Scenario(
        "default",
        both("add", DEFAULTS, 2),
        [
            step("before", [], 2),
            step("replaced", both("replace", DEFAULTS, 3), 3),
            step("deleted", plain("del", DEFAULTS), verdict=Verdict.PUNT_NO_ROUTE),
            step("added", both("add", DEFAULTS, 4), 4),
        ],
        destinations=ELSEWHERE,
    ),
    Scenario(
        "admin-down",
        [*VIA_2, *SPARE],
        [
            step("before", [], 2),
            step("down", ["link set p2 down"], 3),
            step(
                "up",
                [
                    "link set p2 up",
                    "address add fd00:0:0:2::1/64 dev p2",
                    *both("add", PREFIXES, 2),
                ],
                2,
            ),
        ],
    ),
    Scenario(
        "carrier",
        [*VIA_2, *SPARE, *neighbours(2, 2, host_mac(2))],
        [
            step("before", [], 2),
            step("lost", ["link set eth0 down"], verdict=Verdict.PUNT_EGRESS, in_host=2),
            step("back", ["link set eth0 up"], 2, in_host=2),
        ],
    ),
    Scenario(
        "carrier, linkdown ignored",
        [*VIA_2, *SPARE, *neighbours(2, 2, host_mac(2))],
        [
            step("before", [], 2),
            step("lost", ["link set eth0 down"], 3, in_host=2),
            step("back", ["link set eth0 up"], 2, in_host=2),
        ],
        sysctls={
            f"net/{family}/conf/p2/ignore_routes_with_linkdown": 1 for family in ("ipv4", "ipv6")
        },
    ),
    Scenario(
        "last IPv4 address",
        VIA_2,
        [
            step("before", [], 2),
            Step("removed", ("address del 10.255.2.1/24 dev p2",), at(4), at(2)),
            Step(
                "restored",
                ("address add 10.255.2.1/24 dev p2", both("add", PREFIXES, 2)[0]),
                at(2),
                at(2),
            ),
        ],
    ),
    Scenario(
        "MACs",
        VIA_2,
        [
            step("before", [], 2),
            Step(
                "another of the next hop",
                tuple(neighbours(2, 2, NEW_MAC)),
                at(2, NEW_MAC),
                at(2, NEW_MAC),
            ),
            step(
                "forgotten and asked for",
                ["neighbour del 10.255.2.2 dev p2", "neighbour del fd00:0:0:2::2 dev p2"],
                2,
            ),
            Step(
                "another of the port",
                (f"link set p2 address {NEW_MAC.hex(':')}",),
                at(2, source_mac=NEW_MAC),
                at(2, source_mac=NEW_MAC),
            ),
        ],
    ),
    Scenario(
        "port renamed",
        VIA_2,
        [
            step("before", [], 2),
            step("renamed", ["link set p2 name wan"], 2),
            step("left", both("replace", PREFIXES, 3), 3),
            step(
                "taken again",
                [line.replace("p2", "wan") for line in both("replace", PREFIXES, 2)],
                2,
            ),
        ],
    ),
    Scenario(
        "interface deleted",
        [*VIA_2, *SPARE],
        [step("before", [], 2), step("deleted", ["link del p2"], 3)],
    ),
    Scenario(
        "next-hop object",
        [
            *COVERING,
            "nexthop add id 5 via 10.255.2.2 dev p2",
            "nexthop add id 6 via fd00:0:0:2::2 dev p2",
            f"route add {PREFIXES[0]} nhid 5",
            f"route add {PREFIXES[1]} nhid 6",
        ],
        [
            step("before", [], 2),
            step(
                "moved",
                [
                    "nexthop replace id 5 via 10.255.3.2 dev p3",
                    "nexthop replace id 6 via fd00:0:0:3::2 dev p3",
                ],
                3,
            ),
            step("deleted", ["nexthop del id 5", "nexthop del id 6"], 4),
        ],
    ),
]

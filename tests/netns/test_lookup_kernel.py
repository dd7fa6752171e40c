"""For every address: what XDP does = brute force over `ip route` = the kernel's own answer."""

import errno
import os
import time
from collections import Counter
from collections.abc import Iterator
from ipaddress import ip_address

import pytest

from ebtop.model.verdict import Verdict
from tests.netns.lookup_oracle import (
    ERRORS,
    UNICAST,
    Answer,
    BruteForce,
    KernelLookup,
    Reply,
    Route,
)
from tests.netns.lookup_router import INGRESS, Crossing, LookupRouter, lookup_router
from tests.netns.random_routes import BITS, SOURCES, Prefix, RandomRoutes

Question = tuple[int, int]  # family, address

# New at each run, but where a run has to be the same every time; EBTOP_SEED repeats one.
SEED = int(os.environ.get("EBTOP_SEED") or 0) or (
    1 if os.environ.get("EBTOP_TESTS") == "all" else time.time_ns() % 1_000_000
)
ORDER_OF_TABLES = (
    "20.0.0.0/8 via 10.255.2.2 table default",
    "blackhole 21.0.0.0/8",
    "21.0.0.0/8 via 10.255.2.2 table default",
    "throw 22.0.0.0/8",
    "22.0.0.0/8 via 10.255.2.2 table default",
    "22.1.0.0/16 via 10.255.3.2 table default",
    "23.0.0.0/8 via 10.255.3.2",
    "23.1.0.0/16 via 10.255.2.2 table default",
    "local 24.0.0.0/8 dev lo",
    "24.1.0.0/16 via 10.255.2.2",
    "25.0.0.0/8 via 10.255.2.2",
    "local 25.1.0.0/16 dev lo",
    "26.0.0.0/8 via 10.255.2.2",
    "26.1.0.0/16 tos 0x10 via 10.255.3.2",
    "27.0.0.0/8 via 10.255.2.2 table 100",
    "2420::/16 via fd00:0:0:2::2 table default",
    "throw 2422::/16",
    "2422::/16 via fd00:0:0:2::2 table default",
    "local 2424::/16 dev lo",
    "2424:1::/32 via fd00:0:0:2::2",
    "2425::/16 via fd00:0:0:2::2",
    "local 2425:1::/32 dev lo",
    "2426::/16 via fd00:0:0:2::2",
    "2426:1::/32 from 2001:db8:1::/48 via fd00:0:0:3::2",
    "2427::/16 via fd00:0:0:2::2",
    "2427:1::/32 via fd00:0:0:4::2",
    "2427:1::/32 from 2001:db8:1::/48 via fd00:0:0:3::2",
    "2428::/16 via fd00:0:0:2::2",
    "2428::/16 dev p3",
    "2429::/16 via fd00:0:0:2::2 table 100",
)
"""Where the longest match over all tables is not, or may not be, what the kernel does."""


OUTCOMES = (
    Verdict.PUNT_LOCAL,
    Verdict.PUNT_UNREACHABLE,
    Verdict.PUNT_PROHIBIT,
    Verdict.PUNT_THROW,
    Verdict.PUNT_NEIGHBOUR,
    Verdict.PUNT_SAME_PORT,
    Verdict.DROP_BLACKHOLE,
)
"""What every random table leads to, beside FORWARDED."""


def compile_questions(routes: RandomRoutes, prefixes: list[Prefix], extra: int) -> list[Question]:
    """The edges of all prefixes, and random addresses of both families."""
    asked = {(p.family, value) for p in prefixes for value in routes.addresses(p)}
    for family, bits in BITS.items():
        asked |= {(family, routes.random.getrandbits(bits)) for _ in range(extra)}
        asked |= {(family, int(ip_address(SOURCES[family])))}
    return sorted(question for question in asked if is_unicast(*question))


def is_unicast(family: int, value: int) -> bool:
    """Whether the routes decide: what is no unicast destination never gets so far."""
    if family == 4:
        return 0 < value >> 24 < 224 and value >> 24 != 127
    return value > 1 and value >> 120 != 0xFF and value >> 118 != 0xFE80 >> 6


def check(router: LookupRouter, questions: list[Question]) -> Counter[str]:
    """Compares the three answers for each address; returns how often each outcome was seen."""
    brute = BruteForce(router.router.namespace)
    answers = [brute.find(*question) for question in questions]
    with KernelLookup(router.router.namespace, INGRESS, SOURCES) as kernel:
        replies = kernel.ask(questions)
    before = router.read_counts()
    crossings = router.cross(questions)
    counted = router.read_counts() - before
    wrong = [
        f"{ip_address(question[1].to_bytes(BITS[question[0]] // 8, 'big'))}:"
        f" {answer}, kernel {reply}, XDP {crossing}"
        for question, answer, reply, crossing in zip(
            questions, answers, replies, crossings, strict=True
        )
        if not kernel_agrees(answer, reply) or not xdp_agrees(router, question, answer, crossing)
    ]
    assert not wrong, "\n".join([f"{len(wrong)} of {len(questions)}:", *wrong[:10]])
    owed = Counter(number_of(router, a.route) for a in answers if a.certain and a.route)
    assert all(counted[number] >= count for number, count in owed.items())
    assert counted.sum() - owed.total() <= sum(not answer.certain for answer in answers)
    return Counter(
        crossing.verdict.name if answer.certain else "uncertain"
        for answer, crossing in zip(answers, crossings, strict=True)
    )


def kernel_agrees(answer: Answer, reply: Reply) -> bool:
    route = answer.route
    if route is None:
        return reply.error == errno.ENETUNREACH
    if route.kind in ERRORS:
        return reply.error == ERRORS[route.kind]
    if route.family == 6 and route.by_object:
        # The kernel caches its answer in the next-hop object and names the route that asked
        # first (net/ipv6/route.c rt6_get_pcpu_route), so that only the next hop is its answer.
        return not reply.error and bool(set(reply.hops) & set(route.hops))
    if (reply.error, reply.length, reply.kind) != (0, route.length, route.kind):
        return False
    return route.kind != UNICAST or (reply.metric, reply.hops) == (route.metric, route.hops)


def xdp_agrees(
    router: LookupRouter, question: Question, answer: Answer, crossing: Crossing
) -> bool:
    allowed = router.expect(answer.route, *question)
    if not answer.certain:
        return crossing.verdict.punted or crossing in allowed
    return crossing in allowed and engine_agrees(router, answer.route)


def engine_agrees(router: LookupRouter, route: Route | None) -> bool:
    """Whether the engine's table names the same route as best, with the same next hops."""
    if route is None:
        return True
    row = router.rows.get(prefix_of(route))
    if row is None or (row.table, row.metric) != (route.table, route.metric):
        return False
    return route.kind != UNICAST or row.hops == route.hops


def number_of(router: LookupRouter, route: Route) -> int:
    return router.rows[prefix_of(route)].number


def prefix_of(route: Route) -> str:
    return str(Prefix(route.family, route.value, route.length))


def follow(router: LookupRouter, lines: list[str]) -> None:
    """Does the lines to the kernel's table and lets ebtop follow."""
    router.sentinels += 1
    sentinel = f"203.0.113.{router.sentinels}"
    router.router.namespace.ip(*lines, f"route add {sentinel}/32 via 10.255.2.2")
    router.follow(sentinel)


@pytest.fixture(params=[pytest.param(SEED, id=f"EBTOP_SEED={SEED}")])
def routes(request: pytest.FixtureRequest) -> RandomRoutes:
    return RandomRoutes(request.param)


@pytest.fixture
def router(routes: RandomRoutes) -> Iterator[LookupRouter]:
    """Follows a table that was there before it: each length and all kinds, 2,263 routes."""
    lines = routes.lines_of_all_lengths()
    lines += routes.lines_to_grow(4, 1200) + routes.lines_to_grow(6, 900)
    with lookup_router(lines) as router:
        yield router


def test_look_up_equals_brute_force_and_the_kernel(
    router: LookupRouter, routes: RandomRoutes
) -> None:
    """From a dump, after random changes twice, and when all is deleted."""
    for lines in ([], routes.lines_to_change(900), routes.lines_to_change(900)):
        follow(router, lines)
        questions = compile_questions(routes, routes.prefixes, extra=500)
        seen = check(router, questions)

        assert len(questions) >= 5000
        assert len(router.rows) >= 2000 - len(lines)
        assert seen[Verdict.FORWARDED.name] > len(questions) // 4
        assert seen["uncertain"] < len(questions) // 4
        assert all(seen[verdict.name] for verdict in OUTCOMES)

    follow(router, routes.lines_to_clear())
    questions = compile_questions(routes, routes.prefixes, extra=500)
    assert check(router, questions)[Verdict.PUNT_NO_ROUTE.name] >= len(questions) - 2


def test_look_up_where_the_order_of_tables_decides() -> None:
    routes = RandomRoutes(1)
    with lookup_router([f"route append {line}" for line in ORDER_OF_TABLES]) as router:
        follow(router, [])
        prefixes = [Prefix.parse(line) for line in ORDER_OF_TABLES]
        seen = check(router, compile_questions(routes, prefixes, extra=10))

        assert seen["uncertain"] > 30

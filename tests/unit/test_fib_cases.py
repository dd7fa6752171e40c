"""Named cases: which route answers, and with what."""

from dataclasses import dataclass

import pytest

from ebtop.fib.layout import VerdictSet
from ebtop.model.prefix import parse_address, parse_prefix
from ebtop.model.route import Nexthop, NexthopFlag, RouteType
from tests.unit.fib_router import (
    ADDED,
    APPENDED,
    AROUND,
    DELETED,
    FORWARD,
    REPLACED,
    A,
    B,
    Event,
    Router,
)
from tests.unit.kernel_tables import columns, route


@dataclass(frozen=True)
class Case:
    name: str
    events: tuple[Event, ...]
    address: str
    answer: str
    verdict: int = FORWARD


DEAD = Nexthop(1, A.gateway, 1, NexthopFlag.DEAD)
RA1, RA2 = (Nexthop(port, parse_address("fe80::1")) for port in (1, 2))
CASES = [
    Case("no route at all", (), "10.1.0.1", "", VerdictSet.NO_ROUTE),
    Case(
        "longest of nested prefixes",
        tuple((ADDED, route(p, A)) for p in ("0.0.0.0/0", "10.0.0.0/8", "10.1.1.128/25")),
        "10.1.1.129",
        "10.1.1.128/25 0",
    ),
    Case(
        "the default where nothing longer is",
        tuple((ADDED, route(p, A)) for p in ("0.0.0.0/0", "10.0.0.0/8", "10.1.1.128/25")),
        "11.0.0.1",
        "0.0.0.0/0 0",
    ),
    Case(
        "lower metric first, whatever the order of arrival",
        ((ADDED, route("10.1.0.0/16", A)), (ADDED, route("10.1.0.0/16", B, metric=5))),
        "10.1.0.1",
        "10.1.0.0/16 0",
    ),
    Case(
        "deleting the first brings up the second",
        (
            (ADDED, route("10.1.0.0/16", A)),
            (ADDED, route("10.1.0.0/16", B, metric=5)),
            (DELETED, route("10.1.0.0/16", A)),
        ),
        "10.1.0.1",
        "10.1.0.0/16 5",
    ),
    Case(
        "a dead next hop is no answer: the shorter prefix",
        ((ADDED, route("10.0.0.0/8", B)), (ADDED, route("10.1.0.0/16", DEAD))),
        "10.1.0.1",
        "10.0.0.0/8 0",
    ),
    Case(
        "a tos route makes its prefix the kernel's",
        ((ADDED, route("10.1.0.0/16", A)), (ADDED, route("10.1.0.0/16", B, tos=16))),
        "10.1.0.1",
        "10.1.0.0/16 0",
        VerdictSet.UNSUPPORTED,
    ),
    Case(
        "a longer main prefix inside a local one: the answers differ",
        (
            (ADDED, route("127.0.0.0/8", type=RouteType.LOCAL, table=255)),
            (ADDED, route("127.1.0.0/16", A)),
        ),
        "127.1.0.1",
        "127.1.0.0/16 0",
        VerdictSet.UNSUPPORTED,
    ),
    Case(
        "the local table wins at the same prefix",
        (
            (ADDED, route("10.1.0.1/32", A)),
            (ADDED, route("10.1.0.1/32", type=RouteType.LOCAL, table=255, metric=7)),
        ),
        "10.1.0.1",
        "10.1.0.1/32 7",
        VerdictSet.LOCAL,
    ),
    Case(
        "table default inside a main prefix is never asked",
        ((ADDED, route("10.0.0.0/8", A)), (ADDED, route("10.1.0.0/16", B, table=253))),
        "10.1.0.1",
        "10.0.0.0/8 0",
    ),
    Case(
        "a table that no default rule names is not followed",
        ((ADDED, route("10.1.0.0/16", A, table=100)),),
        "10.1.0.1",
        "",
        VerdictSet.NO_ROUTE,
    ),
    Case(
        "two RA defaults of one metric are not equal-cost",
        (
            (ADDED, route("::/0", RA1, metric=1024, protocol=9)),
            (ADDED, route("::/0", RA2, metric=1024, protocol=9)),
        ),
        "2001:db8::1",
        "::/0 1024",
        VerdictSet.UNSUPPORTED,
    ),
    Case(
        "appended siblings are one route",
        ((ADDED, route("2001:db8::/32", RA1)), (APPENDED, route("2001:db8::/32", RA1, RA2))),
        "2001:db8::1",
        "2001:db8::/32 0",
    ),
    Case(
        "a source-specific route makes its prefix the kernel's",
        (
            (ADDED, route("2001:db8::/32", RA1)),
            (ADDED, route("2001:db8::/32", RA2, source=parse_prefix("2001:db8:9::/48"))),
        ),
        "2001:db8::1",
        "2001:db8::/32 0",
        VerdictSet.UNSUPPORTED,
    ),
    Case(
        "a next-hop object that is not known",
        ((ADDED, route("10.1.0.0/16", nexthop_id=9)),),
        "10.1.0.1",
        "10.1.0.0/16 0",
        VerdictSet.UNSUPPORTED,
    ),
    Case(
        "more members than a set may have",
        ((ADDED, route("10.1.0.0/16", *(Nexthop(port, A.gateway) for port in range(1, 66)))),),
        "10.1.0.1",
        "10.1.0.0/16 0",
        VerdictSet.UNSUPPORTED,
    ),
    *(
        Case(
            f"type {kind.name.lower()}",
            ((ADDED, route("10.1.0.0/16", type=kind)),),
            "10.1.0.1",
            "10.1.0.0/16 0",
            verdict,
        )
        for kind, verdict in (
            (RouteType.BROADCAST, VerdictSet.BROADCAST),
            (RouteType.MULTICAST, VerdictSet.MULTICAST),
            (RouteType.BLACKHOLE, VerdictSet.BLACKHOLE),
            (RouteType.UNREACHABLE, VerdictSet.UNREACHABLE),
            (RouteType.PROHIBIT, VerdictSet.PROHIBIT),
            (RouteType.THROW, VerdictSet.THROW),
            (RouteType.NAT, VerdictSet.UNSUPPORTED),
        )
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_answers(case: Case) -> None:
    router = Router(*case.events)
    assert router.answer(case.address) == (case.answer, case.verdict)


def test_append_and_prepend_keep_the_kernels_order() -> None:
    router = Router((ADDED, route("10.1.0.0/16", A)), (APPENDED, route("10.1.0.0/16", B)))
    assert router.rib.columns["born"][router.rib.longest_match(parse_address("10.1.0.1"))] == 1
    router.say((ADDED, route("10.1.0.0/16", B, mtu=1400)))
    row = router.rib.longest_match(parse_address("10.1.0.1"))
    assert router.rib.columns["mtu"][row] == 1400


def test_the_latest_in_front_is_first_and_its_end_brings_up_the_one_before() -> None:
    items = [route("10.1.0.0/16", A, mtu=1400 + i) for i in range(3)]
    router = Router(*((ADDED, item) for item in items))
    for item in reversed(items):
        row = router.rib.longest_match(parse_address("10.1.0.1"))
        assert router.rib.columns["mtu"][row] == item.mtu
        router.say((DELETED, item))
    assert len(router.rib) == 0


def test_replace_keeps_the_id_and_changes_the_way() -> None:
    router = Router((ADDED, route("10.1.0.0/16", A)))
    row = router.rib.longest_match(parse_address("10.1.0.1"))
    router.say((REPLACED, route("10.1.0.0/16", B)))
    assert router.rib.longest_match(parse_address("10.1.0.1")) == row
    assert router.maps.hops(router.maps.lookup(parse_address("10.1.0.1"))[1])[0][1][1] == 1
    assert not router.confused


@pytest.mark.parametrize(
    "event",
    [
        (DELETED, route("10.2.0.0/16", A)),
        (REPLACED, route("10.2.0.0/16", A)),
        (DELETED, route("10.1.0.0/16", B)),
        (DELETED, route("2001:db8::/32", RA1)),
    ],
    ids=["delete unknown", "replace unknown", "delete another way", "delete unknown IPv6"],
)
def test_an_event_that_does_not_fit_asks_for_a_dump(event: Event) -> None:
    router = Router((ADDED, route("10.1.0.0/16", A)))
    assert not router.confused
    router.say(event)
    assert router.confused


def test_replacing_one_of_two_that_are_no_siblings_asks_for_a_dump() -> None:
    router = Router(*((ADDED, route("::/0", hop, metric=1024)) for hop in (RA1, RA2)))
    assert not router.confused
    router.say((REPLACED, route("::/0", RA1, metric=1024, mtu=1400)))
    assert router.confused


def test_deleting_one_of_two_that_look_alike_asks_for_a_dump() -> None:
    router = Router(*[(APPENDED, route("10.1.0.0/16", A))] * 2)
    assert len(router.rib) == 1
    router.say((DELETED, route("10.1.0.0/16", A)))
    assert router.confused


def test_deleting_a_sibling_leaves_the_others() -> None:
    router = Router((ADDED, route("2001:db8::/32", RA1, RA2)))
    router.say((DELETED, route("2001:db8::/32", RA1)))
    row = router.rib.longest_match(parse_address("2001:db8::1"))
    assert router.rib.groups[router.rib.columns["group"][row]].members == (RA2,)
    router.say((DELETED, route("2001:db8::/32", RA2)))
    assert router.answer("2001:db8::1") == ("", VerdictSet.NO_ROUTE)


def test_a_lifetime_ends_a_second_early_and_a_dump_renews_it() -> None:
    item = route("2001:db8::/32", RA1, lifetime_s=30.0)
    router = Router((ADDED, item))
    for now_s, verdict in ((28.9, FORWARD), (29.0, VerdictSet.NO_ROUTE)):
        change = router.rib.expire(now_s)
        router.maps.install(router.fib.update(router.rib, change, AROUND))
        assert router.answer("2001:db8::1")[1] == verdict
    change = router.rib.replace(columns([(ADDED, item)]), 29.5)
    router.maps.install(router.fib.update(router.rib, change, AROUND))
    assert router.answer("2001:db8::1")[1] == FORWARD


def test_an_equal_dump_changes_nothing() -> None:
    events = [(ADDED, route(f"10.{i}.0.0/16", A, B)) for i in range(50)]
    router = Router(*events)
    structure = router.rib.structure
    change = router.rib.replace(columns(events), 1.0)
    assert not change
    assert router.rib.structure == structure


def test_a_dump_keeps_ids_and_drops_what_is_gone() -> None:
    items = [route(f"10.{i}.0.0/16", A) for i in range(10)]
    router = Router(*((ADDED, item) for item in items))
    rows = [router.rib.longest_match(parse_address(f"10.{i}.0.1")) for i in range(10)]
    change = router.rib.replace(columns([(ADDED, item) for item in reversed(items[:5])]), 1.0)
    assert sorted(change.gone.tolist()) == sorted(rows[5:])
    assert [router.rib.longest_match(parse_address(f"10.{i}.0.1")) for i in range(5)] == rows[:5]

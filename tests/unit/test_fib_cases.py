"""Named cases: which route answers, with what, and what a change costs."""

import random
from dataclasses import dataclass

import numpy as np
import pytest

from ebtop.fib.adjacencies import Surroundings
from ebtop.fib.fib import Fib
from ebtop.fib.layout import FIRST_SET, Capacity, VerdictSet
from ebtop.fib.nexthops import hash_bounds
from ebtop.fib.pool import Pool, RangePool
from ebtop.fib.rib import Rib
from ebtop.model.columns import RouteEvent, empty_columns
from ebtop.model.prefix import Prefix, parse_address, parse_prefix
from ebtop.model.route import Nexthop, NexthopFlag, NexthopGroup, RouteType
from tests.unit.fib_maps import Maps
from tests.unit.kernel_tables import Route, columns, route

CAPACITY = Capacity(routes=4096, blocks=256, sets=2048, members=4096, adjacencies=4096)
A, B = (Nexthop(port, parse_address(f"10.0.{port}.1")) for port in (1, 2))
AROUND = Surroundings(
    {1: 0, 2: 1},
    {0: bytes([2, 0, 0, 0, 0, 1]), 1: bytes([2, 0, 0, 0, 0, 2])},
    {
        (hop.ifindex, hop.gateway): bytes([2, 0, 0, 0, 9, hop.ifindex])
        for hop in (A, B)
        if hop.gateway
    },
)
ADDED, DELETED = RouteEvent.ADDED, RouteEvent.DELETED
APPENDED, REPLACED = RouteEvent.APPENDED, RouteEvent.REPLACED
Event = tuple[RouteEvent, Route]
FORWARD = -1


class Router:
    """Rib, Fib and maps with every patch installed."""

    def __init__(self, *start: Event, capacity: Capacity = CAPACITY) -> None:
        self.rib, self.fib, self.maps = Rib(capacity.routes), Fib(capacity), Maps(capacity)
        self.around = AROUND
        self.now_s = 0.0
        self.confused = False
        self.say(*start)

    def say(self, *events: Event) -> int:
        """Apply events; how many words were published."""
        change = self.rib.apply(columns(list(events)), self.now_s)
        self.confused = change.confused
        patch = self.fib.update(self.rib, change, self.around)
        self.maps.install(patch)
        return sum(len(store.words) for store in patch.publish)

    def answer(self, text: str) -> tuple[str, int]:
        """The answering prefix with its metric, and its verdict or FORWARD."""
        address = parse_address(text)
        row, number = self.maps.lookup(address)
        assert (row, number) == self.fib.lookup(address)
        if not row:
            return "", number
        held = self.rib.columns
        prefix = Prefix(*(int(held[n][row]) for n in ("family", "high", "low", "length")))
        return f"{prefix} {held['metric'][row]}", number if number < FIRST_SET else FORWARD


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


def test_moving_a_nexthop_object_is_one_store_whatever_its_routes() -> None:
    def items(hop: Nexthop) -> list[Event]:
        return [
            (ADDED, route(f"10.{i}.{j}.0/24", hop, nexthop_id=7))
            for i in range(20)
            for j in range(50)
        ]

    router = Router(*items(A))
    change = router.rib.move_nexthop(NexthopGroup(7, (B,)))
    patch = router.fib.update(router.rib, change, AROUND)
    assert {store.array for store in patch.publish} == {"sets"}
    assert len(patch.publish) == 3  # ports of both, the way, ports of the new one
    router.maps.install(patch)
    assert router.say(*((REPLACED, item) for _, item in items(B))) == 0
    assert router.maps.hops(router.maps.lookup(parse_address("10.3.3.1"))[1])[0][1][1] == 1


def test_a_new_mac_never_edits_a_live_adjacency() -> None:
    router = Router((ADDED, route("10.1.0.0/16", A)))
    number = router.maps.lookup(parse_address("10.1.0.1"))[1]
    old = int(router.fib.image["sets"][number * 8 + 1])
    before = router.fib.image["adjacencies"][old * 8 : old * 8 + 8].copy()
    assert A.gateway is not None
    router.around = Surroundings(AROUND.slots, AROUND.macs, {(1, A.gateway): bytes([2] * 6)})
    patch = router.fib.rewire(router.rib, router.around)
    router.maps.install(patch)
    assert patch.frees
    assert np.array_equal(router.fib.image["adjacencies"][old * 8 : old * 8 + 8], before)
    assert router.maps.hops(number)[0][1] == (1, 0, bytes([2] * 6) + AROUND.macs[0])


def test_sets_beyond_the_leaf_go_through_the_side_array() -> None:
    events = [(ADDED, route(f"10.{i >> 8}.{i & 255}.0/24", A, mtu=1280 + i)) for i in range(1500)]
    router = Router(*events)
    for i in (0, 1006, 1007, 1499):
        number = router.maps.lookup(parse_address(f"10.{i >> 8}.{i & 255}.1"))[1]
        assert router.maps.set_words(number)[2] == 1280 + i
    assert router.maps.lookup(parse_address("10.5.0.1"))[1] > 1023
    change = router.rib.apply(columns([(REPLACED, route("10.5.0.0/24", B, mtu=1280))]), 0.0)
    patch = router.fib.update(router.rib, change, AROUND)
    assert [store.array for store in patch.publish] == ["route_sets"]
    assert "route_sets" not in {store.array for store in patch.fill}
    router.maps.install(patch)
    number = router.maps.lookup(parse_address("10.5.0.1"))[1]
    assert router.maps.hops(number)[0][1][1] == 1


def test_churn_does_not_grow_the_pools() -> None:
    router = Router((ADDED, route("0.0.0.0/0", A)), (ADDED, route("10.0.0.0/8", B)))
    at_rest = router.fib.used()
    chance = random.Random(1)  # noqa: S311  the same run every time
    for _ in range(150):
        items = {}
        for _ in range(20):
            length = chance.choice([16, 24, 25, 28, 32])
            bits = chance.getrandbits(16) << 8 | chance.getrandbits(8)
            value = (10 << 24 | bits) >> (32 - length) << (32 - length)
            prefix = Prefix(4, value << 32, 0, length)
            items[prefix] = Route(prefix, NexthopGroup(0, (chance.choice([A, B]),)), mtu=1400)
        router.say(*((ADDED, item) for item in items.values()))
        router.say(*((DELETED, item) for item in items.values()))
        assert not router.confused
        router.rib.reclaim()
    router.maps.install(router.fib.rewire(router.rib, AROUND))
    assert router.fib.used() == at_rest
    assert router.rib.overflow == router.fib.overflow == 0
    assert router.rib.columns["state"].nonzero()[0].max() < 64


def test_what_is_no_route_at_all_is_ignored() -> None:
    router = Router((ADDED, route("10.1.0.0/16", A)))
    bad = empty_columns(6, groups=(NexthopGroup(0, (A,)),))
    bad.event[:] = [1, 1, 1, 1, 200, 1]
    bad.family[:] = [0, 4, 6, 4, 4, 4]
    bad.length[:] = [0, 33, 129, 8, 8, 8]
    bad.high[3] = 1 << 40  # host bits
    bad.group[5] = 9
    change = router.rib.apply(bad, 0.0)
    assert not change
    assert len(router.rib) == 1


def test_a_full_rib_punts_what_covers_the_lost_route_until_a_dump_fits() -> None:
    small = Capacity(routes=4, blocks=8, sets=32, members=32, adjacencies=32)
    router = Router(
        (ADDED, route("10.0.0.0/8", A)), (ADDED, route("11.0.0.0/8", A)), capacity=small
    )
    router.say((ADDED, route("12.0.0.0/8", A)), (ADDED, route("10.1.0.0/16", B)))
    assert router.rib.overflow == 1
    assert router.answer("10.1.0.1") == ("10.0.0.0/8 0", VerdictSet.FULL)
    assert router.answer("11.0.0.1") == ("11.0.0.0/8 0", FORWARD)
    dump = [(ADDED, route("10.0.0.0/8", A)), (ADDED, route("11.0.0.0/8", A))]
    router.rib.reclaim()
    change = router.rib.replace(columns(dump), 0.0)
    router.maps.install(router.fib.update(router.rib, change, AROUND))
    assert router.rib.overflow == 0
    assert router.answer("10.1.0.1") == ("10.0.0.0/8 0", FORWARD)


@pytest.mark.parametrize(
    ("weights", "bounds"),
    [
        ([1], [2147483647]),
        ([1, 1], [1073741823, 2147483647]),
        ([1, 2], [715827882, 2147483647]),  # round(2^31 / 3) - 1 = 715827883 - 1
        ([1, 1, 1], [715827882, 1431655764, 2147483647]),
    ],
)
def test_hash_bounds_round_as_the_kernel_does(weights: list[int], bounds: list[int]) -> None:
    assert hash_bounds(weights) == bounds


def test_pools_give_nothing_out_again_before_they_settle() -> None:
    pool = Pool(1, 3)
    assert [pool.take(), pool.take(), pool.take()] == [1, 2, None]
    pool.release([1])
    assert pool.take() is None
    pool.settle()
    assert pool.take_many(5).tolist() == [1]
    ranges = RangePool(6)
    starts = [ranges.take(3), ranges.take(3)]
    assert starts == [0, 3]
    ranges.release(0, 3)
    ranges.release(3, 3)
    assert ranges.take(1) is None
    ranges.settle()
    assert ranges.take(6) == 0


@pytest.mark.parametrize("size", [(0, 0), (100, 10), (968_428, 177_846), (3_000_000, 0)])
def test_capacity_has_room_to_double(size: tuple[int, int]) -> None:
    capacity = Capacity.for_table(*size)
    assert capacity.routes >= min(2 * sum(size), 1 << 21)
    assert capacity.blocks * 4 <= 1 << 20
    for value in vars_of(capacity):
        assert value & (value - 1) == 0


def vars_of(capacity: Capacity) -> list[int]:
    return [getattr(capacity, name) for name in Capacity.__dataclass_fields__]

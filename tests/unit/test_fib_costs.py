"""What a change costs, and what the pools and tables have room for."""

import random
from typing import Any

import numpy as np
import pytest

from ebtop.fib.adjacencies import Surroundings
from ebtop.fib.layout import Capacity, VerdictSet
from ebtop.fib.nexthops import hash_bounds
from ebtop.fib.pool import Pool, RangePool
from ebtop.fib.table import Table
from ebtop.model.columns import empty_columns
from ebtop.model.prefix import Prefix, parse_address
from ebtop.model.route import Nexthop, NexthopGroup
from tests.unit.fib_router import (
    ADDED,
    AROUND,
    DELETED,
    FORWARD,
    REPLACED,
    A,
    B,
    Event,
    Router,
)
from tests.unit.kernel_tables import Route, columns, route


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


def test_prefixes_that_flap_are_followed_together(monkeypatch: pytest.MonkeyPatch) -> None:
    router, inserted = Router(), []
    real = Table.insert

    def insert(table: Table, *arguments: Any) -> Any:
        inserted.append(len(arguments[1]))
        return real(table, *arguments)

    monkeypatch.setattr(Table, "insert", insert)
    flapping = [route(f"10.{i}.0.0/16", A) for i in range(100)]
    turns = [(event, item) for event in (ADDED, DELETED) * 5 for item in flapping]
    router.say(*turns, *((ADDED, item) for item in flapping[:50]))
    assert [count for count in inserted if count] == [100] * 5 + [50]
    assert router.maps.lookup(parse_address("10.49.0.1"))[0]
    assert not router.maps.lookup(parse_address("10.50.0.1"))[0]


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

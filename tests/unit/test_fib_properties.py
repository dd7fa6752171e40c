"""Random histories of a small world: the image is what the rules say, and so is every step."""

from collections.abc import Mapping
from dataclasses import replace
from unittest.mock import patch as patched

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ebtop.fib.adjacencies import Surroundings
from ebtop.fib.fib import Fib
from ebtop.fib.layout import FIRST_SET, Capacity
from ebtop.fib.patch import Patch
from ebtop.fib.rib import Rib
from ebtop.model.columns import RouteEvent
from ebtop.model.prefix import Address, Prefix, mask, parse_address, parse_prefix
from ebtop.model.route import Nexthop, NexthopGroup, RouteType
from ebtop.model.snapshot import RowState
from tests.unit.fib_maps import Maps
from tests.unit.kernel_tables import FORWARD, Route, Tables, columns, wanted_hop, wanted_hops

ROW_WORDS = {"blocks": 256, "sets": 8, "members": 2, "adjacencies": 8}
CAPACITY = Capacity(routes=256, blocks=512, sets=128, members=512, adjacencies=256)
SEEDS4 = [parse_address(text) for text in ("10.1.1.1", "10.1.1.130", "10.1.0.7", "10.9.0.1")]
SEEDS6 = [
    parse_address(text) for text in ("2001:db8::1", "2001:db8::8001", "2001:db8:1::1", "2a00::")
]
LENGTHS4 = [8, 12, 16, 23, 24, 25, 28, 31, 32]
LENGTHS6 = [0, 12, 16, 31, 48, 64, 65, 113, 120, 127, 128]
GATEWAYS = [parse_address(text) for text in ("10.0.0.1", "10.0.0.2", "fe80::1")]
KINDS = [*[RouteType.UNICAST] * 12, *RouteType]


def cut(address: Address, length: int) -> Prefix:
    high, low = mask(length)
    return Prefix(address.family, address.high & high, address.low & low, length)


PREFIXES = [cut(a, n) for a in SEEDS4 for n in LENGTHS4] + [
    cut(a, n) for a in SEEDS6 for n in LENGTHS6
]
members = st.builds(
    Nexthop,
    st.integers(1, 4),
    st.sampled_from([None, *GATEWAYS]),
    st.integers(1, 3),
    st.sampled_from([0, 0, 0, 0, 1, 16]),
)
groups = st.one_of(
    st.lists(members, min_size=1, max_size=3, unique_by=lambda m: (m.ifindex, m.gateway)).map(
        lambda held: NexthopGroup(0, tuple(held))
    ),
    st.builds(
        NexthopGroup, st.integers(1, 2), st.lists(members, min_size=1, max_size=2).map(tuple)
    ),
)


@st.composite
def routes(draw: st.DrawFn) -> Route:
    prefix = draw(st.sampled_from(PREFIXES))
    source = None
    if prefix.family == 6 and draw(st.integers(0, 15)) == 0:
        source = parse_prefix("2001:db8::/64")
    kind = draw(st.sampled_from(KINDS))
    none = NexthopGroup(0, ())
    plain = kind in {RouteType.BLACKHOLE, RouteType.UNREACHABLE, RouteType.LOCAL}
    return Route(
        prefix,
        none if plain else draw(groups),
        table=draw(st.sampled_from([254, 254, 254, 254, 255, 253, 100])),
        metric=draw(st.sampled_from([0, 0, 20])),
        tos=16 if prefix.family == 4 and draw(st.integers(0, 15)) == 0 else 0,
        source=source,
        type=kind,
        protocol=draw(st.sampled_from([3, 9])),
        mtu=draw(st.sampled_from([0, 0, 1400])),
        unsupported=draw(st.integers(0, 15)) == 0,
    )


macs = st.integers(0, 3).map(lambda number: bytes([2, 0, 0, 0, 1, number]))
surroundings = st.builds(
    Surroundings,
    st.dictionaries(st.integers(1, 4), st.integers(0, 63), max_size=4).filter(
        lambda slots: len(set(slots.values())) == len(slots)
    ),
    st.just({slot: bytes([2, 0, 0, 0, 0, slot]) for slot in range(64)}),
    st.dictionaries(st.tuples(st.integers(1, 4), st.sampled_from(GATEWAYS)), macs, max_size=5),
    st.frozensets(st.integers(1, 4), max_size=2),
)
START = Surroundings({1: 0, 2: 1}, {0: bytes(6), 1: bytes(6)}, {(1, GATEWAYS[0]): bytes([2] * 6)})


class World:
    """Rib, Fib, maps and the plain list of routes, driven alike."""

    def __init__(self, capacity: Capacity = CAPACITY) -> None:
        self.capacity = capacity
        self.rib, self.fib, self.maps = Rib(capacity.routes), Fib(capacity), Maps(capacity)
        self.kernel, self.around = Tables(), START
        self.released: set[int] = set()
        self.in_flight: set[tuple[str, int]] = set()  # where packets may still be

    def samples(self) -> list[Address]:
        """First and last address of every prefix, and those around."""
        found = set(SEEDS4) | set(SEEDS6)
        for prefix in {r.prefix for r in self.kernel.routes}:
            host_high, host_low = (part ^ ((1 << 64) - 1) for part in mask(prefix.length))
            low = 0 if prefix.family == 4 else prefix.low | host_low
            high = prefix.high | host_high
            high &= 0xFFFFFFFF << 32 if prefix.family == 4 else (1 << 64) - 1
            found |= {
                Address(prefix.family, prefix.high, prefix.low),
                Address(prefix.family, high, low),
            }
        return sorted(found)

    def run(self, step: object) -> None:
        if isinstance(step, Surroundings):
            self.around = step
            patch = self.fib.rewire(self.rib, step)
        elif step == "dump":
            dump = columns([(RouteEvent.ADDED, item) for item in self.kernel.routes])
            change = self.rib.replace(dump, 0.0)
            self.check_ids(change.born, change.gone)
            patch = self.fib.update(self.rib, change, self.around)
        else:
            assert isinstance(step, list)
            for event, item in step:
                self.follow_nexthop(event, item)
                self.kernel.apply(event, item)
            change = self.rib.apply(columns(step), 0.0)
            self.check_ids(change.born, change.gone)
            patch = self.fib.update(self.rib, change, self.around)
        self.install(patch)

    def follow_nexthop(self, event: RouteEvent, item: Route) -> None:
        """A next-hop object has one content: what was said last."""
        if item.group.nexthop_id and event != RouteEvent.DELETED:
            self.kernel.routes = [
                replace(held, group=item.group)
                if held.group.nexthop_id == item.group.nexthop_id
                else held
                for held in self.kernel.routes
            ]

    def check_ids(self, born: NDArray[np.uint32], gone: NDArray[np.uint32]) -> None:
        assert not self.released & set(born.tolist())
        self.released |= set(gone.tolist())

    def install(self, patch: Patch) -> None:
        samples = self.samples()
        old = {a: self.maps.lookup(a) for a in samples}
        new = {a: self.fib.lookup(a) for a in samples}
        sets = {number for _, number in [*old.values(), *new.values()] if number >= FIRST_SET}
        image, maps = self.fib.image, self.maps.arrays
        before = {number: (self.paths(maps, number), self.ports(maps, number)) for number in sets}
        after = {number: (self.paths(image, number), self.ports(image, number)) for number in sets}

        def check() -> None:
            for address in samples:
                found = self.maps.lookup(address)
                assert found in {old[address], new[address]}
                if (number := found[1]) >= FIRST_SET:
                    known = [before[number], after[number]]
                    paths, ports = self.paths(maps, number), self.ports(maps, number)
                    assert any(way == paths and ports & own == own for way, own in known)

        self.check_grace(patch)
        self.maps.install(patch, check)
        assert self.maps.equal(image)
        assert self.maps.neighbours == self.fib.neighbours()
        self.check()

    def check_grace(self, patch: Patch) -> None:
        """What is filled is reached by no packet, nor by one from before the last grace period."""
        reachable = self.maps.reachable()
        filled = {
            (store.array, word // ROW_WORDS[store.array])
            for store in patch.fill
            if store.array in ROW_WORDS
            for word in range(store.start, store.start + len(store.words))
        }
        assert not filled & (reachable | self.in_flight)
        self.in_flight = set() if patch.frees else self.in_flight | reachable

    @staticmethod
    def paths(arrays: Mapping[str, NDArray[np.uint32]], number: int) -> int:
        return int(arrays["sets"][number * 8 + 1])

    @staticmethod
    def ports(arrays: Mapping[str, NDArray[np.uint32]], number: int) -> int:
        low, high = arrays["sets"][number * 8 + 3 : number * 8 + 5].tolist()
        return int(low) | int(high) << 32

    def check(self) -> None:
        for address in self.samples():
            wanted, verdict = self.kernel.answer(address, self.around)
            row, number = self.maps.lookup(address)
            assert row == self.rib.longest_match(address)
            self.check_row(row, wanted)
            if verdict != FORWARD:
                assert number == verdict
                continue
            assert wanted is not None
            self.check_set(number, wanted)
        assert len(self.rib) == len(self.kernel.routes)
        self.check_neighbours()

    def check_row(self, row: int, wanted: Route | None) -> None:
        held = self.rib.columns
        if wanted is None:
            assert row == 0
            return
        prefix = wanted.prefix
        assert held["state"][row] == RowState.BEST
        assert (held["high"][row], held["low"][row]) == (prefix.high, prefix.low)
        assert (held["family"][row], held["length"][row]) == (prefix.family, prefix.length)
        for name in ("table", "metric", "tos", "type", "protocol", "mtu"):
            assert held[name][row] == getattr(wanted, name), name
        assert self.rib.groups[held["group"][row]] == wanted.group

    def check_set(self, number: int, wanted: Route) -> None:
        assert number >= FIRST_SET
        assert self.maps.set_words(number)[2] == wanted.mtu
        hops = wanted_hops(wanted.group, self.around)
        found = self.maps.hops(number)
        assert [hop for _, hop in found] == [hop for _, hop in hops]
        for (bound, _), (share, _) in zip(found, hops, strict=True):
            assert abs((bound + 1) / (1 << 31) - share) < 1e-9
        ports = sum({1 << slot for _, (_, slot, _) in hops if slot < 64})
        assert self.ports(self.maps.arrays, number) == ports

    def check_neighbours(self) -> None:
        reachable = 0
        for ifindex, address in self.around.neighbours:
            if ifindex in self.around.slots and self.around.slots[ifindex] in self.around.macs:
                wanted = wanted_hop(Nexthop(ifindex, address), self.around)
                assert self.maps.connected(self.around.slots[ifindex], address) == wanted
                reachable += 1
        assert len(self.maps.neighbours) == reachable

    def rebuilt(self) -> Fib:
        fresh = Fib(self.capacity)
        fresh.update(self.rib, self.rib.everything(), self.around)
        return fresh


events = st.tuples(st.sampled_from(RouteEvent), routes())


@st.composite
def histories(draw: st.DrawFn) -> list[object]:
    """Batches of events, deletions mostly of what is there; dumps; new surroundings."""
    steps: list[object] = []
    known: list[Route] = []
    for _ in range(draw(st.integers(1, 10))):
        kind = draw(st.integers(0, 9))
        if kind == 0:
            steps.append("dump")
        elif kind < 3:
            steps.append(draw(surroundings))
        else:
            batch = draw(st.lists(events, min_size=1, max_size=6))
            if known:
                again = draw(st.lists(st.sampled_from(known), max_size=5))
                which = st.sampled_from([RouteEvent.DELETED, RouteEvent.DELETED, *RouteEvent])
                batch = [*batch, *((draw(which), item) for item in again)]
            known += [item for _, item in batch]
            steps.append(batch)
    return steps


@settings(max_examples=120)
@given(histories())
def test_any_history_gives_the_kernels_answers_by_valid_steps(history: list[object]) -> None:
    live_through(history)


def live_through(history: list[object]) -> None:
    world = World()
    for step in history:
        world.run(step)
    rebuilt = world.rebuilt()
    assert rebuilt.used() == world.fib.used()
    for address in world.samples():
        assert rebuilt.lookup(address)[0] == world.fib.lookup(address)[0]


@settings(max_examples=25)
@given(histories())
def test_compiling_all_anew_is_as_valid_as_painting(history: list[object]) -> None:
    with patched("ebtop.fib.fib._FEW", -1):
        live_through(history)


@settings(max_examples=60)
@given(histories(), st.data())
def test_released_ids_come_back_only_after_reclaim(
    history: list[object], data: st.DataObject
) -> None:
    world = World()
    for step in history:
        world.run(step)
        if data.draw(st.booleans()):
            world.rib.reclaim()
            world.released.clear()


@settings(max_examples=60)
@given(histories(), st.data())
def test_tables_that_are_full_punt_and_never_answer_wrongly(
    history: list[object], data: st.DataObject
) -> None:
    capacity = Capacity(
        routes=data.draw(st.sampled_from([6, 12, 256])),
        blocks=data.draw(st.sampled_from([1, 8, 512])),
        sets=data.draw(st.sampled_from([17, 20, 128])),
        members=data.draw(st.sampled_from([4, 512])),
        adjacencies=data.draw(st.sampled_from([2, 4, 256])),
    )
    world = World(capacity)
    world.check = lambda: check_safe(world)  # type: ignore[method-assign]
    for step in history:
        world.run(step)
    world.run("dump")


def check_safe(world: World) -> None:
    """Either the kernel's answer, or a punt."""
    for address in world.samples():
        wanted, verdict = world.kernel.answer(address, world.around)
        row, number = world.maps.lookup(address)
        if number < FIRST_SET and number != 4:
            continue
        assert wanted is not None
        if number == 4:
            assert verdict == 4
            continue
        assert verdict == FORWARD
        world.check_row(row, wanted)
        found = world.maps.hops(number)
        assert not found or [h for _, h in found] == [
            h for _, h in wanted_hops(wanted.group, world.around)
        ]

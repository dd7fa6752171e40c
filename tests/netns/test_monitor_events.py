"""What the kernel tells, and what it does not, reaches the reader."""

from collections.abc import Iterator

import pytest

from ebtop.kernel.monitor import (
    LinksRead,
    Message,
    Monitor,
    NeighboursRead,
    NexthopsChanged,
    RoutesChanged,
    RoutesDumped,
    RulesChanged,
)
from ebtop.model.columns import RouteEvent
from ebtop.model.neighbour import NeighbourState
from tests.netns.monitored_router import (
    MonitoredRouter,
    group_of,
    last,
    link_named,
    neighbour_of,
    prefixes_of,
    rows_with,
)


@pytest.fixture
def router() -> Iterator[MonitoredRouter]:
    router = MonitoredRouter()
    try:
        router.create()
        yield router
    finally:
        router.delete()


class StoppedClock:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock()


def read_changes(router: MonitoredRouter) -> RoutesChanged:
    messages = router.call(Monitor.read)
    assert [type(message) for message in messages] == [RoutesChanged]
    changed: RoutesChanged = messages[0]  # type: ignore[assignment]  # asserted above
    return changed


def test_route_events_keep_their_order_and_kind(router: MonitoredRouter) -> None:
    router.settle()
    router.namespace.ip(
        "route add 20.0.0.0/8 via 10.0.1.2",
        "route append 20.0.0.0/8 via 10.0.2.2",
        "route prepend 20.0.0.0/8 via 10.0.2.3",
        "route replace 20.0.0.0/8 via 10.0.2.4",
        "route del 20.0.0.0/8 via 10.0.1.2",
        "route add 2001:db8::/32 via fd00:1::2 mtu 1400",
        "route del 2001:db8::/32",
    )
    columns = read_changes(router).columns

    assert prefixes_of(columns) == ["20.0.0.0/8"] * 5 + ["2001:db8::/32"] * 2
    assert [RouteEvent(event) for event in columns.event.tolist()] == [
        RouteEvent.ADDED,
        RouteEvent.APPENDED,
        RouteEvent.ADDED,
        RouteEvent.REPLACED,
        RouteEvent.DELETED,
        RouteEvent.ADDED,
        RouteEvent.DELETED,
    ]
    assert [str(group_of(columns, row).members[0]) for row in range(7)] == [
        "10.0.1.2",
        "10.0.2.2",
        "10.0.2.3",
        "10.0.2.4",
        "10.0.1.2",
        "fd00:1::2",
        "fd00:1::2",
    ]


def test_an_ipv6_path_that_joins_or_leaves_is_told(router: MonitoredRouter) -> None:
    router.settle()
    router.namespace.ip(
        "route add 2001:db8::/32 via fd00:1::2",
        "route append 2001:db8::/32 via fd00:2::2",
        "route del 2001:db8::/32 via fd00:1::2",
    )
    columns = read_changes(router).columns

    assert [
        (
            RouteEvent(int(columns.event[row])).name,
            [str(one) for one in group_of(columns, row).members],
        )
        for row in range(len(columns))
    ] == [
        ("ADDED", ["fd00:1::2"]),
        # The newcomer first, then the others in the kernel's order, where it is the last.
        ("APPENDED", ["fd00:2::2", "fd00:1::2"]),
        ("DELETED", ["fd00:1::2"]),
    ]


@pytest.mark.parametrize(
    "lines",
    [
        ("link set wan down",),
        ("link set wan down", "link set wan up"),
        ("link delete wan",),
        ("address del 10.0.1.1/24 dev wan",),
        ("address del fd00:1::1/64 dev wan",),
        ("nexthop del id 1",),
        ("nexthop replace id 1 via 10.0.1.3 dev wan",),
        ("link set wan mtu 1300",),
    ],
    ids=", ".join,
)
def test_what_vanishes_in_silence_is_seen(router: MonitoredRouter, lines: tuple[str, ...]) -> None:
    router.namespace.ip(
        "nexthop add id 1 via 10.0.1.2 dev wan",
        "nexthop add id 2 group 1",
        "route add 20.0.0.0/8 via 10.0.1.2",
        "route add 21.0.0.0/8 nhid 1",
        "route add 22.0.0.0/8 nhid 2",
        "route add 2001:db8::/32 via fd00:1::2",
        "route add 23.0.0.0/8 nexthop via 10.0.1.2 nexthop via 10.0.2.2",
    )
    router.settle()
    router.namespace.ip(*lines)

    router.routes_until_equal()


def test_lost_carrier_takes_routes_of_objects_along(router: MonitoredRouter) -> None:
    router.namespace.ip("nexthop add id 1 via 10.0.1.2 dev wan", "route add 21.0.0.0/8 nhid 1")
    router.settle()
    router.far.ip("link set wan down")
    messages = router.read_until(
        lambda messages: (
            any(isinstance(one, RoutesDumped) for one in messages)
            and (wan := link_named(messages, "wan")) is not None
            and not wan.carrier
        )
    )
    columns = last(messages, RoutesDumped).columns

    assert router.rows_of(columns) == router.read_routes()
    assert rows_with(columns, "21.0.0.0/8") == []


def test_an_object_that_no_route_uses_costs_no_dump(router: MonitoredRouter) -> None:
    router.settle()
    router.namespace.ip(
        "nexthop add id 1 via 10.0.1.2 dev wan",
        "route add 21.0.0.0/8 nhid 1",
        "nexthop add id 2 via 10.0.1.2 dev wan",
        "nexthop del id 2",
    )
    messages = router.call(Monitor.read)

    assert [type(message) for message in messages] == [NexthopsChanged, RoutesChanged]
    assert not last(messages, RoutesChanged).columns.unsupported.any()


def test_rules_are_told(router: MonitoredRouter) -> None:
    router.settle()
    router.namespace.ip("rule add priority 5 table 99")

    assert [type(message) for message in router.call(Monitor.read)] == [RulesChanged]


def test_an_overrun_is_followed_by_exactly_the_kernels_table(router: MonitoredRouter) -> None:
    router.watch(receive_buffer_bytes=4096)
    monitor = router.monitor
    assert monitor is not None
    router.namespace.ip(
        *(f"route add 20.{row >> 8}.{row & 255}.0/24 via 10.0.1.2" for row in range(2000))
    )
    router.namespace.ip("route del 20.0.7.0/24")
    lines = router.routes_until_equal()

    assert monitor.resyncs >= 1
    assert len(lines) > 2000
    assert not any(" 20.0.7.0/24 " in line for line in lines)
    assert any(" 20.0.8.0/24 " in line for line in lines)


def test_a_read_that_was_given_up_is_made_good(router: MonitoredRouter) -> None:
    router.settle()
    monitor = router.monitor
    assert monitor is not None
    router.namespace.ip("rule add priority 5 table 99", "route add 20.0.0.0/8 via 10.0.1.2")
    reading = monitor.read()
    assert isinstance(router.namespace.run(lambda: next(reading)), RulesChanged)
    router.namespace.run(reading.close)  # type: ignore[attr-defined]  # a generator
    assert monitor.stale

    assert any(" 20.0.0.0/8 " in line for line in router.routes_until_equal())
    assert monitor.resyncs == 1


def overrun(router: MonitoredRouter, second: int) -> list[Message]:
    router.namespace.ip(*(f"route add {second}.0.{row}.0/24 via 10.0.1.2" for row in range(200)))
    return router.call(Monitor.read)


def test_a_second_overrun_waits_and_is_not_forgotten(
    router: MonitoredRouter, clock: StoppedClock
) -> None:
    router.watch(receive_buffer_bytes=4096, clock=clock)
    monitor = router.monitor
    assert monitor is not None
    assert isinstance(overrun(router, 20)[-1], RoutesDumped)
    assert overrun(router, 21) == []
    assert (monitor.resyncs, monitor.stale) == (1, True)
    assert monitor.due_s() == pytest.approx(1)

    clock.now_s += 1
    router.routes_until_equal()
    assert (monitor.resyncs, monitor.stale, monitor.due_s()) == (2, False, None)


def test_flapping_addresses_cost_one_dump_an_interval(
    router: MonitoredRouter, clock: StoppedClock
) -> None:
    router.watch(clock=clock)
    monitor = router.monitor
    assert monitor is not None
    for _ in range(3):
        router.namespace.ip("address add 10.9.9.9/32 dev wan", "address del 10.9.9.9/32 dev wan")
        kinds = {type(message) for message in router.call(Monitor.read)}
        assert kinds == {LinksRead, RoutesChanged}
    assert monitor.due_s() == pytest.approx(0.1)

    clock.now_s += 0.1
    assert [type(message) for message in router.call(Monitor.read)] == [RoutesDumped]
    assert monitor.due_s() is None


def test_a_link_that_comes_and_goes(router: MonitoredRouter) -> None:
    router.settle()
    router.namespace.ip("link add new type veth peer name newer")
    appeared = router.read_until(lambda messages: link_named(messages, "new") is not None)
    router.namespace.ip("link delete new")
    gone = router.read_until(lambda messages: any(isinstance(one, LinksRead) for one in messages))

    assert link_named(appeared, "newer") is not None
    assert link_named(gone, "new") is None


def test_a_neighbour_that_is_set_and_deleted(router: MonitoredRouter) -> None:
    router.settle()
    router.namespace.ip("neighbour add 10.0.1.77 lladdr 02:00:00:00:00:07 dev wan")
    added = neighbour_of(router.call(Monitor.read), "10.0.1.77")
    router.namespace.ip("neighbour del 10.0.1.77 dev wan")
    messages = router.read_until(lambda messages: neighbour_gone(messages, "10.0.1.77"))

    assert added is not None
    assert added.mac == b"\2\0\0\0\0\7"
    assert added.state == NeighbourState.PERMANENT
    assert neighbour_of(messages, "10.0.1.77") is None


def neighbour_gone(messages: list[Message], address: str) -> bool:
    told = any(isinstance(message, NeighboursRead) for message in messages)
    return told and neighbour_of(messages, address) is None


def test_an_announced_sysctl_is_followed_by_the_links(router: MonitoredRouter) -> None:
    router.namespace.apply_sysctls({"net/ipv4/conf/wan/forwarding": 0})
    router.settle()
    router.namespace.apply_sysctls({"net/ipv4/conf/wan/forwarding": 1})
    wan = link_named(router.call(Monitor.read), "wan")

    assert wan is not None
    assert wan.forwarding4


def test_a_silent_sysctl_is_found_by_the_poll_alone(router: MonitoredRouter) -> None:
    router.settle()
    router.namespace.apply_sysctls({"net/ipv6/conf/wan/mtu": 1300})
    assert router.call(Monitor.read) == []
    messages = router.call(Monitor.poll)
    wan = link_named(messages, "wan")

    assert [type(message) for message in messages] == [LinksRead]
    assert wan is not None
    assert wan.mtu6 == 1300
    assert router.call(Monitor.poll) == []

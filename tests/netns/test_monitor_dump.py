"""A dump of the routes says what `ip route` says, whatever the routes are."""

from collections.abc import Iterator

import numpy as np
import pytest

from ebtop.kernel.monitor import LinksRead, NeighboursRead, RoutesDumped
from ebtop.model.columns import RouteColumns, RouteEvent
from tests.netns.monitored_router import MonitoredRouter, group_of, last, link_named, rows_with

ROUTES = (
    "route add 20.0.0.0/8 via 10.0.1.2",
    "route add default via 10.0.1.2 metric 50 protocol bgp",
    "route add default via fd00:1::2 metric 50",
    "route add 20.1.0.0/16 via 10.0.1.2 tos 0x10",
    "route add 20.1.0.0/16 via 10.0.2.2 tos 0x10 metric 7",
    "route add 20.2.0.0/16 via 10.0.1.2 mtu 1400",
    "route add 20.3.0.0/16 via 10.0.1.2 mtu lock 1300 advmss 1000 initcwnd 20",
    "route add 2001:db8:2::/48 via fd00:1::2 mtu 1400 hoplimit 9",
    "route add 20.4.0.0/16 via 10.0.1.2 table 70000",
    "route add 2001:db8:4::/48 via fd00:1::2 table 70000",
    "route add blackhole 20.5.0.0/16",
    "route add unreachable 20.6.0.0/16",
    "route add prohibit 20.7.0.0/16",
    "route add throw 20.8.0.0/16",
    "route add blackhole 2001:db8:5::/48",
    "route add unreachable 2001:db8:6::/48",
    "route add prohibit 2001:db8:7::/48",
    "route add throw 2001:db8:8::/48",
    "route add local 20.9.0.0/16 dev lo",
    "route add local 2001:db8:9::/48 dev lo",
    "route add multicast 239.0.0.0/8 dev wan",
    "route add broadcast 20.255.255.255 dev wan",
    "route add anycast 2001:db8:a::1 dev wan",
    "route add 20.10.0.0/16 nexthop via 10.0.1.2 weight 3 nexthop via 10.0.2.2 weight 256",
    "route add 2001:db8:10::/48 nexthop via fd00:1::2 weight 2 nexthop via fd00:2::2",
    "route add 20.11.0.0/16 nexthop via inet6 fd00:1::2 nexthop via 10.0.2.2",
    "route add 20.12.0.0/16 via inet6 fd00:1::2 dev wan",
    "route add 20.13.0.0/16 via 99.0.0.1 dev wan onlink",
    "route add 2001:db8:13::/48 from 2001:db8:cafe::/48 via fd00:1::2",
    "route add 20.14.0.1 dev wan scope link",
    "route append 20.0.0.0/8 via 10.0.2.2",
    "route prepend 20.0.0.0/8 via 10.0.2.9",
    "nexthop add id 1 via 10.0.1.2 dev wan",
    "nexthop add id 2 via 10.0.2.2 dev lan",
    "nexthop add id 3 group 1,2/2",
    "nexthop add id 6 via fd00:1::2 dev wan",
    "nexthop add id 7 blackhole",
    "route add 20.20.0.0/16 nhid 1",
    "route add 20.21.0.0/16 nhid 3",
    "route add 20.22.0.0/16 nhid 7",
    "route add 2001:db8:20::/48 nhid 6",
)


@pytest.fixture
def router() -> Iterator[MonitoredRouter]:
    router = MonitoredRouter()
    try:
        router.create()
        yield router
    finally:
        router.delete()


def dumped(router: MonitoredRouter) -> RouteColumns:
    columns: RouteColumns = last(router.watch(), RoutesDumped).columns
    return columns


def test_every_kind_of_route(router: MonitoredRouter) -> None:
    router.namespace.ip(*ROUTES)
    columns = dumped(router)

    assert router.rows_of(columns) == router.read_routes()
    assert set(columns.event.tolist()) == {RouteEvent.ADDED}
    assert not columns.unsupported.any()
    assert np.isinf(columns.lifetime_s).all()


def test_links_come_first_with_what_is_folded_in(router: MonitoredRouter) -> None:
    router.namespace.apply_sysctls(
        {
            "net/ipv4/conf/wan/forwarding": 1,
            "net/ipv4/conf/lan/forwarding": 0,
            "net/ipv4/conf/all/rp_filter": 1,
            "net/ipv4/conf/lan/rp_filter": 2,
            "net/ipv4/conf/wan/rp_filter": 0,
            "net/ipv6/conf/all/forwarding": 1,
            "net/ipv6/conf/lan/disable_ipv6": 1,
            "net/ipv6/conf/wan/mtu": 1400,
            "net/ipv4/conf/lan/ignore_routes_with_linkdown": 1,
        }
    )
    router.namespace.ip("link set wan alias upstream", "address flush dev lan")
    messages = router.watch()
    kinds = [type(message) for message in messages]
    wan, lan, lo = (link_named(messages, name) for name in ("wan", "lan", "lo"))

    assert kinds[:2] == [LinksRead, NeighboursRead]
    assert kinds[-1] is RoutesDumped
    assert wan is not None
    assert lan is not None
    assert lo is not None
    assert (wan.ifindex, wan.kind, wan.mtu, wan.alias) == (
        router.ifindex("wan"),
        "veth",
        1500,
        "upstream",
    )
    assert len(wan.mac) == 6
    assert (wan.up, wan.carrier, wan.ethernet, wan.loopback) == (True, True, True, False)
    assert (lo.ethernet, lo.loopback) == (False, True)
    assert (wan.has_ipv4, lan.has_ipv4) == (True, False)
    assert (wan.forwarding4, lan.forwarding4) == (True, False)
    assert (wan.forwarding6, lan.forwarding6) == (True, False)
    assert (wan.rp_filter, lan.rp_filter) == (1, 2)
    assert (wan.ignore_linkdown, lan.ignore_linkdown) == (False, True)
    assert wan.mtu6 == 1400


def test_an_mtu_below_ipv6s_minimum_stops_its_forwarding(router: MonitoredRouter) -> None:
    router.namespace.apply_sysctls({"net/ipv6/conf/all/forwarding": 1})
    router.namespace.ip("link set wan mtu 1200")
    wan = link_named(router.watch(), "wan")

    assert wan is not None
    assert (wan.mtu, wan.forwarding6, wan.mtu6) == (1200, False, 0)


@pytest.mark.parametrize(
    "lines",
    [
        ("route add 20.0.0.0/8 encap ip id 5 dst 10.0.1.2 via 10.0.1.2",),
        ("route add 20.0.0.0/8 nexthop encap ip id 5 via 10.0.1.2 nexthop via 10.0.2.2",),
        ("route add 20.0.0.0/8 via 10.0.1.2 realm 5",),
        (
            "nexthop add id 1 via 10.0.1.2 dev wan",
            "nexthop add id 2 group 1 type resilient buckets 4",
            "route add 20.0.0.0/8 nhid 2",
        ),
    ],
    ids=["encap", "encap in a member", "realm", "resilient group"],
)
def test_what_xdp_cannot_honour_is_unsupported(
    router: MonitoredRouter, lines: tuple[str, ...]
) -> None:
    router.namespace.ip(*lines)
    columns = dumped(router)

    assert columns.unsupported.nonzero()[0].tolist() == rows_with(columns, "20.0.0.0/8")
    assert columns.unsupported.any()


def test_an_object_that_the_route_does_not_spell_out_is_unsupported(
    router: MonitoredRouter,
) -> None:
    router.namespace.apply_sysctls({"net/ipv4/nexthop_compat_mode": 0})
    router.namespace.ip("nexthop add id 1 via 10.0.1.2 dev wan", "route add 20.0.0.0/8 nhid 1")
    columns = dumped(router)
    (row,) = rows_with(columns, "20.0.0.0/8")

    assert group_of(columns, row).nexthop_id == 1
    assert group_of(columns, row).members == ()
    assert columns.unsupported[row]


def test_the_lifetime_of_an_ipv6_route(router: MonitoredRouter) -> None:
    router.namespace.ip("route add 2001:db8::/32 via fd00:1::2 expires 60")
    columns = dumped(router)
    (row,) = rows_with(columns, "2001:db8::/32")

    assert 50 < columns.lifetime_s[row] <= 60
    assert np.isinf(columns.lifetime_s).sum() == len(columns) - 1

"""Edits reach the kernel, and change what was edited and nothing else."""

from collections.abc import Iterator

import pytest

from ebtop.lab.topology import Lab
from ebtop.model.edit import Edit, Field, RouteKey
from ebtop.model.route import PROTOCOL_EBTOP
from tests.netns.edited_router import (
    EditedRouter,
    Row,
    add,
    change,
    delete,
    edited_router,
    key,
)


@pytest.fixture
def router(lab: Lab) -> Iterator[EditedRouter]:
    with edited_router(lab) as router:
        yield router


# Every attribute that a route may carry, one route each: the route as `ip` takes it, its key,
# and another gateway for it.
CARRIED = {
    "plain": ("10.1.0.0/16 via 10.255.1.2", key("10.1.0.0/16"), "10.255.1.9"),
    "owner": ("10.1.0.0/16 via 10.255.1.2 proto 186", key("10.1.0.0/16"), "10.255.1.9"),
    "locked MTU": ("10.1.0.0/16 via 10.255.1.2 mtu lock 1400", key("10.1.0.0/16"), "10.255.1.9"),
    "metrics": (
        (
            "10.1.0.0/16 via 10.255.1.2 mtu 1400 window 9000 rtt lock 80 rttvar 40 ssthresh 9"
            " cwnd 8 advmss 1300 reordering 5 hoplimit 60 initcwnd 12 initrwnd 14 features ecn"
            " rto_min 300 quickack 1 congctl lock cubic fastopen_no_cookie 1"
        ),
        key("10.1.0.0/16"),
        "10.255.1.9",
    ),
    "source address": (
        "10.1.0.0/16 via 10.255.1.2 src 10.255.2.1",
        key("10.1.0.0/16"),
        "10.255.1.9",
    ),
    "realm": ("10.1.0.0/16 via 10.255.1.2 realm 3/5", key("10.1.0.0/16"), "10.255.1.9"),
    "scope": ("10.1.0.0/16 via 10.255.1.2 scope site", key("10.1.0.0/16"), "10.255.1.9"),
    "onlink": ("10.1.0.0/16 via 10.77.0.2 dev p1 onlink", key("10.1.0.0/16"), "10.77.0.9"),
    "tos": ("10.1.0.0/16 tos 0x10 via 10.255.1.2", key("10.1.0.0/16"), "10.255.1.9"),
    "IPv6 gateway": (
        "10.1.0.0/16 via inet6 fd00:0:0:1::2 dev p1",
        key("10.1.0.0/16"),
        "fd00:0:0:1::9",
    ),
    "table": (
        "10.1.0.0/16 via 10.255.1.2 table 1000",
        key("10.1.0.0/16", table=1000),
        "10.255.1.9",
    ),
    "metric": ("10.1.0.0/16 via 10.255.1.2 metric 7", key("10.1.0.0/16", 7), "10.255.1.9"),
    "IPv6": ("2001:db8::/32 via fd00:0:0:1::2", key("2001:db8::/32"), "fd00:0:0:1::9"),
    "IPv6 link-local": ("2001:db8::/32 via fe80::2 dev p1", key("2001:db8::/32"), "fe80::9"),
    "preference": (
        "2001:db8::/32 via fd00:0:0:1::2 pref high",
        key("2001:db8::/32"),
        "fd00:0:0:1::9",
    ),
    "lifetime": (
        "2001:db8::/32 via fd00:0:0:1::2 expires 1000",
        key("2001:db8::/32"),
        "fd00:0:0:1::9",
    ),
    "source prefix": (
        "2001:db8::/32 from 2001:1::/64 via fd00:0:0:1::2",
        key("2001:db8::/32"),
        "fd00:0:0:1::9",
    ),
    "IPv6 metrics": (
        "2001:db8::/32 via fd00:0:0:1::2 mtu lock 1400 hoplimit 60 src fd00:0:0:2::1",
        key("2001:db8::/32"),
        "fd00:0:0:1::9",
    ),
    "IPv6 onlink": (
        "2001:db8::/32 via fd77::2 dev p1 onlink",
        key("2001:db8::/32"),
        "fd77::9",
    ),
}
carried = pytest.mark.parametrize(("route", "named", "gateway"), CARRIED.values(), ids=CARRIED)


def shown(router: EditedRouter, named: RouteKey) -> list[Row]:
    return router.rows(str(named.prefix), str(named.table))


def split_lifetime(rows: list[Row]) -> tuple[list[Row], list[int]]:
    """The rows without what runs down meanwhile, and that, in seconds."""
    kept = [{name: row[name] for name in row if name != "expires"} for row in rows]
    return kept, [row["expires"] for row in rows if "expires" in row]


def with_gateway(rows: list[Row], gateway: str) -> list[Row]:
    (row,) = rows
    if "via" in row:
        return [row | {"via": row["via"] | {"host": gateway}}]
    return [row | {"gateway": gateway}]


@carried
def test_another_gateway_leaves_all_else_as_it_was(
    router: EditedRouter, route: str, named: RouteKey, gateway: str
) -> None:
    router.ip(f"route add {route}")
    before, lifetimes = split_lifetime(shown(router, named))
    outcome = router.commit(change(named, gateway, "p1"))
    after, left = split_lifetime(shown(router, named))

    assert outcome.done, outcome.message
    assert outcome.message == f"The route to {named.prefix} was changed."
    assert after == with_gateway(before, gateway)
    assert [one - 60 < other <= one for one, other in zip(lifetimes, left, strict=True)] == [
        True
    ] * len(lifetimes)


@carried
def test_another_metric_leaves_all_else_as_it_was(
    router: EditedRouter, route: str, named: RouteKey, gateway: str
) -> None:
    router.ip(f"route add {route}")
    before, lifetimes = split_lifetime(shown(router, named))
    for target, edit in (
        (before, change(named, metric=77)),
        (with_gateway(before, gateway), change(key_with(named, 77), gateway, "p1", metric=78)),
    ):
        outcome = router.commit(edit)
        after, left = split_lifetime(shown(router, named))

        assert outcome.done, outcome.message
        assert after == [row | {"metric": edit.metric} for row in target]
        assert len(left) == len(lifetimes)


def key_with(named: RouteKey, metric: int) -> RouteKey:
    return RouteKey(prefix=named.prefix, table=named.table, metric=metric)


@carried
def test_deletion(router: EditedRouter, route: str, named: RouteKey, gateway: str) -> None:
    before = router.everything()
    router.ip(f"route add {route}", f"route add {route.replace(' metric 7', '')} metric 99")
    outcome = router.commit(delete(named))
    left = shown(router, named)
    router.commit(delete(key_with(named, 99)))

    assert outcome.done, outcome.message
    assert [row["metric"] for row in left] == [99]
    assert router.everything() == before
    assert gateway not in before


@pytest.mark.parametrize(
    ("edit", "row"),
    [
        (add("10.1.0.0/16", "10.255.1.2"), {"gateway": "10.255.1.2", "dev": "p1"}),
        (add("10.1.0.0/16", port="p2"), {"dev": "p2", "scope": "link"}),
        (add("10.1.0.0/16", "10.255.2.2", "p2", 7), {"gateway": "10.255.2.2", "metric": 7}),
        (add("0.0.0.0/0", "10.255.1.2"), {"dst": "default"}),
        (
            add("10.1.0.0/16", "fd00:0:0:1::2", "p1"),
            {"via": {"family": "inet6", "host": "fd00:0:0:1::2"}},
        ),
        (add("2001:db8::/32", "fd00:0:0:1::2"), {"gateway": "fd00:0:0:1::2", "metric": 1024}),
        (add("2001:db8::/32", "fe80::2", "p2", 5), {"gateway": "fe80::2", "metric": 5}),
        (add("2001:db8::/32", port="p1"), {"dev": "p1"}),
        (add("::/0", "fd00:0:0:1::2"), {"dst": "default"}),
        (add("10.1.0.0/16", port="p1", table=1000), {"dev": "p1"}),
    ],
)
def test_added_route_is_our_own(router: EditedRouter, edit: Edit, row: Row) -> None:
    outcome = router.commit(edit)
    (added,) = shown(router, edit.key)

    assert outcome.done, outcome.message
    assert outcome.message == f"The route to {edit.key.prefix} was added."
    assert added["protocol"] == str(PROTOCOL_EBTOP)
    assert {name: added.get(name) for name in row} == row


@pytest.mark.parametrize(
    ("route", "named", "gateway"),
    [
        ("10.1.0.0/16 via 10.255.1.2 mtu 1400", key("10.1.0.0/16"), "10.255.1.2"),
        ("2001:db8::/32 via fd00:0:0:1::2 mtu 1400", key("2001:db8::/32"), "fd00:0:0:1::2"),
    ],
)
def test_gateway_goes_and_comes_back(
    router: EditedRouter, route: str, named: RouteKey, gateway: str
) -> None:
    router.ip(f"route add {route}")
    before = shown(router, named)
    went = router.commit(change(named, port="p2"))
    (connected,) = shown(router, named)
    came = router.commit(change(named, gateway))

    assert (went.done, came.done) == (True, True), (went.message, came.message)
    assert "gateway" not in connected
    assert connected["dev"] == "p2"
    assert shown(router, named) == before


@pytest.mark.parametrize(
    ("route", "named", "gateway"),
    [
        ("10.1.0.0/16 dev p2", key("10.1.0.0/16"), "10.255.1.2"),
        ("2001:db8::/32 dev p2", key("2001:db8::/32"), "fd00:0:0:1::2"),
    ],
)
def test_connected_route_gets_a_gateway_and_loses_it(
    router: EditedRouter, route: str, named: RouteKey, gateway: str
) -> None:
    router.ip(f"route add {route}")
    before = shown(router, named)
    got = router.commit(change(named, gateway))
    (reached,) = shown(router, named)
    lost = router.commit(change(named, port="p2"))

    assert (got.done, lost.done) == (True, True), (got.message, lost.message)
    assert (reached["gateway"], reached["dev"]) == (gateway, "p1")
    assert shown(router, named) == before


def test_gateway_that_was_on_link_by_decree_goes(router: EditedRouter) -> None:
    router.ip("route add 10.1.0.0/16 via 10.77.0.2 dev p1 onlink")
    outcome = router.commit(change(key("10.1.0.0/16"), port="p2"))
    (row,) = router.rows("10.1.0.0/16")

    assert outcome.done, outcome.message
    assert (row["dev"], row["flags"]) == ("p2", [])


def test_gateway_of_the_other_family(router: EditedRouter) -> None:
    router.ip("route add 10.1.0.0/16 via 10.255.1.2 mtu 1400")
    (before,) = router.rows("10.1.0.0/16")
    outcome = router.commit(change(key("10.1.0.0/16"), "fe80::2", "p2"))
    (after,) = router.rows("10.1.0.0/16")
    back = router.commit(change(key("10.1.0.0/16"), "10.255.1.2", "p1"))

    assert (outcome.done, back.done) == (True, True), outcome.message
    assert after["via"] == {"family": "inet6", "host": "fe80::2"}
    assert router.rows("10.1.0.0/16") == [before]


def test_kernel_finds_the_port(router: EditedRouter) -> None:
    router.ip("route add 10.1.0.0/16 via 10.255.1.2")
    outcome = router.commit(change(key("10.1.0.0/16"), "10.255.2.2"))

    assert outcome.done, outcome.message
    assert router.rows("10.1.0.0/16")[0]["dev"] == "p2"


# Routes without a single next hop: only the metric can be edited.
WHOLE = {
    "multipath": "10.1.0.0/16 metric 5 nexthop via 10.255.1.2 weight 3 nexthop via 10.255.2.2",
    "multipath, onlink and realms": (
        "10.1.0.0/16 metric 5 nexthop via 10.77.0.2 dev p1 onlink realm 3"
        " nexthop via inet6 fe80::2 dev p2 weight 7"
    ),
    "IPv6 multipath": (
        "2001:db8::/32 metric 5 mtu 1400"
        " nexthop via fd00:0:0:1::2 weight 3 nexthop via fd00:0:0:2::2"
    ),
    "blackhole": "blackhole 10.1.0.0/16 metric 5",
    "unreachable": "unreachable 10.1.0.0/16 metric 5 proto 186",
    "IPv6 prohibit": "prohibit 2001:db8::/32 metric 5",
    "local": "local 10.1.0.0/16 dev lo metric 5 table main",
    "broadcast": "broadcast 10.1.0.0/16 dev p1 metric 5 table main",
}


def prefix_of(route: str) -> str:
    return "2001:db8::/32" if "2001:db8::/32" in route else "10.1.0.0/16"


@pytest.mark.parametrize("route", WHOLE.values(), ids=WHOLE)
def test_only_the_metric_of_a_route_without_a_single_next_hop(
    router: EditedRouter, route: str
) -> None:
    untouched = router.everything()
    named = key(prefix_of(route), 5)
    router.ip(f"route add {route}")
    (before,) = shown(router, named)
    there = router.everything()
    same_family = "10.255.1.9" if named.prefix.family == 4 else "fd00:0:0:1::9"
    refused = router.commit(change(named, same_family, "p1"))
    unchanged = router.everything() == there
    moved = router.commit(change(named, metric=6))
    after = shown(router, named)
    deleted = router.commit(delete(key_with(named, 6)))

    assert (refused.done, refused.field, unchanged) == (False, Field.GATEWAY, True)
    assert (moved.done, after) == (True, [before | {"metric": 6}]), moved.message
    assert deleted.done, deleted.message
    assert router.everything() == untouched


def test_deletion_takes_no_other_metric(router: EditedRouter) -> None:
    for metric in (0, 3, 9):
        router.ip(f"route add 10.1.0.0/16 via 10.255.1.2 metric {metric}")
    left = []
    for metric in (3, 0, 9):
        assert router.commit(delete(key("10.1.0.0/16", metric))).done
        left.append([row.get("metric", 0) for row in router.rows("10.1.0.0/16")])

    assert left == [[0, 9], [9], []]


def test_other_routes_stay(router: EditedRouter) -> None:
    router.ip(
        "route add 10.1.0.0/16 via 10.255.1.2",
        "route add 10.1.0.0/16 via 10.255.1.2 tos 0x10 metric 4",
        "route add blackhole 10.1.0.0/16 metric 5",
        "route add 10.1.0.0/16 via 10.255.1.2 table 1000",
        "route add 10.1.0.0/17 via 10.255.1.2",
    )
    before = router.everything().splitlines()
    outcome = router.commit(change(key("10.1.0.0/16"), "10.255.1.9", "p1"))
    after = router.everything().splitlines()
    changed = [(old, new) for old, new in zip(before, after, strict=True) if old != new]

    assert outcome.done, outcome.message
    assert len(changed) == 1
    assert changed[0][1] == changed[0][0].replace("10.255.1.2", "10.255.1.9")


def test_default_route_of_a_full_node(router: EditedRouter) -> None:
    """IPv6 keeps routes of several sources and metrics in one node; one is edited."""
    router.ip(
        "route add ::/0 via fd00:0:0:1::2 metric 10",
        "route add ::/0 via fd00:0:0:2::2 metric 20",
        "route add blackhole ::/0 metric 30",
    )
    outcome = router.commit(change(key("::/0", 20), "fd00:0:0:2::9", "p2"))
    rows = [(row["metric"], row.get("gateway")) for row in router.rows("::/0")]

    assert outcome.done, outcome.message
    assert rows == [(10, "fd00:0:0:1::2"), (20, "fd00:0:0:2::9"), (30, None)]

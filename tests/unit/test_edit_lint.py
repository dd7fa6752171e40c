"""What the operator types becomes an edit, or one complaint at its field."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ebtop.edit.lint import Complaint, parse_edit
from ebtop.edit.surroundings import Surroundings, compile_surroundings
from ebtop.model.edit import Action, Edit, Field, RouteKey
from ebtop.model.format import format_untrusted
from ebtop.model.port import Mode
from ebtop.model.prefix import Address, parse_address, parse_prefix
from ebtop.model.route import (
    TABLE_LOCAL,
    TABLE_MAIN,
    Nexthop,
    NexthopGroup,
    RouteType,
)
from ebtop.model.snapshot import RowState, Snapshot, empty_table

NAMES = {1: "lo", 2: "wan0", 3: "lan0", 4: "sfp[0]"}
Typed = dict[Field, str]


def surroundings(*routes: tuple[str, int, RouteType, list[Nexthop], int]) -> Surroundings:
    """Routes: prefix, metric, type, next hops, table; and the router's own addresses."""
    table = empty_table(len(routes) + 2)
    groups: list[NexthopGroup] = []
    for row, (text, metric, kind, members, number) in enumerate(routes, start=2):
        prefix = parse_prefix(text)
        values = {
            "state": RowState.BEST,
            "family": prefix.family,
            "length": prefix.length,
            "high": prefix.high,
            "low": prefix.low,
            "table": number,
            "metric": metric,
            "type": kind,
            "group": len(groups),
        }
        for name, value in values.items():
            table[name][row] = np.uint64(value).astype(table[name].dtype)
        groups.append(NexthopGroup(0, tuple(members)))
    # A row that was freed: what is left in it is no route any more.
    for name in ("family", "length", "high", "low", "table", "metric", "type", "group"):
        table[name][1] = table[name][2]
    snapshot = Snapshot(
        host="r1",
        owner="",
        tick=1,
        taken_ns=0,
        mode=Mode.FORWARD,
        names=NAMES,
        routes=table,
        groups=tuple(groups),
    )
    return compile_surroundings(snapshot)


def via(ifindex: int, gateway: str = "") -> Nexthop:
    return Nexthop(ifindex, parse_address(gateway) if gateway else None)


AROUND = surroundings(
    ("198.51.100.0/24", 9, RouteType.UNICAST, [via(2)], TABLE_MAIN),  # row 1 was freed, as this
    ("10.0.0.1/32", 0, RouteType.LOCAL, [via(2)], TABLE_LOCAL),
    ("127.0.0.0/8", 0, RouteType.LOCAL, [via(1)], TABLE_LOCAL),
    ("fd00::1/128", 0, RouteType.LOCAL, [via(2)], TABLE_LOCAL),
    ("a00:9::/128", 0, RouteType.LOCAL, [via(2)], TABLE_LOCAL),  # not 10.0.0.9
    ("10.1.0.0/16", 0, RouteType.UNICAST, [via(2, "10.0.0.2")], TABLE_MAIN),
    ("10.1.0.0/16", 7, RouteType.UNICAST, [via(3)], TABLE_MAIN),
    ("10.1.0.0/16", 20, RouteType.UNICAST, [via(3)], 1000),
    ("10.2.0.0/16", 0, RouteType.UNICAST, [via(2, "10.0.0.2"), via(3)], TABLE_MAIN),
    ("10.3.0.0/16", 5, RouteType.BLACKHOLE, [], TABLE_MAIN),
    ("10.4.0.0/16", 0, RouteType.UNICAST, [via(2, "10.0.0.2")], TABLE_MAIN),
    ("10.4.0.0/16", 0, RouteType.UNICAST, [via(2, "10.0.0.3")], TABLE_MAIN),
    ("2001:db8::/32", 1024, RouteType.UNICAST, [via(2, "fd00::2")], TABLE_MAIN),
)


def key(prefix: str, metric: int = 0, table: int = TABLE_MAIN) -> RouteKey:
    return RouteKey(prefix=parse_prefix(prefix), table=table, metric=metric)


def typed(prefix: str = "", gateway: str = "", port: str = "", metric: str = "") -> Typed:
    return {
        Field.PREFIX: prefix,
        Field.GATEWAY: gateway,
        Field.PORT: port,
        Field.METRIC: metric,
    }


@pytest.mark.parametrize(
    ("texts", "prefix", "gateway", "port", "metric"),
    [
        (typed("10.0.0.0/8", "10.0.0.2"), "10.0.0.0/8", "10.0.0.2", "", 0),
        (typed(" 10.0.0.0/8 ", " 10.0.0.2 ", " wan0 ", " 5 "), "10.0.0.0/8", "10.0.0.2", "wan0", 5),
        (typed("10.0.0.9", "", "lan0"), "10.0.0.9/32", None, "lan0", 0),
        (typed("10.0.0.0/8", "connected", "lan0"), "10.0.0.0/8", None, "lan0", 0),
        (typed("10.0.0.0/8", "-", "sfp[0]"), "10.0.0.0/8", None, "sfp[0]", 0),
        (typed("10.0.0.0/255.0.0.0", "10.0.0.2"), "10.0.0.0/8", "10.0.0.2", "", 0),
        (typed("10.0.0.0/8", "fd00::2"), "10.0.0.0/8", "fd00::2", "", 0),
        (typed("0.0.0.0/0", "10.0.0.2", "", "4294967295"), "0.0.0.0/0", "10.0.0.2", "", 2**32 - 1),
        (typed("2001:DB8:1::/48", "fd00::2"), "2001:db8:1::/48", "fd00::2", "", 1024),
        (typed("::/0", "fe80::2", "wan0", "1"), "::/0", "fe80::2", "wan0", 1),
        (typed("10.1.0.0/16", "10.0.0.2", "", "20"), "10.1.0.0/16", "10.0.0.2", "", 20),
        (typed("198.51.100.0/24", "10.0.0.2"), "198.51.100.0/24", "10.0.0.2", "", 0),
    ],
)
def test_addition(texts: Typed, prefix: str, gateway: str | None, port: str, metric: int) -> None:
    wanted = Edit(
        action=Action.ADD,
        key=key(prefix, metric),
        gateway=parse_address(gateway) if gateway else None,
        port=port,
        metric=metric,
    )

    assert parse_edit(Action.ADD, None, texts, AROUND) == wanted


@pytest.mark.parametrize(
    ("texts", "field", "part"),
    [
        (typed(), Field.PREFIX, "needs a prefix"),
        (typed("10.1.2.3/8"), Field.PREFIX, "10.1.2.3/8 has host bits; 10.0.0.0/8 would do."),
        (
            typed("2001:db8::1/32"),
            Field.PREFIX,
            "2001:db8::1/32 has host bits; 2001:db8::/32 would do.",
        ),
        (typed("default"), Field.PREFIX, "0.0.0.0/0 or ::/0"),
        (typed("10.0.0/8"), Field.PREFIX, "10.0.0/8 is no prefix"),
        (typed("10.0.0.0/33"), Field.PREFIX, "no prefix"),
        (typed("fe80::%wan0/64"), Field.PREFIX, "no prefix"),
        (typed("a\x1b[31mb"), Field.PREFIX, "a[31mb is no prefix"),
        (typed("10.0.0.0/8", "10.0.0"), Field.GATEWAY, "10.0.0 is no IP address"),
        (typed("10.0.0.0/8", "fe80::1%wan0"), Field.GATEWAY, "field of its own"),
        (typed("2001:db8:1::/48", "10.0.0.2"), Field.GATEWAY, "needs an IPv6 gateway"),
        (typed("10.0.0.0/8", "::"), Field.GATEWAY, "the unspecified address"),
        (typed("10.0.0.0/8", "224.0.0.5"), Field.GATEWAY, "a multicast address"),
        (typed("10.0.0.0/8", "127.0.0.1"), Field.GATEWAY, "a loopback address"),
        (typed("10.0.0.0/8", "255.255.255.255"), Field.GATEWAY, "the broadcast address"),
        (typed("10.0.0.0/8", "ff02::1", "wan0"), Field.GATEWAY, "a multicast address"),
        (typed("10.0.0.0/8", "10.0.0.1"), Field.GATEWAY, "this router's own address"),
        (typed("10.0.0.0/8", "fd00::1"), Field.GATEWAY, "this router's own address"),
        (typed("10.0.0.0/8"), Field.GATEWAY, "a gateway, a port, or both"),
        (typed("10.0.0.0/8", "fe80::2"), Field.PORT, "by which port"),
        (typed("10.0.0.0/8", "", "p9"), Field.PORT, "no port p9 here"),
        (typed("10.0.0.0/8", "", "WAN0"), Field.PORT, "no port WAN0 here"),
        (typed("10.0.0.0/8", "10.0.0.2", "", "-1"), Field.METRIC, "from 0 to 4294967295"),
        (typed("10.0.0.0/8", "10.0.0.2", "", "4294967296"), Field.METRIC, "from 0"),
        (typed("10.0.0.0/8", "10.0.0.2", "", "9" * 5000), Field.METRIC, "from 0"),
        (typed("10.0.0.0/8", "10.0.0.2", "", "٣"), Field.METRIC, "from 0"),
        (typed("2001:db8:1::/48", "fd00::2", "", "0"), Field.METRIC, "from 1 to"),
        (typed("10.1.0.0/16", "10.0.0.9"), Field.METRIC, "with metric 0 exists already"),
        (typed("10.1.0.0/16", "10.0.0.9", "", "7"), Field.METRIC, "with metric 7 exists already"),
        (typed("2001:db8::/32", "fd00::9"), Field.METRIC, "with metric 1024 exists already"),
    ],
)
def test_complaint_about_an_addition(texts: Typed, field: Field, part: str) -> None:
    complaint = parse_edit(Action.ADD, None, texts, AROUND)

    assert isinstance(complaint, Complaint)
    assert complaint.field == field
    assert part in complaint.message


def replaced(named: RouteKey, gateway: str | None, port: str, metric: int | None = None) -> Edit:
    address: Address | None = parse_address(gateway) if gateway else None
    metric = named.metric if metric is None else metric
    return Edit(action=Action.REPLACE, key=named, gateway=address, port=port, metric=metric)


@pytest.mark.parametrize(
    ("named", "texts", "wanted"),
    [
        (
            key("10.1.0.0/16"),
            {Field.GATEWAY: "10.0.0.9"},
            replaced(key("10.1.0.0/16"), "10.0.0.9", "wan0"),
        ),
        (
            key("10.1.0.0/16"),
            {Field.METRIC: "8"},
            replaced(key("10.1.0.0/16"), None, "", 8),
        ),
        (
            key("10.1.0.0/16"),
            {Field.GATEWAY: "10.0.0.9", Field.PORT: ""},
            replaced(key("10.1.0.0/16"), "10.0.0.9", ""),
        ),
        (
            key("10.1.0.0/16"),
            {Field.GATEWAY: "connected"},
            replaced(key("10.1.0.0/16"), None, "wan0"),
        ),
        (
            key("10.1.0.0/16", 20, 1000),
            {Field.METRIC: "7"},
            replaced(key("10.1.0.0/16", 20, 1000), None, "", 7),
        ),
        (
            key("10.2.0.0/16"),
            {Field.METRIC: "3"},
            replaced(key("10.2.0.0/16"), None, "", 3),
        ),
        (
            key("10.3.0.0/16", 5),
            {Field.METRIC: ""},
            replaced(key("10.3.0.0/16", 5), None, "", 0),
        ),
        (
            key("2001:db8::/32", 1024),
            {Field.METRIC: "5"},
            replaced(key("2001:db8::/32", 1024), None, "", 5),
        ),
    ],
)
def test_change(named: RouteKey, texts: Typed, wanted: Edit) -> None:
    assert parse_edit(Action.REPLACE, named, texts, AROUND) == wanted


@pytest.mark.parametrize(
    ("named", "texts", "field", "part"),
    [
        (key("10.1.0.0/16"), {}, Field.WHOLE, "Nothing is changed"),
        (
            key("10.1.0.0/16"),
            {Field.GATEWAY: "10.0.0.2", Field.PORT: "wan0", Field.METRIC: "0"},
            Field.WHOLE,
            "Nothing is changed",
        ),
        (
            key("10.1.0.0/16"),
            {Field.GATEWAY: "10.0.0.2", Field.PORT: ""},
            Field.WHOLE,
            "Nothing is changed",
        ),
        (key("10.1.0.0/16"), {Field.METRIC: "7"}, Field.METRIC, "exists already"),
        (key("10.1.0.0/16", 7), {Field.PORT: ""}, Field.GATEWAY, "a gateway, a port"),
        (key("10.2.0.0/16"), {Field.GATEWAY: "10.0.0.9"}, Field.GATEWAY, "has 2 next hops"),
        (key("10.2.0.0/16"), {}, Field.WHOLE, "Nothing is changed"),
        (key("10.3.0.0/16", 5), {Field.PORT: "wan0"}, Field.PORT, "no gateway and no port"),
        (key("10.4.0.0/16"), {Field.METRIC: "3"}, Field.WHOLE, "2 routes to 10.4.0.0/16"),
        (key("10.9.0.0/16"), {Field.METRIC: "3"}, Field.WHOLE, "has gone meanwhile"),
        (key("198.51.100.0/24", 9), {}, Field.WHOLE, "Nothing is changed"),
    ],
)
def test_complaint_about_a_change(named: RouteKey, texts: Typed, field: Field, part: str) -> None:
    complaint = parse_edit(Action.REPLACE, named, texts, AROUND)

    assert isinstance(complaint, Complaint)
    assert complaint.field == field
    assert part in complaint.message


def test_deletion() -> None:
    named = key("10.2.0.0/16")

    assert parse_edit(Action.DELETE, named, {}, AROUND) == Edit(action=Action.DELETE, key=named)
    assert parse_edit(Action.DELETE, key("10.9.0.0/16"), {}, AROUND) == Complaint(
        Field.WHOLE, "The route to 10.9.0.0/16 has gone meanwhile."
    )


@given(st.lists(st.text(), min_size=4, max_size=4), st.sampled_from([Action.ADD, Action.REPLACE]))
def test_any_text_is_an_edit_or_one_harmless_sentence(texts: list[str], action: Action) -> None:
    named = None if action is Action.ADD else key("10.1.0.0/16")
    parsed = parse_edit(action, named, typed(*texts), AROUND)

    if isinstance(parsed, Complaint):
        assert parsed.message == format_untrusted(parsed.message, 500)
        assert parsed.message.endswith(".")

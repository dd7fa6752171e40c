"""Route messages -> columns: each attribute, and that decoding in bulk changes nothing."""

import math
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ebtop.kernel.decode_routes import decode_routes
from ebtop.kernel.netlink import MalformedMessage
from ebtop.model.columns import RouteColumns, RouteEvent, concatenate
from ebtop.model.prefix import format_prefix, parse_address
from ebtop.model.route import Nexthop, NexthopGroup
from tests.unit import netlink_bytes as nl

APPEND, REPLACE = 0x800, 0x100
GATEWAY4 = (nl.GATEWAY, nl.packed("10.0.0.2"))
GATEWAY6 = (nl.GATEWAY, nl.packed("fe80::1"))
OIF = (nl.OIF, nl.u32(3))


def decode_one(data: bytes) -> RouteColumns:
    columns = decode_routes(data)
    assert len(columns) == 1
    return columns


def group_of(columns: RouteColumns, row: int = 0) -> NexthopGroup:
    return columns.groups[int(columns.group[row])]


def prefix_of(columns: RouteColumns, row: int = 0) -> str:
    return format_prefix(
        int(columns.family[row]),
        int(columns.high[row]),
        int(columns.low[row]),
        int(columns.length[row]),
    )


def test_a_plain_ipv4_route() -> None:
    found = decode_one(nl.route("192.0.2.0/24", OIF, GATEWAY4, tos=16, rtm_flags=0x1000 | 16))

    assert prefix_of(found) == "192.0.2.0/24"
    assert found.table[0] == 254
    assert found.metric[0] == 0
    assert found.tos[0] == 16
    assert found.protocol[0] == 3
    assert found.type[0] == 1
    assert found.flags[0] == 0x1010
    assert found.event[0] == RouteEvent.ADDED
    assert math.isinf(found.lifetime_s[0])
    assert not found.unsupported[0]
    assert group_of(found) == NexthopGroup(0, (Nexthop(3, parse_address("10.0.0.2"), 1, 16),))


def test_a_source_specific_ipv6_route() -> None:
    found = decode_one(
        nl.route(
            "2001:db8::/32",
            (nl.PRIORITY, nl.u32(1024)),
            OIF,
            GATEWAY6,
            (nl.PREF, b"\1"),
            source="2001:db8:1::/48",
        )
    )

    source = (6, int(found.source_high[0]), int(found.source_low[0]), int(found.source_length[0]))
    assert prefix_of(found) == "2001:db8::/32"
    assert format_prefix(*source) == "2001:db8:1::/48"
    assert found.metric[0] == 1024
    assert not found.unsupported[0]
    assert group_of(found) == NexthopGroup(0, (Nexthop(3, parse_address("fe80::1")),))


def test_default_routes_of_both_families_keep_their_order() -> None:
    found = decode_routes(nl.route("::/0", OIF) + nl.route("0.0.0.0/0", OIF))

    assert [prefix_of(found, row) for row in (0, 1)] == ["::/0", "0.0.0.0/0"]


def test_the_long_table_number_counts() -> None:
    assert decode_one(nl.route("10.0.0.0/8", (nl.TABLE, nl.u32(70000)), OIF)).table[0] == 70000


@pytest.mark.parametrize(
    ("kind", "flags", "event"),
    [
        (nl.NEWROUTE, 2, RouteEvent.ADDED),
        (nl.NEWROUTE, 0x600, RouteEvent.ADDED),
        (nl.NEWROUTE, 0x400 | APPEND, RouteEvent.APPENDED),
        (nl.NEWROUTE, REPLACE, RouteEvent.REPLACED),
        (nl.DELROUTE, 0, RouteEvent.DELETED),
        (nl.DELROUTE, REPLACE, RouteEvent.DELETED),
    ],
)
def test_the_event(kind: int, flags: int, event: RouteEvent) -> None:
    assert decode_one(nl.route("10.0.0.0/8", OIF, kind=kind, flags=flags)).event[0] == event


def test_multipath_members() -> None:
    members = (
        nl.member(3, GATEWAY4, hops=9)
        + nl.member(4, flags=1)
        + nl.member(5, (nl.VIA, struct.pack("=H", 10) + nl.packed("fe80::9")))
    )
    found = decode_one(nl.route("10.0.0.0/8", (nl.NH_ID, nl.u32(7)), (nl.MULTIPATH, members)))

    assert group_of(found) == NexthopGroup(
        7,
        (
            Nexthop(3, parse_address("10.0.0.2"), 10),
            Nexthop(4, None, 1, 1),
            Nexthop(5, parse_address("fe80::9")),
        ),
    )
    assert not found.unsupported[0]


def test_equal_next_hops_of_two_objects_stay_two_groups() -> None:
    found = decode_routes(
        b"".join(
            nl.route(f"10.{row}.0.0/16", OIF, GATEWAY4, (nl.NH_ID, nl.u32(1 + row % 2)))
            for row in range(4)
        )
    )

    assert [group_of(found, row).nexthop_id for row in range(4)] == [1, 2, 1, 2]
    assert len(found.groups) == 2


@pytest.mark.parametrize(
    ("attributes", "unsupported"),
    [
        ((OIF, (nl.PREFSRC, nl.packed("10.0.0.1"))), False),
        ((OIF, (nl.ENCAP_TYPE, b"\1\0"), (nl.ENCAP, bytes(8))), True),
        ((OIF, (nl.FLOW, nl.u32(1))), True),
        ((OIF, (99, nl.u32(1))), True),
        ((OIF, (nl.VIA, struct.pack("=H", 28) + bytes(4))), True),
        (((nl.MULTIPATH, nl.member(3, (nl.ENCAP_TYPE, b"\1\0"))),), True),
        (((nl.NH_ID, nl.u32(5)),), True),
    ],
    ids=["prefsrc", "encap", "realm", "unknown", "mpls gateway", "encap in a member", "bare id"],
)
def test_what_cannot_be_honoured(attributes: tuple[nl.Attribute, ...], unsupported: bool) -> None:  # noqa: FBT001  a table's column
    assert decode_one(nl.route("10.0.0.0/8", *attributes)).unsupported[0] == unsupported


def test_a_blackhole_has_no_next_hop_and_is_supported() -> None:
    found = decode_one(nl.route("10.0.0.0/8", route_type=6))

    assert group_of(found) == NexthopGroup(0, ())
    assert not found.unsupported[0]


def test_only_the_mtu_of_the_metrics_counts() -> None:
    metrics = nl.attribute(8, nl.u32(1300)) + nl.attribute(2, nl.u32(1400))
    found = decode_routes(
        nl.route("10.0.0.0/8", OIF, (nl.METRICS, metrics))
        + nl.route("11.0.0.0/8", OIF, (nl.METRICS, nl.attribute(8, nl.u32(1300))))
        + nl.route("12.0.0.0/8", OIF, (nl.METRICS, b""))
    )

    assert found.mtu.tolist() == [1400, 0, 0]


@pytest.mark.parametrize(("ticks", "lifetime_s"), [(0, math.inf), (6000, 60.0), (-250, -2.5)])
def test_the_lifetime(ticks: int, lifetime_s: float) -> None:
    cache = struct.pack("=IIiIIIII", 0, 0, ticks, 0, 0, 0, 0, 0)

    assert decode_one(nl.route("2001:db8::/64", OIF, (nl.CACHEINFO, cache))).lifetime_s[0] == (
        pytest.approx(lifetime_s)
    )


def test_other_messages_and_cached_entries_are_skipped() -> None:
    multicast = bytearray(nl.route("10.0.0.0/8", OIF))
    multicast[16] = 128
    found = decode_routes(
        nl.message(16, bytes(16))
        + nl.route("10.1.0.0/16", OIF, rtm_flags=0x200)
        + bytes(multicast)
        + nl.route("10.2.0.0/16", OIF)
        + nl.message(3, bytes(4))
    )

    assert [prefix_of(found, row) for row in range(len(found))] == ["10.2.0.0/16"]


def test_nothing_is_no_route() -> None:
    assert len(decode_routes(b"")) == 0


@pytest.mark.parametrize(
    "data",
    [
        b"\0",
        nl.route("10.0.0.0/8", OIF)[:-4],
        nl.message(nl.NEWROUTE, bytes(8)),
        nl.route("10.0.0.1/8", OIF),
        nl.route("10.0.0.0/33", OIF),
        nl.route("10.0.0.0/8", (nl.OIF, b"\1\2")),
        nl.route("10.0.0.0/8", (nl.GATEWAY, nl.packed("fe80::1"))),
        nl.route("10.0.0.0/8", (nl.VIA, b"")),
        nl.route("10.0.0.0/8", (nl.MULTIPATH, b"\1\2\3\4")),
        nl.route("10.0.0.0/8", (nl.METRICS, nl.attribute(2, b"\1"))),
        nl.route("10.0.0.0/8", (nl.METRICS, b"\2\0\1\0")),
        nl.message(nl.NEWROUTE, nl.route("10.0.0.0/8")[16:] + b"\0\0\1\0"),
        nl.message(nl.NEWROUTE, nl.route("10.0.0.0/8")[16:] + b"\1"),
    ],
    ids=[
        "stray byte",
        "truncated",
        "no header",
        "host bits",
        "too long a prefix",
        "short number",
        "gateway of the other family",
        "empty gateway",
        "short member",
        "short mtu",
        "short metric",
        "empty attribute",
        "stray byte in a message",
    ],
)
def test_nonsense_is_malformed(data: bytes) -> None:
    with pytest.raises(MalformedMessage):
        decode_routes(data)


def rows_of(columns: RouteColumns) -> list[tuple[object, ...]]:
    names = [name for name in RouteColumns.__dataclass_fields__ if name not in {"group", "groups"}]
    return [
        (*(getattr(columns, name)[row].item() for name in names), group_of(columns, row))
        for row in range(len(columns))
    ]


ADDRESSES = st.sampled_from(["10.0.0.2", "10.0.0.3", "10.9.0.2"])
ROUTES = st.builds(
    lambda prefix, attributes, flags: nl.route(prefix, *attributes, flags=flags),
    st.sampled_from(["10.0.0.0/8", "10.1.0.0/16", "0.0.0.0/0", "192.0.2.128/25"]),
    st.lists(
        st.one_of(
            st.just(OIF),
            ADDRESSES.map(lambda address: (nl.GATEWAY, nl.packed(address))),
            st.integers(0, 3).map(lambda metric: (nl.PRIORITY, nl.u32(metric))),
            st.integers(0, 2).map(lambda one: (nl.NH_ID, nl.u32(one))),
            st.lists(ADDRESSES, min_size=1, max_size=3).map(
                lambda every: (
                    nl.MULTIPATH,
                    b"".join(nl.member(2, (nl.GATEWAY, nl.packed(one))) for one in every),
                )
            ),
            st.sampled_from([1300, 1400]).map(
                lambda mtu: (nl.METRICS, nl.attribute(2, nl.u32(mtu)))
            ),
        ),
        max_size=4,
    ),
    st.sampled_from([2, APPEND, REPLACE]),
) | st.builds(
    lambda prefix, metric: nl.route(prefix, (nl.PRIORITY, nl.u32(metric)), OIF, GATEWAY6),
    st.sampled_from(["2001:db8::/32", "::/0", "2001:db8::8/125"]),
    st.integers(0, 2),
)


@given(st.lists(st.tuples(ROUTES, st.integers(1, 40)), max_size=12))
@settings(max_examples=40)
def test_bulk_equals_one_by_one(parts: list[tuple[bytes, int]]) -> None:
    messages = [message for message, count in parts for _ in range(count)]

    whole = decode_routes(b"".join(messages))

    assert rows_of(whole) == rows_of(concatenate([decode_routes(one) for one in messages]))


@given(st.lists(ROUTES, min_size=1, max_size=6), st.data())
@settings(max_examples=300)
def test_damaged_bytes_are_routes_or_malformed(messages: list[bytes], data: st.DataObject) -> None:
    buffer = bytearray(b"".join(messages))
    for _ in range(data.draw(st.integers(1, 4))):
        buffer[data.draw(st.integers(0, len(buffer) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(buffer)))
    try:
        columns = decode_routes(bytes(buffer[:cut]))
    except MalformedMessage:
        return
    assert len(columns) <= len(messages) + cut // 16
    assert not len(columns) or int(columns.group.max()) < len(columns.groups)


@given(st.binary(max_size=400))
def test_any_bytes_are_routes_or_malformed(data: bytes) -> None:
    try:
        columns = decode_routes(data)
    except MalformedMessage:
        return
    assert len(columns) <= len(data) // 28


def test_many_routes_in_few_shapes() -> None:
    gateways = [(nl.GATEWAY, nl.packed(f"10.0.0.{one}")) for one in range(2, 9)]
    messages = [
        nl.route(f"10.{row >> 8}.{row & 255}.0/24", OIF, gateways[row % 7])
        if row % 1000
        else nl.route(f"10.{row >> 8}.{row & 255}.0/24", OIF)
        for row in range(70_000 >> 1)
    ]
    found = decode_routes(b"".join(messages))

    assert found.high.tolist() == [(10 << 56) + (row << 40) for row in range(len(messages))]
    assert len(found.groups) == 8
    assert np.flatnonzero(found.group == found.group[0]).tolist() == list(
        range(0, len(messages), 1000)
    )

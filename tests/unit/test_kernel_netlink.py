"""The walk over messages and attributes; links, addresses, neighbours and objects in them."""

import struct
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ebtop.kernel.decode_nexthops import decode_nexthop_object
from ebtop.kernel.links import decode_interface_address, decode_link
from ebtop.kernel.neighbours import decode_neighbour
from ebtop.kernel.netlink import MalformedMessage, index_messages, parse_attributes
from ebtop.kernel.sysctls import Sysctls, read_sysctls
from ebtop.model.neighbour import Neighbour, NeighbourState
from ebtop.model.prefix import parse_address
from tests.unit import netlink_bytes as nl

RUNS = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 150)), max_size=8)


@given(RUNS)
def test_the_walk_finds_every_message(runs: list[tuple[int, int]]) -> None:
    sizes = [size for size, count in runs for _ in range(count)]
    buffer = b"".join(
        nl.message(16 + number % 50, bytes([255]) * size, flags=number)
        for number, size in enumerate(sizes)
    )
    index = index_messages(buffer)

    assert index.length.tolist() == [16 + size for size in sizes]
    assert index.flags.tolist() == list(range(len(sizes)))
    assert [(kind, bytes(body)) for kind, body in index.bodies()] == [
        (16 + number % 50, bytes([255]) * size) for number, size in enumerate(sizes)
    ]


def test_the_last_message_needs_no_padding() -> None:
    buffer = nl.message(16, b"a") + nl.message(17, b"abcde")

    found = index_messages(buffer[:-3])

    assert [(kind, bytes(body)) for kind, body in found.bodies()] == [(16, b"a"), (17, b"abcde")]


@pytest.mark.parametrize("count", [1, 9, 200])
def test_a_length_that_does_not_fit_is_malformed(count: int) -> None:
    good = nl.message(16, bytes(8)) * count
    for length in (0, 15, 25, 1 << 31):
        bad = struct.pack("=I", length) + nl.message(16, bytes(8))[4:]
        with pytest.raises(MalformedMessage):
            index_messages(good + bad)
    with pytest.raises(MalformedMessage):
        index_messages(good + bytes(7))


def test_of_two_attributes_of_a_type_the_last_counts() -> None:
    data = nl.attribute(1, b"a") + nl.attribute(0x8002, b"bcd") + nl.attribute(1, b"ef")

    assert {kind: bytes(value) for kind, value in parse_attributes(data).items()} == {
        1: b"ef",
        2: b"bcd",
    }


def link_body(name: bytes, *, family: int = 0, flags: int = 0x10043) -> memoryview:
    header = struct.pack("=BxHiII", family, 1, 7, flags, 0)
    kind = nl.attribute(18, nl.attribute(1, b"veth\0"))
    return memoryview(
        header
        + nl.attribute(3, name + b"\0")
        + nl.attribute(1, b"\2\0\0\0\0\1")
        + nl.attribute(4, nl.u32(1500))
        + nl.attribute(20, b"to the \xff\xfe\0")
        + kind
    )


def test_a_link() -> None:
    link = decode_link(link_body(b"wan\xff"))

    assert link is not None
    assert (link.ifindex, link.name, link.kind, link.mtu) == (7, "wan\udcff", "veth", 1500)
    assert (link.up, link.carrier, link.ethernet, link.loopback) == (True, True, True, False)
    assert link.mac == b"\2\0\0\0\0\1"
    assert link.alias == "to the \udcff\udcfe"


def test_a_bridges_word_on_its_port_is_no_link() -> None:
    assert decode_link(link_body(b"wan", family=7)) is None


def neighbour_body(*, family: int = 2, state: int = 4, flags: int = 0) -> memoryview:
    header = struct.pack("=BxxxiHBB", family, 7, state, flags, 1)
    mac = nl.attribute(2, b"\2\0\0\0\0\1")
    return memoryview(header + nl.attribute(1, nl.packed("10.0.0.2")) + mac)


def test_a_neighbour() -> None:
    assert decode_neighbour(neighbour_body()) == Neighbour(
        7, parse_address("10.0.0.2"), b"\2\0\0\0\0\1", NeighbourState.STALE
    )


@pytest.mark.parametrize("body", [neighbour_body(family=7), neighbour_body(flags=8)])
def test_bridge_entries_and_proxies_are_no_neighbours(body: memoryview) -> None:
    assert decode_neighbour(body) is None


@pytest.mark.parametrize(
    ("attributes", "plain"),
    [
        ([(1, nl.u32(9)), (5, nl.u32(3))], True),
        ([(1, nl.u32(9)), (2, bytes(8)), (3, b"\0\0")], True),
        ([(1, nl.u32(9)), (2, bytes(8)), (3, b"\1\0")], False),
        ([(1, nl.u32(9)), (7, b"\1\0")], False),
        ([(1, nl.u32(9)), (11, b"")], False),
    ],
    ids=["next hop", "hash threshold", "resilient", "encap", "fdb"],
)
def test_a_next_hop_object(attributes: list[nl.Attribute], plain: bool) -> None:  # noqa: FBT001  a table's column
    body = bytes(8) + b"".join(nl.attribute(*one) for one in attributes)

    found = decode_nexthop_object(memoryview(body))

    assert (found.nexthop_id, found.plain) == (9, plain)


@given(
    st.binary(max_size=120) | st.binary(max_size=80).map(lambda tail: bytes([2, *bytes(7)]) + tail)
)
def test_any_bytes_raise_nothing_but_malformed(data: bytes) -> None:
    for decode in (
        decode_link,
        decode_interface_address,
        decode_neighbour,
        decode_nexthop_object,
        parse_attributes,
    ):
        with suppress(MalformedMessage):
            decode(memoryview(data))


@pytest.mark.parametrize("name", ["", ".", "..", "all", "default", "../lo", "a\0b", "x" * 5000])
def test_hostile_names_have_everything_off(name: str) -> None:
    assert read_sysctls(name, 1500) == Sysctls()

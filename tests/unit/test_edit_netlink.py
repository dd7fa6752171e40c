"""Route messages and acknowledgements: bytes -> values -> the same bytes."""

import errno
import struct
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ebtop.edit.compile import find_differences
from ebtop.edit.owners import format_owner_warning
from ebtop.edit.words import quote
from ebtop.kernel.acknowledgement import Acknowledgement, decode_acknowledgement
from ebtop.kernel.netlink import MalformedMessage, pack_attribute
from ebtop.kernel.route_message import (
    RTA_EXPIRES,
    RouteMessage,
    Unsendable,
    compile_request,
    decode_route,
)
from ebtop.model.prefix import Prefix, mask, unpack_address
from ebtop.model.route import OWNERS

_KEYS = {1, 6, 15}  # RTA_DST, RTA_PRIORITY, RTA_TABLE: fields of their own


@st.composite
def routes(draw: st.DrawFn) -> RouteMessage:
    size = draw(st.sampled_from([4, 16]))
    address = unpack_address(draw(st.binary(min_size=size, max_size=size)))
    length = draw(st.integers(0, size * 8))
    high, low = mask(length)
    byte = st.integers(0, 255)
    kinds = st.integers(1, 100).filter(lambda kind: kind not in _KEYS)
    return RouteMessage(
        prefix=Prefix(address.family, address.high & high, address.low & low, length),
        source_length=draw(byte),
        tos=draw(byte),
        table=draw(st.integers(1, 2**32 - 1)),
        metric=draw(st.integers(0, 2**32 - 1)),
        protocol=draw(byte),
        scope=draw(byte),
        type=draw(byte),
        flags=draw(st.integers(0, 2**32 - 1)),
        attributes=draw(st.dictionaries(kinds, st.binary(max_size=40))),
    )


@given(routes())
def test_route_comes_back_whole(route: RouteMessage) -> None:
    assert decode_route(memoryview(route.pack())) == route


@given(st.binary(max_size=80))
def test_bytes_that_no_kernel_sends_are_malformed_or_harmless(data: bytes) -> None:
    try:
        route = decode_route(memoryview(data))
        if route is not None:
            _ = route.members(), route.gateway, route.ifindex
            compile_request(route)
    except (MalformedMessage, Unsendable):
        pass


def route_with(**attributes: bytes) -> RouteMessage:
    kinds = {int(name.removeprefix("a")): value for name, value in attributes.items()}
    return RouteMessage(
        prefix=Prefix(4, 10 << 56, 0, 8), table=254, protocol=4, type=1, attributes=kinds
    )


def lifetime(ticks: int) -> bytes:
    """rta_cacheinfo; the kernel counts hundredths of a second."""
    return struct.pack("=IIiIIIII", 0, 0, ticks, 0, 0, 0, 0, 0)


def test_lifetime_is_never_prolonged() -> None:
    sent = [compile_request(route_with(a12=lifetime(ticks))).attributes for ticks in (0, 100, 299)]

    assert sent == [{}, *({RTA_EXPIRES: struct.pack("=I", seconds)} for seconds in (1, 2))]


@pytest.mark.parametrize(
    ("route", "sentence"),
    [
        (route_with(a30=struct.pack("=I", 20)), "next-hop object 20 (nhid)"),
        (route_with(a21=struct.pack("=H", 1), a22=b""), "encap mpls"),
        (route_with(a21=struct.pack("=H", 77)), "encap 77"),
        (route_with(a26=b"\1"), "attribute 26 (ttl-propagate)"),
        (route_with(a99=b""), "attribute 99 (unknown)"),
        (route_with(a12=lifetime(-5)), "lifetime is over"),
        (route_with(a12=lifetime(99)), "lifetime is over"),
    ],
)
def test_route_that_cannot_be_sent_is_named(route: RouteMessage, sentence: str) -> None:
    with pytest.raises(Unsendable, match=sentence.replace("(", r"\(").replace(")", r"\)")):
        compile_request(route)


ERROR = struct.Struct("=iIHHII")  # nlmsgerr


def answer(code: int, *, request: bytes = b"", **tlvs: bytes) -> bytes:
    header = ERROR.pack(-code, 16 + len(request), 24, 5, 1, 0)
    attributes = {"text": 1, "offset": 2}
    return (
        header
        + request
        + bytes(-len(request) % 4)
        + b"".join(pack_attribute(attributes[name], value) for name, value in tlvs.items())
    )


@pytest.mark.parametrize(
    ("flags", "body", "wanted"),
    [
        (0x100, answer(0), Acknowledgement(0)),
        (0, answer(errno.EINVAL, request=bytes(40)), Acknowledgement(errno.EINVAL)),
        (
            0x300,
            answer(errno.EINVAL, text=b"Nexthop has invalid gateway.\0"),
            Acknowledgement(errno.EINVAL, "Nexthop has invalid gateway"),
        ),
        (
            0x200,
            answer(errno.EINVAL, request=bytes(10), text=b"no\0"),
            Acknowledgement(errno.EINVAL, "no"),
        ),
        (
            0x300,
            answer(errno.ERANGE, offset=struct.pack("=I", 36)),
            Acknowledgement(errno.ERANGE, "", 36),
        ),
    ],
)
def test_acknowledgement(flags: int, body: bytes, wanted: Acknowledgement) -> None:
    assert decode_acknowledgement(flags, memoryview(body)) == wanted


SENT = RouteMessage(
    prefix=Prefix(6, 0x20010DB8 << 32, 0, 32),
    table=254,
    metric=5,
    protocol=4,
    type=1,
    attributes={8: b"mtu", RTA_EXPIRES: b"aaaa"},
)


@pytest.mark.parametrize(
    ("made", "names"),
    [
        (SENT, []),
        (replace(SENT, attributes={**SENT.attributes, 4: b"port", 20: b"\0"}), []),
        (replace(SENT, attributes={**SENT.attributes, RTA_EXPIRES: b"bbbb"}), []),
        (replace(SENT, metric=6, source_length=9), ["source length", "metric"]),
        (replace(SENT, flags=4), ["flags"]),
        (replace(SENT, attributes={8: b"mtu"}), ["lifetime"]),
        (
            replace(SENT, attributes={**SENT.attributes, 8: b"other", 5: b"gate"}),
            ["gateway", "path metrics (MTU, ...)"],
        ),
        (replace(SENT, attributes={**SENT.attributes, 99: b""}), ["attribute 99"]),
    ],
)
def test_what_the_kernel_made_otherwise(made: RouteMessage, names: list[str]) -> None:
    assert find_differences(SENT, made) == names


def test_words_of_a_bare_errno() -> None:
    assert Acknowledgement(errno.EEXIST).words == "File exists"
    assert Acknowledgement(errno.EEXIST, "no").words == "no"


@pytest.mark.parametrize(
    ("name", "quoted"),
    [
        ("eth0", "eth0"),
        ("a b", "'a b'"),
        ("$(x)", "'$(x)'"),
        ("it's", """'it'"'"'s'"""),
        ("p\x1b[m", "$'\\x70\\x1b\\x5b\\x6d'"),
        ("\udcff", "$'\\xff'"),
    ],
)
def test_interface_name_in_a_shell(name: str, quoted: str) -> None:
    assert quote(name) == quoted


def test_every_foreign_owner_has_one_sentence() -> None:
    silent = {protocol for protocol in range(256) if not format_owner_warning(protocol)}
    sentences = [format_owner_warning(protocol) for protocol in range(256)]

    assert {OWNERS[protocol] for protocol in silent} == {"unspec", "boot", "static", "ebtop"}
    assert all(one.endswith(".") and "\n" not in one for owner in sentences for one in owner)

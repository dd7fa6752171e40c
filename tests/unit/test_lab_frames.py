"""Frames of the lab: built and read, and hostile bytes."""

import struct
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as some

from ebtop.lab.frames import (
    UDP,
    Flow,
    build_udp,
    checksum,
    expected_forwarded,
    parse_frame,
    transport_checksum,
)
from ebtop.lab.numbered import NumberedStream, compare_numbered, read_number
from ebtop.model.prefix import Address, parse_address, unpack_address

PAIRS = [("192.0.2.1", "198.51.100.7"), ("2001:db8::1", "2001:db8:ffff::7")]
FLOWS = [
    Flow(
        source_mac=bytes(range(6)),
        destination_mac=bytes(range(6, 12)),
        source=parse_address(source),
        destination=parse_address(destination),
    )
    for source, destination in PAIRS
]


def checksum_by_words(data: bytes) -> int:
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


@given(some.binary(max_size=200))
def test_checksum_is_the_sum_of_words(data: bytes) -> None:
    assert checksum(data) == checksum_by_words(data + bytes(len(data) % 2))


def test_checksum_of_the_rfc() -> None:
    assert checksum(bytes.fromhex("0001f203f4f5f6f7")) == 0x220D  # RFC 1071, 3


addresses = some.one_of(
    some.tuples(some.binary(min_size=4, max_size=4), some.binary(min_size=4, max_size=4)),
    some.tuples(some.binary(min_size=16, max_size=16), some.binary(min_size=16, max_size=16)),
).map(lambda pair: (unpack_address(pair[0]), unpack_address(pair[1])))


@given(addresses, some.binary(max_size=100), some.integers(1, 255), some.binary(max_size=9))
def test_what_is_built_is_read(
    pair: tuple[Address, Address], payload: bytes, hop_limit: int, trailer: bytes
) -> None:
    source, destination = pair
    flow = replace(FLOWS[0], source=source, destination=destination, hop_limit=hop_limit)
    frame = parse_frame(build_udp(flow, payload) + trailer)

    assert (frame.source, frame.destination, frame.protocol) == (source, destination, UDP)
    assert (frame.hop_limit, frame.ports) == (hop_limit, (4000, 4001))
    assert frame.transport[8:] == payload
    assert transport_checksum(source, destination, UDP, frame.transport) == 0


@pytest.mark.parametrize("sum_before", range(0, 0x10000, 0x101))
def test_the_updated_checksum_is_still_right(sum_before: int) -> None:
    frame = bytearray(build_udp(FLOWS[0], b""))
    (total,) = struct.unpack_from("!H", frame, 24)
    struct.pack_into("!HH", frame, 18, (total - sum_before) % 0xFFFF, 0x4000)
    struct.pack_into("!H", frame, 24, sum_before)
    header = expected_forwarded(bytes(frame), b"A" * 6, b"B" * 6)[14:34]

    assert header[8] == FLOWS[0].hop_limit - 1
    assert checksum(header) in {0, 0xFFFF}  # the two zeros of ones' complement


def test_forwarding_changes_nothing_else() -> None:
    for flow in FLOWS:
        frame = build_udp(flow, b"payload")
        sent = expected_forwarded(frame + b"trailer", b"A" * 6, b"B" * 6)
        assert sent[:12] == b"B" * 6 + b"A" * 6
        changed = [at for at in range(12, len(frame)) if frame[at] != sent[at]]
        assert changed in ([22, 24], [21])
        assert len(sent) == len(frame)


@given(some.binary(max_size=80), some.sampled_from([b"\x08\x00", b"\x86\xdd", b"\x08\x06"]))
def test_no_bytes_do_more_than_raise_value_error(data: bytes, ethertype: bytes) -> None:
    frame = data[:12].ljust(12, b"\0") + ethertype + data[12:]
    read_number(data)
    read_number(frame)
    try:
        assert parse_frame(frame).family in {4, 6}
        expected_forwarded(frame, b"A" * 6, b"B" * 6)
    except ValueError as error:
        assert str(error).endswith(".")  # noqa: PT017  both outcomes are right


@pytest.mark.parametrize("payload_bytes", [24, 25, 200])
def test_numbered_frames_carry_right_checksums(payload_bytes: int) -> None:
    flows = [replace(flow, payload_bytes=payload_bytes) for flow in FLOWS]
    stream = NumberedStream(flows, 1 << 64, 0)
    for number in (0, 1, 2**16 - 1, 2**32 + 1, 2**63, 2**64 - 1):
        frame = parse_frame(stream.frame(number))
        assert read_number(stream.frame(number)) == number
        assert frame.destination == stream.flow(number).destination
        assert len(frame.transport) == 8 + payload_bytes
        assert transport_checksum(frame.source, frame.destination, UDP, frame.transport) == 0


def test_every_fault_of_a_stream_is_named() -> None:
    stream = NumberedStream(FLOWS, 6, first=10)
    frames = [stream.frame(number) for number in (10, 11, 11, 13, 15, 20)]
    damaged = bytearray(stream.frame(14))
    damaged[0] ^= 1
    result = compare_numbered(stream, [*frames, bytes(damaged), b"noise"], stream.frame)

    assert result.missing == (12,)
    assert result.doubled == (11,)
    assert result.damaged == (14,)
    assert result.foreign == (20,)
    assert not result.perfect
    assert compare_numbered(stream, map(stream.frame, stream.numbers), stream.frame).perfect

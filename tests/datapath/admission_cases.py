"""The table of admission: one packet, what ebtop says of it, and nothing else."""

import struct
from collections.abc import Callable
from dataclasses import dataclass

from ebtop.lab.frames import (
    TCP,
    UDP,
    Flow,
    build_ip,
    build_udp,
    checksum,
    transport_checksum,
)
from ebtop.lab.topology import Router, host_mac, port_mac
from ebtop.model.prefix import parse_address
from ebtop.model.verdict import Verdict

ROUTES = (
    "198.18.0.0/16 via 10.255.2.2",
    "198.18.1.0/24 via 10.255.3.2",
    "198.18.1.128/25 via 10.255.2.2",
    "198.18.1.200/32 via 10.255.4.2",
    "198.18.2.0/24 via 10.255.2.2 mtu 600",
    "198.18.3.0/24 via 10.255.2.77",
    "198.18.4.0/24 via 10.255.1.2",
    "198.18.5.0/24 nexthop via 10.255.2.2 nexthop via 10.255.3.2",
    "blackhole 198.18.6.0/24",
    "unreachable 198.18.7.0/24",
    "prohibit 198.18.8.0/24",
    "throw 198.18.9.0/24",
    "198.18.10.0/24 tos 0x10 via 10.255.3.2",
    "198.18.11.0/24 dev lo",
    "local 198.18.12.0/24 dev lo",
    "240.0.0.0/4 via 10.255.2.2",
    "169.254.0.0/16 via 10.255.2.2",
    "0.0.0.0/8 via 10.255.2.2",
    "2001:db8::/32 via fd00:0:0:2::2",
    "2001:db8:1::/48 via fd00:0:0:3::2",
    "2001:db8:1::5/128 via fd00:0:0:4::2",
    "2001:db8:2::/48 via fd00:0:0:2::2 mtu 1300",
    "2001:db8:3::/48 via fd00:0:0:2::77",
    "blackhole 2001:db8:6::/48",
    "unreachable 2001:db8:7::/48",
    "2001:db8:8::/48 from 2001:db8:ff::/48 via fd00:0:0:3::2",
    "2001:db8:9::/48 via fd00:0:0:1::2",
    "::/8 via fd00:0:0:2::2",
)
"""Of the router whose hosts sit behind p1..p4; packets come in at p1."""

SOURCE4, SOURCE6 = "198.19.0.1", "2001:db8:ffff::1"
_FOREIGN_MAC = bytes.fromhex("020000000099")


@dataclass(frozen=True, slots=True)
class Case:
    """`port`: the number of the egress port where the verdict is FORWARDED."""

    name: str
    frame: bytes
    verdict: Verdict
    port: int = 2


def udp(destination: str, *, source: str = "", hop_limit: int = 64, bytes_: int = 24) -> bytes:
    """A good UDP packet from behind p1."""
    target = parse_address(destination)
    default = SOURCE4 if target.family == 4 else SOURCE6
    flow = Flow(
        source_mac=host_mac(1),
        destination_mac=port_mac(1),
        source=parse_address(source or default),
        destination=target,
        hop_limit=hop_limit,
    )
    return build_udp(flow, bytes(range(bytes_ % 251)) if bytes_ < 251 else bytes(bytes_))


def other(destination: str, protocol: int, transport: bytes) -> bytes:
    """A packet of any protocol."""
    target = parse_address(destination)
    flow = Flow(
        source_mac=host_mac(1),
        destination_mac=port_mac(1),
        source=parse_address(SOURCE4 if target.family == 4 else SOURCE6),
        destination=target,
    )
    return build_ip(flow, protocol, transport)


def patched(frame: bytes, at: int, value: bytes, *, sum_ipv4: bool = False) -> bytes:
    """The frame with other bytes, its IPv4 header checksum made right again if asked."""
    changed = frame[:at] + value + frame[at + len(value) :]
    if not sum_ipv4:
        return changed
    header = changed[14:24] + b"\0\0" + changed[26:34]
    return changed[:24] + struct.pack("!H", checksum(header)) + changed[26:]


def with_sum(frame: bytes, value: int) -> bytes:
    """The frame with the IPv4 identification that makes its header checksum the value."""
    rest = 0xFFFF ^ checksum(frame[14:18] + b"\0\0" + frame[20:24] + b"\0\0" + frame[26:34])
    identification = (0xFFFF - value - rest) % 0xFFFF
    changed = patched(frame, 18, struct.pack("!H", identification))
    return patched(changed, 24, struct.pack("!H", value))


def with_options(frame: bytes) -> bytes:
    """A router alert (RFC 2113) in the IPv4 header."""
    total = struct.unpack_from("!H", frame, 16)[0] + 4
    header = b"\x46" + frame[15:16] + struct.pack("!H", total) + frame[18:24] + b"\0\0"
    header += frame[26:34] + b"\x94\x04\0\0"
    summed = header[:10] + struct.pack("!H", checksum(header)) + header[12:]
    return frame[:14] + summed + frame[34:]


def with_extension(frame: bytes, kind: int) -> bytes:
    """An IPv6 extension header of 8 bytes in front of the transport header."""
    length = struct.unpack_from("!H", frame, 18)[0] + 8
    extension = frame[20:21] + b"\0\x01\x04\0\0\0\0"
    start = frame[:18] + struct.pack("!H", length) + bytes((kind,)) + frame[21:54]
    return start + extension + frame[54:]


def with_tag(frame: bytes, ethertype: int) -> bytes:
    """A VLAN tag for VLAN 7."""
    return frame[:12] + struct.pack("!HH", ethertype, 7) + frame[12:]


def unfinished(destination: str, protocol: int) -> bytes:
    """What a local sender with checksum offload hands over (CHECKSUM_PARTIAL)."""
    size = 8 if protocol == UDP else 20
    at = 6 if protocol == UDP else 16
    transport = bytearray(struct.pack("!HH", 4000, 4001) + bytes(size - 4 + 16))
    if protocol == UDP:
        struct.pack_into("!H", transport, 4, len(transport))
    else:
        transport[12] = 0x50
    family4 = "." in destination
    source = parse_address(SOURCE4 if family4 else SOURCE6)
    target = parse_address(destination)
    bare = transport_checksum(source, target, protocol, b"")
    # The sum of the pseudo-header with the real length, folded and not complemented.
    pseudo = source.packed + target.packed + struct.pack("!II", len(transport), protocol)
    struct.pack_into("!H", transport, at, 0xFFFF ^ checksum(pseudo))
    assert bare != 0xFFFF ^ checksum(pseudo)
    return other(destination, protocol, bytes(transport))


def sctp(destination: str, crc: int) -> bytes:
    """An SCTP packet; 0 is what a local sender with checksum offload leaves in the field."""
    return other(destination, 132, struct.pack("!HHII", 4000, 4001, 7, crc) + bytes(16))


def _ethernet() -> list[Case]:
    good = udp("198.18.0.1")
    return [
        Case("plain", good, Verdict.FORWARDED),
        Case("own source mac", patched(good, 6, port_mac(1)), Verdict.FORWARDED),
        Case("zero source mac", patched(good, 6, bytes(6)), Verdict.FORWARDED),
        Case("multicast source mac", patched(good, 6, b"\x01\0\x5e\0\0\1"), Verdict.FORWARDED),
        Case("foreign mac", patched(good, 0, _FOREIGN_MAC), Verdict.PUNT_FOREIGN_MAC),
        Case("mac of another port", patched(good, 0, port_mac(2)), Verdict.PUNT_FOREIGN_MAC),
        Case("last byte of mac", patched(good, 5, b"\x7f"), Verdict.PUNT_FOREIGN_MAC),
        Case("broadcast mac", patched(good, 0, b"\xff" * 6), Verdict.PUNT_GROUP_MAC),
        Case("multicast mac", patched(good, 0, b"\x01\0\x5e\0\0\1"), Verdict.PUNT_GROUP_MAC),
        Case("802.1Q tag", with_tag(good, 0x8100), Verdict.PUNT_VLAN),
        Case("802.1ad tag", with_tag(good, 0x88A8), Verdict.PUNT_VLAN),
        Case("arp", patched(good, 12, b"\x08\x06"), Verdict.PUNT_ETHERTYPE),
        Case("mpls", patched(good, 12, b"\x88\x47"), Verdict.PUNT_ETHERTYPE),
        Case("ethernet alone", good[:14], Verdict.PUNT_TRUNCATED),
        Case("half a header", good[:30], Verdict.PUNT_TRUNCATED),
    ]


def _ipv4_header() -> list[Case]:
    good = udp("198.18.0.1")
    return [
        Case("version 6 under 0x0800", patched(good, 14, b"\x65"), Verdict.PUNT_HEADER),
        Case("header of 4 words", patched(good, 14, b"\x44"), Verdict.PUNT_HEADER),
        Case("router alert", with_options(good), Verdict.PUNT_OPTIONS),
        Case("total length 19", patched(good, 16, b"\0\x13", sum_ipv4=True), Verdict.PUNT_LENGTH),
        Case("total length lies", patched(good, 16, b"\x05\0", sum_ipv4=True), Verdict.PUNT_LENGTH),
        Case("wrong checksum", patched(good, 24, b"\x12\x34"), Verdict.PUNT_CHECKSUM),
        Case("checksum 0xfeff", with_sum(good, 0xFEFF), Verdict.FORWARDED),
        Case("checksum 0x0000", with_sum(good, 0x0000), Verdict.FORWARDED),
        Case("checksum 0xffff", with_sum(good, 0xFFFF), Verdict.FORWARDED),
        Case("ttl 0", udp("198.18.0.1", hop_limit=0), Verdict.PUNT_TTL),
        Case("ttl 1", udp("198.18.0.1", hop_limit=1), Verdict.PUNT_TTL),
        Case("ttl 2", udp("198.18.0.1", hop_limit=2), Verdict.FORWARDED),
        Case("ttl 255", udp("198.18.0.1", hop_limit=255), Verdict.FORWARDED),
        Case("tos and ecn", patched(good, 15, b"\xff", sum_ipv4=True), Verdict.FORWARDED),
        Case("first fragment", patched(good, 20, b"\x20\0", sum_ipv4=True), Verdict.FORWARDED),
        Case("later fragment", patched(good, 20, b"\0\x10", sum_ipv4=True), Verdict.FORWARDED),
        Case("evil bit", patched(good, 20, b"\x80\0", sum_ipv4=True), Verdict.FORWARDED),
        Case("trailing bytes", good + bytes(30), Verdict.FORWARDED),
        Case("padded to 60", udp("198.18.0.1", bytes_=0) + bytes(18), Verdict.FORWARDED),
        Case("no transport", other("198.18.0.1", 253, b""), Verdict.FORWARDED),
        Case("unfinished udp", unfinished("198.18.0.1", UDP), Verdict.PUNT_UNFINISHED_CHECKSUM),
        Case("unfinished tcp", unfinished("198.18.0.1", TCP), Verdict.PUNT_UNFINISHED_CHECKSUM),
        Case("unfinished sctp", sctp("198.18.0.1", 0), Verdict.PUNT_UNFINISHED_CHECKSUM),
        Case("sctp, low half", sctp("198.18.0.1", 1), Verdict.FORWARDED),
        Case("sctp, high half", sctp("198.18.0.1", 1 << 16), Verdict.FORWARDED),
        Case("8 bytes of sctp", other("198.18.0.1", 132, bytes(8)), Verdict.FORWARDED),
        Case("udp without checksum", patched(good, 40, b"\0\0"), Verdict.FORWARDED),
        Case("4 bytes of udp", other("198.18.0.1", UDP, bytes(4)), Verdict.FORWARDED),
    ]


def _ipv4_addresses() -> list[Case]:
    def source(address: str) -> bytes:
        return udp("198.18.0.1", source=address)

    return [
        Case("source 0.0.0.0", source("0.0.0.0"), Verdict.PUNT_SOURCE),  # noqa: S104  a packet's
        Case("source loopback", source("127.0.0.1"), Verdict.PUNT_SOURCE),
        Case("source multicast", source("224.1.1.1"), Verdict.PUNT_SOURCE),
        Case("source broadcast", source("255.255.255.255"), Verdict.PUNT_SOURCE),
        Case("source is the router", source("10.255.1.1"), Verdict.PUNT_SOURCE),
        Case("source is another port", source("10.255.3.1"), Verdict.PUNT_SOURCE),
        Case("source in a local prefix", source("198.18.12.9"), Verdict.PUNT_SOURCE),
        Case("source class E", source("241.0.0.1"), Verdict.FORWARDED),
        Case("source 0.0.0.5", source("0.0.0.5"), Verdict.FORWARDED),
        Case("destination 0.0.0.0", udp("0.0.0.0"), Verdict.PUNT_DESTINATION),  # noqa: S104  same
        Case("destination loopback", udp("127.0.0.1"), Verdict.PUNT_DESTINATION),
        Case("destination multicast", udp("224.0.0.5"), Verdict.PUNT_DESTINATION),
        Case("destination 239", udp("239.1.1.1"), Verdict.PUNT_DESTINATION),
        Case("limited broadcast", udp("255.255.255.255"), Verdict.PUNT_DESTINATION),
        Case("destination class E", udp("241.0.0.1"), Verdict.FORWARDED),
        Case("destination 169.254", udp("169.254.1.1"), Verdict.FORWARDED),
        Case("destination 0.0.0.5", udp("0.0.0.5"), Verdict.FORWARDED),
        Case("directed broadcast", udp("10.255.2.255"), Verdict.PUNT_BROADCAST),
        Case("the router itself", udp("10.255.2.1"), Verdict.PUNT_LOCAL),
        Case("local prefix", udp("198.18.12.1"), Verdict.PUNT_LOCAL),
    ]


def _ipv4_routes() -> list[Case]:
    return [
        Case("/24 inside /16", udp("198.18.1.1"), Verdict.FORWARDED, 3),
        Case("/25 inside /24", udp("198.18.1.129"), Verdict.FORWARDED, 2),
        Case("/32 inside /25", udp("198.18.1.200"), Verdict.FORWARDED, 4),
        Case("connected host", udp("10.255.3.2"), Verdict.FORWARDED, 3),
        Case("connected, unresolved", udp("10.255.3.9"), Verdict.PUNT_NEIGHBOUR),
        Case("gateway unresolved", udp("198.18.3.1"), Verdict.PUNT_NEIGHBOUR),
        Case("out of the same port", udp("198.18.4.1"), Verdict.PUNT_SAME_PORT),
        Case("no route", udp("203.0.113.1"), Verdict.PUNT_NO_ROUTE),
        Case("blackhole", udp("198.18.6.1"), Verdict.DROP_BLACKHOLE),
        Case("unreachable", udp("198.18.7.1"), Verdict.PUNT_UNREACHABLE),
        Case("prohibit", udp("198.18.8.1"), Verdict.PUNT_PROHIBIT),
        Case("throw", udp("198.18.9.1"), Verdict.PUNT_THROW),
        Case("tos route", udp("198.18.10.1"), Verdict.PUNT_UNSUPPORTED),
        Case("route out of lo", udp("198.18.11.1"), Verdict.PUNT_NO_PORT),
        Case("port mtu, fits", udp("198.18.0.1", bytes_=1472), Verdict.FORWARDED),
        Case("port mtu, one more", udp("198.18.0.1", bytes_=1473), Verdict.PUNT_MTU),
        Case("route mtu, fits", udp("198.18.2.1", bytes_=572), Verdict.FORWARDED),
        Case("route mtu, one more", udp("198.18.2.1", bytes_=573), Verdict.PUNT_MTU),
    ]


def _ipv6_header() -> list[Case]:
    good = udp("2001:db8::1")
    return [
        Case("plain 6", good, Verdict.FORWARDED),
        Case("class and flow label", patched(good, 14, b"\x6f\xff\xff\xff"), Verdict.FORWARDED),
        Case("version 4 under 0x86dd", patched(good, 14, b"\x40"), Verdict.PUNT_HEADER),
        Case("half a header 6", good[:50], Verdict.PUNT_TRUNCATED),
        Case("payload length lies", patched(good, 18, b"\x05\0"), Verdict.PUNT_LENGTH),
        Case("hop limit 0", udp("2001:db8::1", hop_limit=0), Verdict.PUNT_TTL),
        Case("hop limit 1", udp("2001:db8::1", hop_limit=1), Verdict.PUNT_TTL),
        Case("hop limit 2", udp("2001:db8::1", hop_limit=2), Verdict.FORWARDED),
        Case("hop-by-hop", with_extension(good, 0), Verdict.PUNT_EXTENSION_HEADER),
        Case("routing header", with_extension(good, 43), Verdict.PUNT_EXTENSION_HEADER),
        Case("destination options", with_extension(good, 60), Verdict.PUNT_EXTENSION_HEADER),
        Case("fragment header", with_extension(good, 44), Verdict.FORWARDED),
        Case("no next header", other("2001:db8::1", 59, b""), Verdict.FORWARDED),
        Case("trailing bytes 6", good + bytes(30), Verdict.FORWARDED),
        Case("unfinished udp 6", unfinished("2001:db8::1", UDP), Verdict.PUNT_UNFINISHED_CHECKSUM),
        Case("unfinished tcp 6", unfinished("2001:db8::1", TCP), Verdict.PUNT_UNFINISHED_CHECKSUM),
        Case("unfinished sctp 6", sctp("2001:db8::1", 0), Verdict.PUNT_UNFINISHED_CHECKSUM),
        Case("sctp 6, low half", sctp("2001:db8::1", 1), Verdict.FORWARDED),
        Case("sctp 6, high half", sctp("2001:db8::1", 1 << 16), Verdict.FORWARDED),
        Case("8 bytes of sctp 6", other("2001:db8::1", 132, bytes(8)), Verdict.FORWARDED),
    ]


def _ipv6_addresses() -> list[Case]:
    def source(address: str) -> bytes:
        return udp("2001:db8::1", source=address)

    return [
        Case("source ::", source("::"), Verdict.PUNT_SOURCE),
        Case("source ::1", source("::1"), Verdict.PUNT_SOURCE),
        Case("source ff02::1", source("ff02::1"), Verdict.PUNT_SOURCE),
        Case("source fe80::1", source("fe80::1"), Verdict.PUNT_SOURCE),
        Case("source is the router 6", source("fd00:0:0:1::1"), Verdict.FORWARDED),
        Case("source ::2", source("::2"), Verdict.FORWARDED),
        Case("source mapped", source("::ffff:192.0.2.1"), Verdict.FORWARDED),
        Case("source fec0::1", source("fec0::1"), Verdict.FORWARDED),
        Case("destination ff02::5", udp("ff02::5"), Verdict.PUNT_DESTINATION),
        Case("destination ff0e::5", udp("ff0e::5"), Verdict.PUNT_DESTINATION),
        Case("destination fe80::9", udp("fe80::9"), Verdict.PUNT_DESTINATION),
        Case("destination ::1", udp("::1"), Verdict.PUNT_DESTINATION),
        Case("destination ::", udp("::"), Verdict.FORWARDED),
        Case("the router itself 6", udp("fd00:0:0:2::1"), Verdict.PUNT_LOCAL),
        Case("subnet-router anycast", udp("fd00:0:0:2::"), Verdict.PUNT_MULTICAST),
    ]


def _ipv6_routes() -> list[Case]:
    return [
        Case("/48 inside /32", udp("2001:db8:1::1"), Verdict.FORWARDED, 3),
        Case("/128 inside /48", udp("2001:db8:1::5"), Verdict.FORWARDED, 4),
        Case("connected host 6", udp("fd00:0:0:3::2"), Verdict.FORWARDED, 3),
        Case("connected, unresolved 6", udp("fd00:0:0:3::9"), Verdict.PUNT_NEIGHBOUR),
        Case("gateway unresolved 6", udp("2001:db8:3::1"), Verdict.PUNT_NEIGHBOUR),
        Case("out of the same port 6", udp("2001:db8:9::1"), Verdict.PUNT_SAME_PORT),
        Case("no route 6", udp("2002::1"), Verdict.PUNT_NO_ROUTE),
        Case("blackhole 6", udp("2001:db8:6::1"), Verdict.DROP_BLACKHOLE),
        Case("unreachable 6", udp("2001:db8:7::1"), Verdict.PUNT_UNREACHABLE),
        Case("source-specific", udp("2001:db8:8::1"), Verdict.PUNT_UNSUPPORTED),
        Case("port mtu 6, fits", udp("2001:db8::1", bytes_=1452), Verdict.FORWARDED),
        Case("port mtu 6, one more", udp("2001:db8::1", bytes_=1453), Verdict.PUNT_MTU),
        Case("route mtu 6, fits", udp("2001:db8:2::1", bytes_=1252), Verdict.FORWARDED),
        Case("route mtu 6, one more", udp("2001:db8:2::1", bytes_=1253), Verdict.PUNT_MTU),
    ]


_GROUPS: tuple[Callable[[], list[Case]], ...] = (
    _ethernet,
    _ipv4_header,
    _ipv4_addresses,
    _ipv4_routes,
    _ipv6_header,
    _ipv6_addresses,
    _ipv6_routes,
)
CASES = [case for group in _GROUPS for case in group()]


def prepare(router: Router) -> None:
    """Gives the router the routes of the table."""
    router.add_routes(*ROUTES)

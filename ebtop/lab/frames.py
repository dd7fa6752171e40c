"""Ethernet frames with IPv4 or IPv6 inside: built, read, and as a router has to send them on."""

import struct
from dataclasses import dataclass

from ebtop.model.prefix import Address, unpack_address

ETHERTYPE_IPV4 = 0x0800
ETHERTYPE_IPV6 = 0x86DD
UDP = 17
TCP = 6
ETHERNET_BYTES = 14
IPV4_BYTES = 20
IPV6_BYTES = 40
_DONT_FRAGMENT = 0x4000
_ADDRESS_BYTES = {ETHERTYPE_IPV4: 4, ETHERTYPE_IPV6: 16}


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """What all packets of a flow have in common; both addresses are of one family."""

    source_mac: bytes
    destination_mac: bytes
    source: Address
    destination: Address
    source_port: int = 4000
    destination_port: int = 4001
    hop_limit: int = 64
    payload_bytes: int = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """A frame as read: MACs, IP header, and what the IP packet carries, without any trailer."""

    destination_mac: bytes
    source_mac: bytes
    family: int
    source: Address
    destination: Address
    protocol: int  # IPv6: the next header, whatever it is
    hop_limit: int
    transport: bytes

    @property
    def ports(self) -> tuple[int, int]:
        """Source and destination port of TCP or UDP; ValueError for any other packet."""
        if self.protocol not in {TCP, UDP} or len(self.transport) < 4:
            raise ValueError("The packet has no ports.")
        source, destination = struct.unpack_from("!HH", self.transport)
        return source, destination


def checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071) of bytes in which its own field is zero."""
    # The sum of 16-bit words with end-around carry is the remainder by 0xffff, but that a sum
    # which is not zero never becomes zero.
    value = int.from_bytes(data + bytes(len(data) % 2), "big")
    return 0xFFFF - ((value - 1) % 0xFFFF + 1 if value else 0)


def transport_checksum(
    source: Address, destination: Address, protocol: int, transport: bytes
) -> int:
    """Checksum of a TCP, UDP or ICMPv6 message with its pseudo-header (RFC 768, RFC 8200 8.1)."""
    pseudo = source.packed + destination.packed + struct.pack("!II", len(transport), protocol)
    return checksum(pseudo + transport)


def build_udp(flow: Flow, payload: bytes) -> bytes:
    """A whole frame; checksums are right, IPv4 carries DF and identification 0."""
    length = 8 + len(payload)
    ports = struct.pack("!HHH", flow.source_port, flow.destination_port, length)
    total = transport_checksum(flow.source, flow.destination, UDP, ports + b"\0\0" + payload)
    return build_ip(flow, UDP, ports + struct.pack("!H", total or 0xFFFF) + payload)


def build_ip(flow: Flow, protocol: int, transport: bytes) -> bytes:
    """A whole frame around a transport message, which is taken as it is."""
    macs = flow.destination_mac + flow.source_mac
    addresses = flow.source.packed + flow.destination.packed
    if flow.source.family == 4:
        start = struct.pack(
            "!BBHHHBB",
            0x45,
            0,
            IPV4_BYTES + len(transport),
            0,
            _DONT_FRAGMENT,
            flow.hop_limit,
            protocol,
        )
        header = start + struct.pack("!H", checksum(start + b"\0\0" + addresses)) + addresses
        return macs + ETHERTYPE_IPV4.to_bytes(2, "big") + header + transport
    start = struct.pack("!IHBB", 6 << 28, len(transport), protocol, flow.hop_limit)
    return macs + ETHERTYPE_IPV6.to_bytes(2, "big") + start + addresses + transport


def parse_frame(frame: bytes) -> Frame:
    """The fields of a frame; ValueError says why it is not a whole IPv4 or IPv6 packet."""
    ethertype = _ethertype(frame)
    end = _packet_end(frame)
    if ethertype == ETHERTYPE_IPV4:
        header_bytes = (frame[ETHERNET_BYTES] & 15) * 4
        hop_limit, protocol, addresses = frame[22], frame[23], ETHERNET_BYTES + 12
    else:
        header_bytes = IPV6_BYTES
        protocol, hop_limit, addresses = frame[20], frame[21], ETHERNET_BYTES + 8
    size = _ADDRESS_BYTES[ethertype]
    return Frame(
        destination_mac=frame[:6],
        source_mac=frame[6:12],
        family=4 if ethertype == ETHERTYPE_IPV4 else 6,
        source=unpack_address(frame[addresses : addresses + size]),
        destination=unpack_address(frame[addresses + size : addresses + 2 * size]),
        protocol=protocol,
        hop_limit=hop_limit,
        transport=frame[ETHERNET_BYTES + header_bytes : end],
    )


def expected_forwarded(frame: bytes, source_mac: bytes, destination_mac: bytes) -> bytes:
    """The frame that a router must send for a unicast frame that it received.

    New MACs, TTL or hop limit one less, the IPv4 checksum updated as ip_decrease_ttl() does
    (include/net/ip.h), the trailer cut off, and every other byte unchanged. ValueError where a
    router must not forward it: no whole IP packet, or the TTL ends here.
    """
    packet = bytearray(frame[ETHERNET_BYTES : _packet_end(frame)])
    hop_limit_at = 8 if _ethertype(frame) == ETHERTYPE_IPV4 else 7
    if packet[hop_limit_at] <= 1:
        raise ValueError("The TTL ends here.")
    packet[hop_limit_at] -= 1
    if hop_limit_at == 8:
        (total,) = struct.unpack_from("!H", packet, 10)
        total += 0x0100
        struct.pack_into("!H", packet, 10, (total + (total >= 0xFFFF)) & 0xFFFF)
    return destination_mac + source_mac + frame[12:14] + bytes(packet)


def _ethertype(frame: bytes) -> int:
    ethertype = int.from_bytes(frame[12:14], "big")
    if ethertype not in _ADDRESS_BYTES:
        raise ValueError(f"The ethertype {ethertype:#06x} is neither IPv4's nor IPv6's.")
    return ethertype


def _packet_end(frame: bytes) -> int:
    """Where the IP packet ends by its own length, which lies within the frame."""
    ipv4 = _ethertype(frame) == ETHERTYPE_IPV4
    header_bytes = IPV4_BYTES if ipv4 else IPV6_BYTES
    if len(frame) < ETHERNET_BYTES + header_bytes:
        raise ValueError("The frame ends before its IP header does.")
    version = frame[ETHERNET_BYTES] >> 4
    if version != (4 if ipv4 else 6):
        raise ValueError(f"The IP version is {version}.")
    if ipv4:
        header_bytes = (frame[ETHERNET_BYTES] & 15) * 4
        packet_bytes = int.from_bytes(frame[16:18], "big")
        if not IPV4_BYTES <= header_bytes <= packet_bytes:
            raise ValueError("The IPv4 header length is wrong.")
    else:
        packet_bytes = IPV6_BYTES + int.from_bytes(frame[18:20], "big")
    if len(frame) < ETHERNET_BYTES + packet_bytes:
        raise ValueError("The frame ends before its IP packet does.")
    return ETHERNET_BYTES + packet_bytes

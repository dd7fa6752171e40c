"""Netlink messages as a kernel would send them, for the decoders' tests."""

import struct
from ipaddress import ip_address

NEWROUTE = 24
DELROUTE = 25
UNICAST = 1
DST, SRC, OIF, GATEWAY, PRIORITY, PREFSRC, METRICS, MULTIPATH = 1, 2, 4, 5, 6, 7, 8, 9
FLOW, CACHEINFO, TABLE, VIA, PREF, ENCAP_TYPE, ENCAP, NH_ID = 11, 12, 15, 18, 20, 21, 22, 30

Attribute = tuple[int, bytes]


def u32(value: int) -> bytes:
    return struct.pack("=I", value)


def packed(address: str) -> bytes:
    return ip_address(address).packed


def attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("=HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)


def message(kind: int, body: bytes, *, flags: int = 2) -> bytes:
    return struct.pack("=IHHII", 16 + len(body), kind, flags, 1, 0) + body + bytes(-len(body) % 4)


def route(
    prefix: str,
    *attributes: Attribute,
    kind: int = NEWROUTE,
    flags: int = 2,
    route_type: int = UNICAST,
    rtm_flags: int = 0,
    tos: int = 0,
    source: str = "",
    table: int = 254,
) -> bytes:
    address, length = prefix.split("/")
    source_length = int(source.split("/")[1]) if source else 0
    family = 2 if ip_address(address).version == 4 else 10
    body = struct.pack(
        "=BBBBBBBBI", family, int(length), source_length, tos, table, 3, 0, route_type, rtm_flags
    )
    body += attribute(TABLE, u32(table))
    if int(length):
        body += attribute(DST, packed(address))
    if source:
        body += attribute(SRC, packed(source.split("/", maxsplit=1)[0]))
    return message(
        kind, body + b"".join(attribute(kind, value) for kind, value in attributes), flags=flags
    )


def member(ifindex: int, *attributes: Attribute, hops: int = 0, flags: int = 0) -> bytes:
    data = b"".join(attribute(kind, value) for kind, value in attributes)
    return struct.pack("=HBBi", 8 + len(data), flags, hops, ifindex) + data

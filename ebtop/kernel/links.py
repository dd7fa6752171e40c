"""Interfaces and their addresses (bytes -> values), and the kernel's whole list of them.

struct ifinfomsg and IFLA_*: include/uapi/linux/if_link.h; struct ifaddrmsg: if_addr.h.
"""

import os
import struct
from dataclasses import dataclass, replace

from ebtop.kernel.decode_nexthops import FAMILIES
from ebtop.kernel.netlink import (
    MalformedMessage,
    MessageType,
    index_messages,
    pack_attribute,
    parse_attributes,
    read_dump,
    unpack_u32,
)
from ebtop.kernel.sysctls import read_sysctls
from ebtop.model.port import Link

_LINK_HEADER = struct.Struct("=BxHiII")  # ifinfomsg: family, type, ifindex, flags, change
_ADDRESS_HEADER = struct.Struct("=BBBBI")  # ifaddrmsg: family, length, flags, scope, ifindex
_IFLA_ADDRESS = 1
_IFLA_IFNAME = 3
_IFLA_MTU = 4
_IFLA_MASTER = 10
_IFLA_LINKINFO = 18
_IFLA_IFALIAS = 20
_IFLA_EXT_MASK = 29
_IFLA_PROMISCUITY = 30
_IFLA_INFO_KIND = 1
_RTEXT_FILTER_SKIP_STATS = 1 << 3
_IFF_UP = 1 << 0
_IFF_LOOPBACK = 1 << 3
_IFF_LOWER_UP = 1 << 16
_ARPHRD_ETHER = 1
_IFA_ADDRESS = 1
_IFA_LOCAL = 2
_IFA_FLAGS = 8


@dataclass(frozen=True, slots=True)
class InterfaceAddress:
    """One address of an interface; two that compare equal differ in lifetimes at most."""

    ifindex: int
    family: int
    length: int
    local: bytes
    flags: int


@dataclass(frozen=True, slots=True)
class Interfaces:
    """All interfaces and all their addresses."""

    links: dict[int, Link]
    addresses: frozenset[InterfaceAddress]


def decode_link(body: memoryview) -> Link | None:
    """The payload of RTM_NEWLINK or RTM_DELLINK without addresses and sysctls.

    None for a bridge's word on its ports, which comes as the same message. Names that are no
    UTF-8 keep their bytes (surrogateescape). Raises MalformedMessage.
    """
    if len(body) < _LINK_HEADER.size:
        raise MalformedMessage(f"a link message of {len(body)} bytes")
    family, hardware, ifindex, flags, _ = _LINK_HEADER.unpack_from(body)
    if family != 0:
        return None
    attributes = parse_attributes(body[_LINK_HEADER.size :])
    information = parse_attributes(attributes.get(_IFLA_LINKINFO, b""))
    return Link(
        ifindex=ifindex,
        name=_decode_text(attributes.get(_IFLA_IFNAME)),
        kind=_decode_text(information.get(_IFLA_INFO_KIND)),
        mac=bytes(attributes.get(_IFLA_ADDRESS, b"")),
        mtu=unpack_u32(attributes.get(_IFLA_MTU)),
        up=bool(flags & _IFF_UP),
        carrier=bool(flags & _IFF_LOWER_UP),
        ethernet=hardware == _ARPHRD_ETHER,
        loopback=bool(flags & _IFF_LOOPBACK),
        master=unpack_u32(attributes.get(_IFLA_MASTER)),
        promiscuity=unpack_u32(attributes.get(_IFLA_PROMISCUITY)),
        alias=_decode_text(attributes.get(_IFLA_IFALIAS)),
    )


def _decode_text(data: memoryview | None) -> str:
    return os.fsdecode(bytes(data or b"").split(b"\0", 1)[0])


def decode_interface_address(body: memoryview) -> InterfaceAddress | None:
    """The payload of RTM_NEWADDR or RTM_DELADDR; None for families that are not IP."""
    if len(body) < _ADDRESS_HEADER.size:
        raise MalformedMessage(f"an address message of {len(body)} bytes")
    family, length, flags, _, ifindex = _ADDRESS_HEADER.unpack_from(body)
    if family not in FAMILIES:
        return None
    attributes = parse_attributes(body[_ADDRESS_HEADER.size :])
    local = attributes.get(_IFA_LOCAL, attributes.get(_IFA_ADDRESS, b""))
    all_flags = unpack_u32(attributes.get(_IFA_FLAGS), flags)
    return InterfaceAddress(ifindex, FAMILIES[family], length, bytes(local), all_flags)


def read_interfaces() -> Interfaces:
    """Ask the kernel for all interfaces; addresses and sysctls are folded in.

    Raises OSError when the kernel refuses.
    """
    addresses = _read_addresses()
    with_ipv4 = {address.ifindex for address in addresses if address.family == 4}
    mask = pack_attribute(_IFLA_EXT_MASK, struct.pack("=I", _RTEXT_FILTER_SKIP_STATS))
    body = _LINK_HEADER.pack(0, 0, 0, 0, 0) + mask
    links = {}
    for kind, payload in _read_messages(MessageType.GETLINK, body):
        link = decode_link(payload) if kind == MessageType.NEWLINK else None
        if link is not None:
            links[link.ifindex] = _fold(link, has_ipv4=link.ifindex in with_ipv4)
    return Interfaces(links, addresses)


def _fold(link: Link, *, has_ipv4: bool) -> Link:
    sysctls = read_sysctls(link.name, link.mtu)
    return replace(
        link,
        has_ipv4=has_ipv4,
        forwarding4=sysctls.forwarding4,
        forwarding6=sysctls.forwarding6,
        rp_filter=sysctls.rp_filter,
        ignore_linkdown=sysctls.ignore_linkdown,
        mtu6=sysctls.mtu6,
    )


def _read_addresses() -> frozenset[InterfaceAddress]:
    body = _ADDRESS_HEADER.pack(0, 0, 0, 0, 0)
    decoded = (
        decode_interface_address(payload)
        for kind, payload in _read_messages(MessageType.GETADDR, body)
        if kind == MessageType.NEWADDR
    )
    return frozenset(address for address in decoded if address is not None)


def _read_messages(message_type: int, body: bytes) -> list[tuple[int, memoryview]]:
    return list(index_messages(read_dump(message_type, body).buffer).bodies())

"""What the kernel says of the interfaces beyond model.Link: stacking, XDP programs, the driver."""

import array
import errno
import fcntl
import socket
import struct
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from ebtop.kernel.probe_netlink import (
    ROUTE,
    SOCK_DIAG,
    decode_attribute_list,
    decode_attributes,
    decode_string,
    decode_u32,
    decode_u64,
    encode_attribute,
    read_generic,
    read_messages,
)

_GET_LINK = 18  # RTM_GETLINK
_GET_NETCONF = 82  # RTM_GETNETCONF
_LINK_HEADER_BYTES = 16  # struct ifinfomsg
_EXT_MASK = 29  # IFLA_EXT_MASK
_SKIP_STATS = 1 << 3  # RTEXT_FILTER_SKIP_STATS
_XDP_PROGRAM_IDS = (5, 6, 7, 4)  # IFLA_XDP_{DRV,SKB,HW,}_PROG_ID
_IFF_PROMISC = 0x100
_BRIDGE_VLAN_FILTERING = 7  # IFLA_BR_VLAN_FILTERING

_XDP_FEATURES = {  # enum netdev_xdp_act, include/uapi/linux/netdev.h
    0x1: "basic",
    0x2: "redirect",
    0x4: "ndo-xmit",
    0x8: "xsk-zerocopy",
    0x10: "hw-offload",
    0x20: "rx-sg",
    0x40: "ndo-xmit-sg",
}

_SIOCETHTOOL = 0x8946
_ETHTOOL_GET_FLAGS = 0x25
_FLAG_RX_VLAN = 1 << 8
_FLAG_TX_VLAN = 1 << 7

_DIAG_BY_FAMILY = 20  # SOCK_DIAG_BY_FAMILY
_DIAG_SHOW_MEMBERSHIPS = 2  # PACKET_SHOW_MCLIST
_DIAG_HEADER_BYTES = 16  # struct packet_diag_msg
_DIAG_MEMBERSHIPS = 1  # PACKET_DIAG_MCLIST
_MEMBERSHIP = struct.Struct("=iIHH32x")  # struct packet_diag_mclist
_PROMISCUOUS = 1  # PACKET_MR_PROMISC


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkFacts:
    """One interface as RTM_NEWLINK tells it."""

    ifindex: int
    name: str
    kind: str = ""
    master: int = 0
    member_kind: str = ""  # IFLA_INFO_SLAVE_KIND: kind of the master
    lower: int = 0  # IFLA_LINK: what it sits on; a veth's peer
    lower_elsewhere: bool = False  # `lower` is in another namespace
    promiscuity: int = 0
    promiscuous: bool = False  # switched on by hand, one of the promiscuity
    vlan_filtering: bool = False  # a bridge that tags
    xdp_programs: tuple[int, ...] = ()


def read_link_facts() -> dict[int, LinkFacts]:
    """All interfaces of the namespace by ifindex. Raises OSError."""
    body = bytes(_LINK_HEADER_BYTES) + encode_attribute(_EXT_MASK, struct.pack("=I", _SKIP_STATS))
    facts = (decode_link_facts(message) for message in read_messages(ROUTE, _GET_LINK, body))
    return {link.ifindex: link for link in facts}


def read_xdp_programs() -> Mapping[int, int]:
    """Id of the XDP program on each interface that has one. Raises OSError."""
    return {
        link.ifindex: link.xdp_programs[0]
        for link in read_link_facts().values()
        if link.xdp_programs
    }


def decode_link_facts(message: bytes) -> LinkFacts:
    """Raises OSError(EBADMSG)."""
    if len(message) < _LINK_HEADER_BYTES:
        raise OSError(errno.EBADMSG, "a link is cut short")
    ifindex, flags = struct.unpack_from("=iI", message, 4)
    attributes = decode_attributes(message, _LINK_HEADER_BYTES)
    info = decode_attributes(attributes.get(18, b""))  # IFLA_LINKINFO
    kind = decode_string(info.get(1, b""))
    xdp = decode_attributes(attributes.get(43, b""))  # IFLA_XDP
    programs = (decode_u32(xdp.get(key)) for key in _XDP_PROGRAM_IDS)
    details = decode_attributes(info.get(2, b"")) if kind == "bridge" else {}
    return LinkFacts(
        ifindex=ifindex,
        name=decode_string(attributes.get(3, b"")),
        kind=kind,
        master=decode_u32(attributes.get(10)),
        member_kind=decode_string(info.get(4, b"")),
        lower=decode_u32(attributes.get(5)),
        lower_elsewhere=37 in attributes,  # IFLA_LINK_NETNSID
        promiscuity=decode_u32(attributes.get(30)),
        promiscuous=bool(flags & _IFF_PROMISC),
        vlan_filtering=any(details.get(_BRIDGE_VLAN_FILTERING, b"")),
        xdp_programs=tuple(dict.fromkeys(program for program in programs if program)),
    )


def read_proxy_arp() -> dict[int, bool]:
    """Whether proxy ARP is on, by ifindex; -1 is the switch for all. Raises OSError."""
    switches = {}
    for message in read_messages(ROUTE, _GET_NETCONF, struct.pack("=B3x", socket.AF_INET)):
        attributes = decode_attributes(message, 4)
        ifindex = struct.unpack("=i", attributes.get(1, bytes(4)))[0]  # NETCONFA_IFINDEX
        switches[ifindex] = decode_u32(attributes.get(5)) != 0  # NETCONFA_PROXY_NEIGH
    return switches


def read_xdp_features() -> dict[int, frozenset[str]]:
    """What each driver can do with XDP; a driver not listed did not tell.

    Raises OSError, ENOENT on kernels before 6.3.
    """
    features = {}
    for payload in read_generic("netdev", 1):  # NETDEV_CMD_DEV_GET
        attributes = decode_attributes(payload)
        mask = decode_u64(attributes.get(3))
        features[decode_u32(attributes.get(1))] = frozenset(
            name for bit, name in _XDP_FEATURES.items() if mask & bit
        )
    return features


def read_vlan_offload(names: Mapping[int, str]) -> dict[int, tuple[bool, bool]]:
    """(rxvlan, txvlan) of interfaces; one that has gone is left out. Raises OSError."""
    offloads = {}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
        for ifindex, name in names.items():
            value = array.array("I", [_ETHTOOL_GET_FLAGS, 0])
            request = struct.pack("16sP16x", name.encode(), value.buffer_info()[0])
            try:
                fcntl.ioctl(sock, _SIOCETHTOOL, request)
            except OSError as error:
                if error.errno == errno.ENODEV:
                    continue
                raise
            offloads[ifindex] = (bool(value[1] & _FLAG_RX_VLAN), bool(value[1] & _FLAG_TX_VLAN))
    return offloads


def read_promiscuous_taps() -> dict[int, int]:
    """Promiscuous memberships that packet sockets of this namespace hold, by ifindex.

    Empty where the kernel does not tell.
    """
    request = struct.pack("=BBHIIII", socket.AF_PACKET, 0, 0, 0, _DIAG_SHOW_MEMBERSHIPS, 0, 0)
    taps: dict[int, int] = {}
    with suppress(OSError):
        for message in read_messages(SOCK_DIAG, _DIAG_BY_FAMILY, request):
            for kind, value in decode_attribute_list(message, _DIAG_HEADER_BYTES):
                if kind == _DIAG_MEMBERSHIPS:
                    _count_taps(value, taps)
    return taps


def _count_taps(memberships: bytes, taps: dict[int, int]) -> None:
    whole = len(memberships) - len(memberships) % _MEMBERSHIP.size
    for ifindex, _, kind, _ in _MEMBERSHIP.iter_unpack(memberships[:whole]):
        if kind == _PROMISCUOUS:  # raises promiscuity once, however often the socket joined
            taps[ifindex] = taps.get(ifindex, 0) + 1

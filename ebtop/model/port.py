"""Ports: what the kernel says of an interface, and what ebtop may do with it."""

from dataclasses import dataclass, field
from enum import StrEnum

PORTS = 64
"""Slots for ports: an interface beyond them stays with the kernel."""


class Mode(StrEnum):
    """What becomes of a packet that is provably simple."""

    FORWARD = "forward"
    OBSERVE = "observe"
    BYPASS = "bypass"
    DETACHED = "detached"


class AttachKind(StrEnum):
    """How the program sits on the port."""

    NATIVE = "native"
    GENERIC = "generic"
    NONE = "none"


@dataclass(frozen=True, slots=True, order=True)
class Reason:
    """Why a port (or, with no port, the whole router) is in observe mode, and what to do."""

    name: str  # stable identifier: "netfilter", "xfrm", ...
    text: str  # one sentence, in the operator's words
    remedy: str
    ifindex: int | None = None  # None: every port


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """An interface as the kernel reports it; addresses and sysctls are folded in."""

    ifindex: int
    name: str
    kind: str = ""  # IFLA_INFO_KIND: veth, bridge, ...; "" for hardware
    mac: bytes = b""
    mtu: int = 0
    up: bool = False  # IFF_UP
    carrier: bool = False  # IFF_LOWER_UP
    ethernet: bool = False  # ARPHRD_ETHER
    loopback: bool = False
    master: int = 0  # ifindex of bridge, bond, VRF
    promiscuity: int = 0
    alias: str = ""
    has_ipv4: bool = False  # any IPv4 address
    forwarding4: bool = False  # net.ipv4.conf.NAME.forwarding
    forwarding6: bool = False  # all.forwarding (or force_forwarding), not disabled, MTU >= 1280
    rp_filter: int = 0  # max(all, NAME): 0 off, 1 strict, 2 loose
    ignore_linkdown: bool = False  # ignore_routes_with_linkdown (IPv4 or IPv6)
    mtu6: int = 0  # net.ipv6.conf.NAME.mtu


@dataclass(frozen=True, slots=True, kw_only=True)
class PortStatus:
    """A port as the engine runs it, with its books; a client's view."""

    slot: int
    ifindex: int
    name: str
    mode: Mode
    attach: AttachKind
    reasons: tuple[Reason, ...] = ()
    received: int = 0  # by the driver, since attach
    verdicts: dict[int, int] = field(default_factory=dict)  # Verdict -> packets since attach
    rx_pps: float = 0.0
    forwarded_pps: float = 0.0

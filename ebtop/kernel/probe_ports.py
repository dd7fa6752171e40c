"""What on a port itself keeps XDP from forwarding: stacking, taps, the driver, other programs."""

import errno
from collections.abc import Collection, Iterable, Iterator, Mapping

from ebtop.kernel.probe_bpf import read_program_name
from ebtop.kernel.probe_links import (
    LinkFacts,
    read_promiscuous_taps,
    read_proxy_arp,
    read_vlan_offload,
    read_xdp_features,
)
from ebtop.model.port import Reason

# Kinds whose IFLA_LINK is a peer or the way out of a tunnel. They take no frame off the port
# before it is routed; every other kind (vlan, macvlan, ipvlan, macsec, dsa, ...) may.
_NOT_ABOVE = {
    *("veth", "netkit", "vxlan", "geneve", "bareudp", "gtp"),
    *("gre", "gretap", "erspan", "ip6gre", "ip6gretap", "ip6erspan"),
    *("ipip", "sit", "ip6tnl", "vti", "vti6", "xfrm", "wireguard"),
}
# Local senders leave the inner checksum of what they send into a tunnel unfinished.
_TUNNELS = {"vxlan", "geneve", "gretap", "ip6gretap", "erspan", "ip6erspan"}
# No card behind them: a tag is in the packet's metadata only if the sender put it there.
_VIRTUAL = {"veth", "tun", "bridge", "dummy", "macvlan", "macvtap", "ifb", "netkit"}
_ALL = -1


def read_stacking_reasons(
    ports: Mapping[int, LinkFacts], links: Mapping[int, LinkFacts]
) -> list[Reason]:
    """Masters, interfaces on top, taps nobody can name, tunnels."""
    reasons = [*_master_reasons(ports.values(), links), *_upper_reasons(ports, links)]
    reasons += _tunnel_reasons(ports.values())
    if any(port.promiscuity > port.promiscuous for port in ports.values()):
        reasons += _promiscuity_reasons(ports.values(), read_promiscuous_taps())
    return reasons


def read_foreign_program_reasons(
    ports: Mapping[int, LinkFacts], own_programs: Collection[int]
) -> list[Reason]:
    """XDP programs that are not ebtop's."""
    return [
        Reason(
            "xdp-program",
            f"{port.name} already has the XDP program {format_program(program)}.",
            f"Find out who attached it (bpftool net); ebtop displaces no program."
            f" To remove it: ip link set {port.name} xdp off",
            port.ifindex,
        )
        for port in ports.values()
        for program in port.xdp_programs
        if program not in own_programs
    ]


def read_proxy_arp_reasons(ports: Mapping[int, LinkFacts]) -> list[Reason]:
    """Ports that answer ARP for others. Raises OSError."""
    switches = read_proxy_arp()
    everywhere = switches.get(_ALL, False)
    return [
        Reason(
            "proxy-arp",
            f"Proxy ARP is on for {port.name}, so it takes packets for hosts elsewhere.",
            "Switch it off: sysctl -w net.ipv4.conf."
            f"{'all' if everywhere else _sysctl_name(port.name)}.proxy_arp=0",
            port.ifindex,
        )
        for port in ports.values()
        if everywhere or switches.get(port.ifindex, False)
    ]


def read_transmit_reasons(ports: Mapping[int, LinkFacts]) -> list[Reason]:
    """Ports out of which XDP cannot send, or may not be able to. Raises OSError."""
    try:
        features = read_xdp_features()
    except OSError as error:
        if error.errno != errno.ENOENT:
            raise
        features = {}
    return [
        _transmit_reason(port, told=port.ifindex in features)
        for port in ports.values()
        if "ndo-xmit" not in features.get(port.ifindex, frozenset())
    ]


def read_vlan_offload_reasons(
    ports: Mapping[int, LinkFacts], links: Mapping[int, LinkFacts]
) -> list[Reason]:
    """Ports where a VLAN tag may be hidden in the packet's metadata. Raises OSError.

    The kernel drops such a packet, and XDP sees an untagged one. A card hides tags with rxvlan
    on. On veth the sender decides: a peer in this namespace is suspected if it sends tags
    (something above it, or a bridge with vlan_filtering) and has txvlan on. A peer in another
    namespace shows nothing and is trusted, since a container or lab that sends tags through
    veth is rare, and suspecting all of them would leave none to forward.
    """
    cards = {i: port.name for i, port in ports.items() if port.kind not in _VIRTUAL | _TUNNELS}
    peers = {
        port.lower: links[port.lower].name
        for port in ports.values()
        if port.kind == "veth" and not port.lower_elsewhere and _sends_tags(port.lower, links)
    }
    if not cards and not peers:
        return []
    offloads = read_vlan_offload(cards | peers)
    reasons = [
        _vlan_reason(port, f"{port.name} takes VLAN tags off", f"{port.name} rxvlan off")
        for port in ports.values()
        if port.ifindex in cards and offloads.get(port.ifindex, (False, False))[0]
    ]
    return reasons + [
        _vlan_reason(port, f"The peer of {port.name} sends VLAN tags aside", f"{peer} txvlan off")
        for port in ports.values()
        if port.kind == "veth"
        and (peer := peers.get(port.lower)) is not None
        and offloads.get(port.lower, (False, False))[1]
    ]


def format_program(program_id: int) -> str:
    """Id and name, "17 (xdp_filter)", or the number alone where the program has no name."""
    name = read_program_name(program_id)
    return f"{program_id} ({name})" if name else str(program_id)


def _master_reasons(ports: Iterable[LinkFacts], links: Mapping[int, LinkFacts]) -> Iterator[Reason]:
    for port in ports:
        if not port.master:
            continue
        master = links.get(port.master)
        name = master.name if master else f"interface {port.master}"
        kind = port.member_kind or (master.kind if master else "") or "master"
        yield Reason(
            "master",
            f"{port.name} belongs to the {kind} {name}, which takes its packets.",
            f"Use {name} as the port, or free {port.name}: ip link set {port.name} nomaster",
            port.ifindex,
        )


def _upper_reasons(
    ports: Mapping[int, LinkFacts], links: Mapping[int, LinkFacts]
) -> Iterator[Reason]:
    for link in links.values():
        if link.lower_elsewhere or link.kind in _NOT_ABOVE or link.lower == link.ifindex:
            continue
        if (port := ports.get(link.lower)) is not None:
            yield Reason(
                "upper",
                f"The {link.kind or 'interface'} {link.name} sits on {port.name} and shares its"
                " packets.",
                f"Remove it if it is not needed: ip link delete {link.name}",
                port.ifindex,
            )


def _tunnel_reasons(ports: Iterable[LinkFacts]) -> Iterator[Reason]:
    for port in ports:
        if port.kind in _TUNNELS:
            yield Reason(
                "tunnel",
                f"{port.name} is a {port.kind} tunnel, where packets may lack their checksums"
                " until the kernel sends them.",
                "Nothing to do: tunnels are left to the kernel.",
                port.ifindex,
            )


def _promiscuity_reasons(ports: Iterable[LinkFacts], taps: Mapping[int, int]) -> Iterator[Reason]:
    """Promiscuity that is neither a switch set by hand, a master, nor a tap of this namespace."""
    for port in ports:
        explained = port.promiscuous + taps.get(port.ifindex, 0)
        if not port.master and port.promiscuity > explained:
            yield Reason(
                "promiscuous",
                f"{port.name} is promiscuous and this namespace does not show for whom: a capture"
                " such as tcpdump, or a macvlan whose upper half is in another namespace.",
                "End the capture or remove the macvlan; ip -d link shows the promiscuity.",
                port.ifindex,
            )


def _transmit_reason(port: LinkFacts, *, told: bool) -> Reason:
    if not told:
        text = f"The kernel does not tell whether XDP can send out of {port.name}."
        remedy = "Linux 6.3 and later tell."
    elif port.kind == "veth":
        text = f"XDP cannot send out of {port.name} while its peer has GRO off."
        remedy = "Switch GRO on at the peer: ethtool -K PEER gro on"
    else:
        text = f"The driver of {port.name} cannot send for XDP."
        remedy = "Use a card or driver with ndo_xdp_xmit."
    return Reason("transmit", text, remedy, port.ifindex)


def _sends_tags(ifindex: int, links: Mapping[int, LinkFacts]) -> bool:
    peer = links.get(ifindex)
    if peer is None:
        return False
    master = links.get(peer.master)
    above = any(link.kind == "vlan" and link.lower == ifindex for link in links.values())
    return above or (master is not None and master.vlan_filtering)


def _vlan_reason(port: LinkFacts, text: str, options: str) -> Reason:
    return Reason(
        "vlan-offload",
        f"{text}, so XDP cannot tell a tagged packet from an untagged one.",
        f"Keep tags in the packet: ethtool -K {options}",
        port.ifindex,
    )


def _sysctl_name(name: str) -> str:
    """sysctl(8) swaps dots and slashes."""
    return name.replace(".", "/")

"""Preflight: what keeps ports in observe mode, asked anew every few seconds.

Netlink, /proc and bpf(2) only, through the calling thread's network namespace: /sys is not
reliable in one that was entered by setns, and a subprocess would be too slow.
"""

import struct
from collections.abc import Callable, Mapping
from functools import partial

from ebtop.kernel.probe_links import (
    LinkFacts,
    read_link_facts,
    read_xdp_features,
    read_xdp_programs,
)
from ebtop.kernel.probe_netfilter import (
    read_ipvs_reasons,
    read_legacy_reasons,
    read_netfilter_reasons,
)
from ebtop.kernel.probe_policy import read_rule_reasons, read_sysctl_reasons, read_xfrm_reasons
from ebtop.kernel.probe_ports import (
    read_foreign_program_reasons,
    read_proxy_arp_reasons,
    read_stacking_reasons,
    read_transmit_reasons,
    read_vlan_offload_reasons,
)
from ebtop.kernel.probe_tc import (
    read_netfilter_link_reasons,
    read_tc_reasons,
    read_tcx_reasons,
)
from ebtop.model.port import Link, Reason

__all__ = ["read_interface_features", "read_reasons", "read_xdp_programs"]

Probe = tuple[str, str, Callable[[], list[Reason]]]
"""Name of its reasons, what it asks for, and the question itself."""


def read_reasons(
    links: Mapping[int, Link], own_programs: frozenset[int] = frozenset()
) -> tuple[Reason, ...]:
    """Every reason for observe mode, sorted; `own_programs` are the ids of ebtop's programs.

    Ports are the Ethernet interfaces among `links`. Never raises: a question that the kernel
    does not answer is a reason too.
    """
    try:
        facts = read_link_facts()
    except (OSError, ValueError, struct.error) as error:
        return (_doubt("links", "which interfaces there are", error),)
    ports = {
        ifindex: facts[ifindex]
        for ifindex, link in links.items()
        if ifindex in facts and link.ethernet and not link.loopback
    }
    reasons: set[Reason] = set()
    names = {facts[ifindex].name: ifindex for ifindex in links if ifindex in facts}
    for probe in (*_router_probes(names), *_port_probes(ports, facts, own_programs)):
        reasons.update(_ask(*probe))
    return tuple(sorted(reasons, key=_order))


def read_interface_features(links: Mapping[int, Link]) -> dict[int, frozenset[str]]:
    """The XDP features of each link's driver, "ndo-xmit" for one that can transmit.

    Names as in the kernel's netdev family; empty where the driver or the kernel does not tell.
    Never raises.
    """
    try:
        features = read_xdp_features()
    except (OSError, ValueError, struct.error):
        features = {}
    return {ifindex: features.get(ifindex, frozenset()) for ifindex in links}


def _router_probes(names: Mapping[str, int]) -> tuple[Probe, ...]:
    return (
        ("netfilter", "its nftables rules", partial(read_netfilter_reasons, names)),
        ("iptables-legacy", "its legacy iptables tables", read_legacy_reasons),
        ("ipvs", "its virtual services", read_ipvs_reasons),
        ("netfilter-bpf", "its BPF links", read_netfilter_link_reasons),
        ("xfrm", "its IPsec policies", read_xfrm_reasons),
        ("rules", "its routing rules", read_rule_reasons),
        ("use-pmtu", "its forwarding switches", read_sysctl_reasons),
    )


def _port_probes(
    ports: Mapping[int, LinkFacts], facts: Mapping[int, LinkFacts], own: frozenset[int]
) -> tuple[Probe, ...]:
    return (
        ("upper", "what sits on the ports", partial(read_stacking_reasons, ports, facts)),
        ("xdp-program", "its programs", partial(read_foreign_program_reasons, ports, own)),
        ("proxy-arp", "whether proxy ARP is on", partial(read_proxy_arp_reasons, ports)),
        ("transmit", "what the drivers can do", partial(read_transmit_reasons, ports)),
        ("vlan-offload", "its offloads", partial(read_vlan_offload_reasons, ports, facts)),
        ("qdisc", "its queueing disciplines", partial(read_tc_reasons, ports, own)),
        ("tcx", "its TCX programs", partial(read_tcx_reasons, ports, own)),
    )


def _ask(name: str, subject: str, probe: Callable[[], list[Reason]]) -> list[Reason]:
    try:
        return probe()
    except (OSError, ValueError, struct.error) as error:
        return [_doubt(name, subject, error)]


def _doubt(name: str, subject: str, error: Exception) -> Reason:
    cause = error.strerror if isinstance(error, OSError) else None
    return Reason(
        name,
        f"The kernel did not tell {subject} ({cause or error}), so XDP forwards nothing.",
        "Run ebtop as root, in the router's network namespace.",
    )


def _order(reason: Reason) -> tuple[int, str, str]:
    return reason.ifindex or 0, reason.name, reason.text

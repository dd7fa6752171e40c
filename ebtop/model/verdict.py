"""What became of a packet: one verdict each, with its meaning for the operator."""

from enum import IntEnum

VERDICTS = 64
"""Room in a port's row of counters, more than there are verdicts."""


class Verdict(IntEnum):
    """Mirror of enum ebtop_verdict in bpf/abi.h; numbers are append-only."""

    FORWARDED = 1
    PUNT_BYPASS = 2
    PUNT_LEASE = 3
    PUNT_OBSERVE = 4
    PUNT_FORWARDING_OFF = 5
    PUNT_TRUNCATED = 6
    PUNT_GROUP_MAC = 7
    PUNT_FOREIGN_MAC = 8
    PUNT_VLAN = 9
    PUNT_ETHERTYPE = 10
    PUNT_HEADER = 11
    PUNT_OPTIONS = 12
    PUNT_LENGTH = 13
    PUNT_CHECKSUM = 14
    PUNT_TTL = 15
    PUNT_EXTENSION_HEADER = 16
    PUNT_SOURCE = 17
    PUNT_DESTINATION = 18
    PUNT_UNFINISHED_CHECKSUM = 19
    PUNT_RP_FILTER = 20
    PUNT_NO_ROUTE = 21
    PUNT_LOCAL = 22
    PUNT_BROADCAST = 23
    PUNT_MULTICAST = 24
    PUNT_UNREACHABLE = 25
    PUNT_PROHIBIT = 26
    PUNT_THROW = 27
    PUNT_UNSUPPORTED = 28
    PUNT_FULL = 29
    PUNT_EXCEPTION = 30
    PUNT_NEIGHBOUR = 31
    PUNT_NO_PORT = 32
    PUNT_SAME_PORT = 33
    PUNT_EGRESS = 34
    PUNT_MTU = 35
    PUNT_REDIRECT = 36
    DROP_BLACKHOLE = 37

    @property
    def punted(self) -> bool:
        """Handed to the kernel untouched."""
        return self.name.startswith("PUNT_")

    @property
    def dropped(self) -> bool:
        """Dropped in XDP, as the kernel would have."""
        return self.name.startswith("DROP_")

    @property
    def reason(self) -> str:
        """Stable name without the kind: "no_route"; "forwarded" for FORWARDED."""
        return self.name.lower().removeprefix("punt_").removeprefix("drop_")

    @property
    def meaning(self) -> str:
        """One sentence for the operator."""
        return MEANINGS[self]


MEANINGS: dict[Verdict, str] = {
    Verdict.FORWARDED: "Forwarded in XDP.",
    Verdict.PUNT_BYPASS: "The operator bypassed XDP; the kernel forwards.",
    Verdict.PUNT_LEASE: "The engine holds no lease (it loads, or hangs); the kernel forwards.",
    Verdict.PUNT_OBSERVE: "XDP would have taken it; the ingress port only observes.",
    Verdict.PUNT_FORWARDING_OFF: "Forwarding is switched off for this family on the port.",
    Verdict.PUNT_TRUNCATED: "The frame ends before its headers do.",
    Verdict.PUNT_GROUP_MAC: "Sent to a multicast or broadcast MAC.",
    Verdict.PUNT_FOREIGN_MAC: "Sent to another station's MAC.",
    Verdict.PUNT_VLAN: "Carries a VLAN tag.",
    Verdict.PUNT_ETHERTYPE: "Neither IPv4 nor IPv6 (ARP, LLDP, ...).",
    Verdict.PUNT_HEADER: "The IP version or header length is wrong.",
    Verdict.PUNT_OPTIONS: "Carries IPv4 options.",
    Verdict.PUNT_LENGTH: "The IP length does not fit the frame.",
    Verdict.PUNT_CHECKSUM: "The IPv4 header checksum is wrong.",
    Verdict.PUNT_TTL: "TTL or hop limit ends here; the kernel answers.",
    Verdict.PUNT_EXTENSION_HEADER: "Carries an IPv6 extension header that routers may read.",
    Verdict.PUNT_SOURCE: "The source is martian or the router's own.",
    Verdict.PUNT_DESTINATION: "Never forwarded: multicast, loopback, link-local or 0.0.0.0.",
    Verdict.PUNT_UNFINISHED_CHECKSUM: "A local sender left the transport checksum to its card.",
    Verdict.PUNT_RP_FILTER: "The reverse path to the source is another port; the kernel decides.",
    Verdict.PUNT_NO_ROUTE: "No route; the kernel answers unreachable.",
    Verdict.PUNT_LOCAL: "For this router itself.",
    Verdict.PUNT_BROADCAST: "To a broadcast address of a connected prefix.",
    Verdict.PUNT_MULTICAST: "To a multicast or anycast route.",
    Verdict.PUNT_UNREACHABLE: "The route says unreachable; the kernel answers.",
    Verdict.PUNT_PROHIBIT: "The route says prohibit; the kernel answers.",
    Verdict.PUNT_THROW: "The route says throw; the kernel looks on.",
    Verdict.PUNT_UNSUPPORTED: "The route depends on tos, source, encap or order of tables.",
    Verdict.PUNT_FULL: "The route does not fit into the tables.",
    Verdict.PUNT_EXCEPTION: "The kernel learned an own path or PMTU for this destination.",
    Verdict.PUNT_NEIGHBOUR: "The next hop's MAC is not known; the kernel resolves it.",
    Verdict.PUNT_NO_PORT: "The route leaves by an interface that is no port of ebtop.",
    Verdict.PUNT_SAME_PORT: "Leaves by the port it came in; the kernel may send a redirect.",
    Verdict.PUNT_EGRESS: "The egress port only observes, is down or cannot transmit.",
    Verdict.PUNT_MTU: "Longer than the MTU of port or route; the kernel fragments or answers.",
    Verdict.PUNT_REDIRECT: "The egress port has gone from the device map.",
    Verdict.DROP_BLACKHOLE: "The route says blackhole.",
}

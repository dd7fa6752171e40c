"""Who else made a route, and how that owner is told."""

from ebtop.model.route import PROTOCOL_EBTOP, format_owner

_OURS_OR_NOBODYS = {0, 3, 4, PROTOCOL_EBTOP}  # unspec, boot, static
_AGAIN = "and may write it again"
_SENTENCES = {
    1: f"An ICMP redirect made this route {_AGAIN}.",
    2: "The kernel made this route for an address of the port; change the address instead.",
    9: f"A router advertisement made this route {_AGAIN}; tell the router that sends it.",
    12: f"BIRD (birdc) made this route {_AGAIN}.",
    16: f"A DHCP client made this route {_AGAIN}; tell the DHCP server.",
    18: f"keepalived made this route {_AGAIN}; edit keepalived.conf.",
}
_FRR = {11, 42, *range(186, 199)}  # zebra/rt_netlink.h of FRR


def format_owner_warning(protocol: int) -> tuple[str, ...]:
    """One sentence about a foreign owner; nothing for routes that a person or ebtop made."""
    if protocol in _OURS_OR_NOBODYS:
        return ()
    if protocol in _FRR:
        name = format_owner(protocol)
        return (f"FRR (vtysh) made this route ({name}) {_AGAIN}.",)
    named = f"{format_owner(protocol)} made this route {_AGAIN}; change it there."
    return (_SENTENCES.get(protocol, named if not named[0].isdecimal() else f"Protocol {named}"),)

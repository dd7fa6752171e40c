"""The next hops of a route: where its packets go, whether they can, and how many of them."""

from dataclasses import dataclass

from rich.cells import cell_len

from ebtop.model.format import MISSING, format_share, format_untrusted
from ebtop.model.neighbour import Neighbour, NeighbourState
from ebtop.model.route import Nexthop, NexthopFlag, NexthopGroup, RouteType, format_type
from ebtop.model.snapshot import Snapshot
from ebtop.tui.paint import Line, fill
from ebtop.tui.wrap import wrap_cells

_ACTIONS = {
    RouteType.LOCAL: "The kernel takes the packets: they are for this router itself.",
    RouteType.BROADCAST: "The kernel takes the packets: a broadcast address.",
    RouteType.ANYCAST: "The kernel takes the packets: an anycast address.",
    RouteType.MULTICAST: "The kernel takes the packets: multicast.",
    RouteType.BLACKHOLE: "Packets are dropped without an answer, in XDP where the port forwards.",
    RouteType.UNREACHABLE: "The kernel drops the packets and answers: host unreachable.",
    RouteType.PROHIBIT: "The kernel drops the packets and answers: prohibited.",
    RouteType.THROW: "The look-up ends in this table and goes on in the next.",
    RouteType.EXCEPTION: "The kernel takes the packets: it learned a path for this host.",
}
_SYMBOL, _ADDRESS, _NAME, _MAC, _STATE, _WEIGHT, _SHARE = 3, 8, 15, 17, 10, 6, 6


@dataclass(frozen=True, slots=True)
class _Columns:
    """How wide the columns are; where all weights are equal the shares say enough."""

    address: int
    port: int
    weight: int  # 0: left out
    split: bool  # two lines for each next hop


@dataclass(frozen=True, slots=True)
class Hop:
    """A next hop as text."""

    address: str
    port: str
    mac: str
    state: str
    weight: int
    share: str
    trouble: str = ""  # why packets do not, or not yet, leave this way in XDP; "" where they do
    dead: bool = False  # it gets no packets at all


def find_group(snapshot: Snapshot, route: int) -> NexthopGroup | None:
    """The route's next hops; None where it has none."""
    number = int(snapshot.routes["group"][route])
    if snapshot.routes["type"][route] != RouteType.UNICAST or number >= len(snapshot.groups):
        return None
    return snapshot.groups[number]


def describe_hops(snapshot: Snapshot, group: NexthopGroup) -> tuple[Hop, ...]:
    """All members in the kernel's order."""
    whole = sum(member.weight for member in group.members if not _why_dead(member))
    return tuple(_describe_hop(snapshot, member, whole) for member in group.members)


def _describe_hop(snapshot: Snapshot, member: Nexthop, whole: int) -> Hop:
    dead = _why_dead(member)
    mac, state, unresolved = MISSING, MISSING, ""
    if member.gateway is not None:
        neighbour = snapshot.neighbours.get((member.ifindex, member.gateway))
        mac = format_mac(neighbour.mac) if neighbour else MISSING
        state = format_state(neighbour.state) if neighbour else "no entry"
        unresolved = _why_unresolved(neighbour)
    return Hop(
        address=str(member),
        port=format_untrusted(snapshot.names.get(member.ifindex, f"#{member.ifindex}"), _NAME),
        mac=mac,
        state=state,
        weight=member.weight,
        share=format_share(0 if dead else member.weight, max(whole, 1)),
        trouble=dead or unresolved,
        dead=bool(dead),
    )


def _why_dead(member: Nexthop) -> str:
    if member.flags & NexthopFlag.LINKDOWN:
        return "the port has no carrier"
    return "the port is down" if member.flags & NexthopFlag.DEAD else ""


def _why_unresolved(neighbour: Neighbour | None) -> str:
    if neighbour is not None and neighbour.usable:
        return ""
    if neighbour is not None and neighbour.state & NeighbourState.FAILED:
        return "it does not answer: the kernel takes the packets and asks again"
    return "its MAC is not known yet: the kernel takes the packets and asks for it"


def format_mac(mac: bytes) -> str:
    """Six bytes with colons; a dash where the kernel has no MAC."""
    return mac.hex(":") if len(mac) == 6 else MISSING


def format_state(state: NeighbourState) -> str:
    """The kernel's word for a neighbour's state."""
    words = [bit.name.lower() for bit in NeighbourState if bit and bit in state and bit.name]
    return " ".join(words) or "none"


def format_hops(snapshot: Snapshot, route: int, width: int) -> tuple[Line, ...]:
    """A heading and a line for each next hop (two where one does not hold it)."""
    group = find_group(snapshot, route)
    if group is None:
        return _format_action(int(snapshot.routes["type"][route]), width)
    hops = describe_hops(snapshot, group)
    columns = _place(hops, width)
    lines = _heading(columns)
    for hop in hops:
        lines += _hop_lines(hop, columns, width)
    return tuple(lines)


def _place(hops: tuple[Hop, ...], width: int) -> _Columns:
    address = max([cell_len(hop.address) for hop in hops] + [_ADDRESS])
    port = max([cell_len(hop.port) for hop in hops] + [len("port")])
    weight = _WEIGHT if len({hop.weight for hop in hops}) > 1 else 0
    fixed = sum(cells + 2 for cells in (_MAC, _STATE, _SHARE, weight) if cells)
    split = _SYMBOL + address + 1 + port + fixed > width
    return _Columns(address, port, weight, split)


def _heading(columns: _Columns) -> list[Line]:
    name = fill(" next hop", _SYMBOL + columns.address + 1)
    weight = f"  {'weight':>{columns.weight}}" if columns.weight else ""
    rest = f"  {'MAC':{_MAC}}  {'state':{_STATE}}{weight}  {'share':>{_SHARE}}"
    first: Line = ((name, "tone--title"), (fill("port", columns.port), "tone--head"))
    if columns.split:
        return [first, ((" " * _SYMBOL + rest, "tone--head"),)]
    return [(*first, (rest, "tone--head"))]


def _hop_lines(hop: Hop, columns: _Columns, width: int) -> list[Line]:
    tone = "tone--bad" if hop.dead else "tone--warning" if hop.trouble else ""
    where: Line = (
        (" ! " if hop.trouble else "   ", tone),
        (fill(hop.address, columns.address), tone or "tone--strong"),
        (" " + fill(hop.port, columns.port), "tone--name"),
    )
    how: Line = (
        (f"  {hop.mac:{_MAC}}", ""),
        (f"  {hop.state:{_STATE}}", tone),
        (f"  {hop.weight:>{columns.weight}}" if columns.weight else "", "tone--muted"),
        (f"  {hop.share:>{_SHARE}}", "tone--strong"),
    )
    lines = [where, ((" " * _SYMBOL, ""), *how)] if columns.split else [(*where, *how)]
    lines += [((f"   {text}", tone),) for text in wrap_cells(hop.trouble, max(width - 3, 8))]
    return lines


def _format_action(number: int, width: int) -> tuple[Line, ...]:
    """What a route without next hops does with packets."""
    known = number in RouteType.__members__.values()
    text = _ACTIONS.get(RouteType(number), "") if known else ""
    text = text or "The kernel takes the packets."
    head: Line = ((f" {format_type(number)}", "tone--warning"),)
    return (head, *(((f"   {line}", ""),) for line in wrap_cells(text, max(width - 3, 8))))

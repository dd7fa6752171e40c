"""The kernel's tables as a plain list, and its answers by brute force, written from the rules.

Nothing here comes from ebtop.fib but the numbers of the layout.
"""

from dataclasses import dataclass, field, replace

from ebtop.fib.adjacencies import Surroundings
from ebtop.fib.layout import VerdictSet
from ebtop.model.columns import RouteColumns, RouteEvent, empty_columns
from ebtop.model.prefix import Address, Prefix, parse_prefix
from ebtop.model.route import Nexthop, NexthopFlag, NexthopGroup, RouteType

RANK = {255: 0, 254: 1, 253: 2}
VERDICTS = {
    kind: VerdictSet[kind.name] for kind in RouteType if kind.name in VerdictSet.__members__
} | {RouteType.ANYCAST: VerdictSet.MULTICAST}
ERRORS = {RouteType.BLACKHOLE, RouteType.UNREACHABLE, RouteType.PROHIBIT, RouteType.THROW}
FORWARD = -1


NO_GROUP = NexthopGroup(0, ())


@dataclass(frozen=True)
class Route:
    prefix: Prefix
    group: NexthopGroup = NO_GROUP
    table: int = 254
    metric: int = 0
    tos: int = 0
    source: Prefix | None = None
    type: int = RouteType.UNICAST
    protocol: int = 3
    mtu: int = 0
    lifetime_s: float = float("inf")
    unsupported: bool = False

    @property
    def key(self) -> tuple[object, ...]:
        return self.prefix, self.table, self.metric, self.tos, self.source


def is_asked(item: Route) -> bool:
    """Whether a rule leads to the route's table: in IPv6 none does to table default."""
    return item.table in RANK and (item.prefix.family, item.table) != (6, 253)


def route(text: str, *members: Nexthop, nexthop_id: int = 0, **attributes: object) -> Route:
    made = Route(parse_prefix(text), NexthopGroup(nexthop_id, members))
    return replace(made, **attributes)  # type: ignore[arg-type]


def columns(events: list[tuple[RouteEvent, Route]]) -> RouteColumns:
    groups = tuple(dict.fromkeys(item.group for _, item in events))
    made = empty_columns(len(events), groups=groups)
    for row, (event, item) in enumerate(events):
        made.event[row] = event
        made.family[row], made.length[row] = item.prefix.family, item.prefix.length
        made.high[row], made.low[row] = item.prefix.high, item.prefix.low
        if item.source:
            made.source_length[row] = item.source.length
            made.source_high[row], made.source_low[row] = item.source.high, item.source.low
        for name in ("table", "metric", "tos", "type", "protocol", "mtu", "lifetime_s"):
            getattr(made, name)[row] = getattr(item, name)
        made.unsupported[row] = item.unsupported
        made.group[row] = groups.index(item.group)
    return made


def plain(group: NexthopGroup) -> object:
    if group.nexthop_id:
        return group.nexthop_id
    return tuple((member.ifindex, member.gateway, member.weight) for member in group.members)


def ways(group: NexthopGroup) -> set[object]:
    return {(member.ifindex, member.gateway) for member in group.members}


@dataclass
class Tables:
    """What the kernel holds after a run of messages; list order is order of position."""

    routes: list[Route] = field(default_factory=list)

    def apply(self, event: RouteEvent, item: Route) -> None:
        same = [held for held in self.routes if held.key == item.key]
        if event == RouteEvent.DELETED:
            self._delete(same, item)
        elif item.prefix.family == 4:
            self._add4(event, same, item)
        else:
            self._add6(event, same, item)

    def _put(self, old: Route, new: Route | None) -> None:
        index = next(i for i, held in enumerate(self.routes) if held is old)
        self.routes[index : index + 1] = [new] if new else []

    def _add4(self, event: RouteEvent, same: list[Route], item: Route) -> None:
        if event == RouteEvent.REPLACED and same:
            self._put(same[0], item)
            return
        equal = [
            held
            for held in same
            if (held.type, held.protocol, held.mtu) == (item.type, item.protocol, item.mtu)
            and plain(held.group) == plain(item.group)
        ]
        if equal:
            self._put(equal[0], item)
        elif event == RouteEvent.ADDED:
            self.routes.insert(0, item)
        else:
            self.routes.append(item)

    def _add6(self, event: RouteEvent, same: list[Route], item: Route) -> None:
        if event == RouteEvent.REPLACED:
            related = [held for held in same if held.protocol == item.protocol] or same
        else:
            related = [held for held in same if self._related(held, item)]
        if related:
            self._put(related[0], item)
        else:
            self.routes.append(item)

    @staticmethod
    def _related(held: Route, item: Route) -> bool:
        if held.group.nexthop_id or item.group.nexthop_id:
            return held.group.nexthop_id == item.group.nexthop_id
        ours, theirs = ways(held.group), ways(item.group)
        same_kind = (held.type, held.protocol) == (item.type, item.protocol)
        return same_kind and (ours <= theirs or theirs <= ours)

    def _delete(self, same: list[Route], item: Route) -> None:
        kind = [h for h in same if (h.type, h.protocol) == (item.type, item.protocol)]
        for held in kind:
            if plain(held.group) == plain(item.group):
                self._put(held, None)
                return
        if item.prefix.family == 4 or not item.group.members or item.group.nexthop_id:
            return
        for held in kind:
            if not held.group.nexthop_id and ways(item.group) <= ways(held.group):
                left = tuple(
                    member
                    for member in held.group.members
                    if (member.ifindex, member.gateway) not in ways(item.group)
                )
                self._put(held, replace(held, group=NexthopGroup(0, left)) if left else None)
                return

    def best(self, prefix: Prefix, around: Surroundings) -> Route | None:
        """The route that a prefix stands for, before the tables are compared."""
        living = [
            (RANK[r.table], r.source is not None, r.tos != 0, r.metric, index)
            for index, r in enumerate(self.routes)
            if r.prefix == prefix and is_asked(r) and alive(r, around)
        ]
        return self.routes[min(living)[-1]] if living else None

    def answer(self, address: Address, around: Surroundings) -> tuple[Route | None, int]:
        """The route of an address and its verdict, FORWARD for its next hops."""
        around_it = {r.prefix for r in self.routes if r.prefix.contains(address)}
        covers = [(p, best) for p in around_it if (best := self.best(p, around))]
        covers.sort(key=lambda cover: -cover[0].length)
        for prefix, best in covers:
            outer = [other for p, other in covers if p.length < prefix.length]
            if best.table == 253 and any(other.table == 254 for other in outer):
                continue
            if best.table != 255 and any(other.table == 255 for other in outer):
                return best, VerdictSet.UNSUPPORTED
            return best, self._verdict(best, around)
        return None, VerdictSet.NO_ROUTE

    def _verdict(self, best: Route, around: Surroundings) -> int:
        mates = [r for r in self.routes if r.prefix == best.prefix and is_asked(r)]
        if best.unsupported or any(r.tos or r.source for r in mates):
            return VerdictSet.UNSUPPORTED
        ties = [r for r in mates if (r.table, r.metric) == (best.table, best.metric)]
        ties = [r for r in ties if alive(r, around)]
        if best.prefix.family == 6 and len(ties) > 1:
            kinds = {r.type for r in ties}
            if len(kinds) > 1 or RouteType.UNICAST in kinds:
                return VerdictSet.UNSUPPORTED
        if best.type == RouteType.UNICAST:
            if not best.group.members or len(live(best.group, around)) > 64:
                return VerdictSet.UNSUPPORTED
            return FORWARD
        return VERDICTS.get(RouteType(best.type), VerdictSet.UNSUPPORTED)


def live(group: NexthopGroup, around: Surroundings) -> list[Nexthop]:
    return [
        member
        for member in group.members
        if not member.flags & NexthopFlag.DEAD
        and not (member.flags & NexthopFlag.LINKDOWN and member.ifindex in around.linkdown_ignored)
    ]


def alive(item: Route, around: Surroundings) -> bool:
    if item.lifetime_s <= 1:
        return False
    return item.type in ERRORS or not item.group.members or bool(live(item.group, around))


Hop = tuple[int, int, bytes]


def wanted_hops(group: NexthopGroup, around: Surroundings) -> list[tuple[float, Hop]]:
    """Share of the hash space up to and with each member, and what it sends with."""
    members = live(group, around)
    total, so_far, hops = sum(member.weight for member in members), 0, []
    for member in members:
        so_far += member.weight
        hops.append((so_far / total, wanted_hop(member, around)))
    return hops


def wanted_hop(member: Nexthop, around: Surroundings) -> Hop:
    if member.ifindex not in around.slots:
        return 0, 255, bytes(12)
    slot = around.slots[member.ifindex]
    if member.gateway is None:
        return 2, slot, bytes(12)
    mac = around.neighbours.get((member.ifindex, member.gateway))
    if mac is None or slot not in around.macs:
        return 0, slot, bytes(12)
    return 1, slot, mac + around.macs[slot]

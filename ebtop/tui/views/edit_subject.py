"""The route that an edit is about, as the kernel reports it, found by what it is named by."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ebtop.model.edit import Action, Edit, Field, RouteKey
from ebtop.model.format import format_untrusted
from ebtop.model.route import Nexthop, NexthopFlag, RouteType, format_owner, format_type
from ebtop.model.snapshot import RowState, Snapshot
from ebtop.tui.columns import Column
from ebtop.tui.relatives import find_relatives, prefix_of

COLUMNS = {
    Field.PREFIX: Column.PREFIX,
    Field.GATEWAY: Column.NEXT_HOP,
    Field.PORT: Column.PORT,
    Field.METRIC: Column.METRIC,
}
"""Where each field stands in the table; the operator knows it by that heading."""

_NAME_CELLS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A route with the texts of the fields that can be edited."""

    route: int
    born: int
    key: RouteKey
    texts: Mapping[Field, str]
    owner: str

    def format_change(self, now: "Subject") -> str:
        """What another report of the route says: "next hop 192.0.2.1 → 192.0.2.9"; "": the same."""
        changes = [
            f"{COLUMNS[field]} {text} → {now.texts[field]}"
            for field, text in self.texts.items()
            if now.texts[field] != text
        ]
        if now.owner != self.owner:
            changes.append(f"owner {self.owner} → {now.owner}")
        return ", ".join(changes)


def describe_subject(snapshot: Snapshot, route: int) -> Subject:
    """The route of an id."""
    routes = snapshot.routes
    prefix, table = prefix_of(routes, route), int(routes["table"][route])
    metric = int(routes["metric"][route])
    gateway, port = _next_hop_texts(snapshot, route)
    return Subject(
        route=route,
        born=int(routes["born"][route]),
        key=RouteKey(prefix=prefix, table=table, metric=metric),
        texts={Field.GATEWAY: gateway, Field.PORT: port, Field.METRIC: str(metric)},
        owner=format_owner(int(routes["protocol"][route])),
    )


def find_subject(snapshot: Snapshot, key: RouteKey, near: int = 0) -> Subject | None:
    """The route of a key, whichever id it has; the id `near` if there are several."""
    rows = _find_rows(snapshot, key)
    if not rows:
        return None
    return describe_subject(snapshot, near if near in rows else rows[0])


def find_successor(snapshot: Snapshot, route: int) -> Subject | None:
    """The route that the packets of another would take without it; up to 40 ms on a full table."""
    relatives = find_relatives(snapshot, route)
    for other in (*relatives.rivals, *relatives.covering):
        if snapshot.routes["type"][other] != RouteType.THROW and _is_usable(snapshot, other):
            return describe_subject(snapshot, other)
    return None


def is_reported(snapshot: Snapshot, edit: Edit) -> bool:
    """Whether the kernel's table is what the edit wanted it to be."""
    before = bool(_find_rows(snapshot, edit.key))
    if edit.action is Action.DELETE:
        return not before
    if edit.metric != edit.key.metric and before:
        return False
    rows = _find_rows(snapshot, result_key(edit))
    return any(_has_next_hop(snapshot, row, edit) for row in rows)


def result_key(edit: Edit) -> RouteKey:
    """What the route is named by afterwards."""
    return RouteKey(prefix=edit.key.prefix, table=edit.key.table, metric=edit.metric)


def _find_rows(snapshot: Snapshot, key: RouteKey) -> list[int]:
    routes = snapshot.routes
    rows = np.flatnonzero(routes["high"] == np.uint64(key.prefix.high))
    wanted = {
        "low": key.prefix.low,
        "length": key.prefix.length,
        "family": key.prefix.family,
        "table": key.table,
        "metric": key.metric,
    }
    for name, value in wanted.items():
        rows = rows[routes[name][rows] == value]
    return [int(row) for row in rows if routes["state"][row] != RowState.FREE]


def _members(snapshot: Snapshot, route: int) -> tuple[Nexthop, ...]:
    group = int(snapshot.routes["group"][route])
    return snapshot.groups[group].members if group < len(snapshot.groups) else ()


def _is_usable(snapshot: Snapshot, route: int) -> bool:
    """Whether it has a next hop that works, or needs none."""
    members = _members(snapshot, route)
    unusable = NexthopFlag.DEAD | NexthopFlag.LINKDOWN
    return not members or any(not member.flags & unusable for member in members)


def _has_next_hop(snapshot: Snapshot, route: int, edit: Edit) -> bool:
    """Whether the only next hop is the edit's, if it names one and the route has no several."""
    if edit.gateway is None and not edit.port:
        return True
    members = _members(snapshot, route)
    if int(snapshot.routes["type"][route]) != RouteType.UNICAST or len(members) != 1:
        return True
    port = snapshot.names.get(members[0].ifindex, "")
    return members[0].gateway == edit.gateway and edit.port in {"", port}


def _next_hop_texts(snapshot: Snapshot, route: int) -> tuple[str, str]:
    """Gateway and port as the table shows them."""
    kind = int(snapshot.routes["type"][route])
    if kind != RouteType.UNICAST:
        return format_type(kind), ""
    members = _members(snapshot, route)
    if not members:
        return "", ""
    more = f" +{len(members) - 1}" if len(members) > 1 else ""
    name = snapshot.names.get(members[0].ifindex, "")
    return f"{members[0]}{more}", format_untrusted(name, _NAME_CELLS) if name else ""

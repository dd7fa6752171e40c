"""Edits as whole routes: what is there and what shall change -> what is to be written."""

import struct
from collections.abc import Mapping
from dataclasses import replace

from ebtop.edit.refusal import Refused
from ebtop.kernel.decode_nexthops import RouteAttribute
from ebtop.kernel.route_message import RTA_EXPIRES, RouteMessage, pack_gateway
from ebtop.model.edit import Edit, Field
from ebtop.model.prefix import Address
from ebtop.model.route import PROTOCOL_EBTOP, NexthopFlag, RouteType

_SCOPE_GLOBAL = 0
_SCOPE_LINK = 253
_NEXT_HOP = {RouteAttribute.OIF, RouteAttribute.GATEWAY, RouteAttribute.VIA}
_FILLED_IN = {RouteAttribute.OIF, RouteAttribute.PREF}
"""What the kernel says itself where it was not told."""
_NAMES: Mapping[int, str] = {
    RouteAttribute.SRC: "source prefix",
    RouteAttribute.OIF: "port",
    RouteAttribute.GATEWAY: "gateway",
    RouteAttribute.VIA: "gateway",
    RouteAttribute.PREFSRC: "source address",
    RouteAttribute.METRICS: "path metrics (MTU, ...)",
    RouteAttribute.MULTIPATH: "set of next hops",
    RouteAttribute.FLOW: "realm",
    RouteAttribute.PREF: "preference",
    RTA_EXPIRES: "lifetime",
}


def compile_added(edit: Edit, ifindex: int) -> RouteMessage:
    """The route that ADD makes; ifindex 0: the kernel finds the port."""
    return RouteMessage(
        prefix=edit.key.prefix,
        table=edit.key.table,
        metric=edit.metric,
        protocol=PROTOCOL_EBTOP,
        scope=_scope(edit.key.prefix.family, edit.gateway),
        type=RouteType.UNICAST,
        attributes=_pack_next_hop(edit, ifindex),
    )


def compile_replaced(route: RouteMessage, edit: Edit, ifindex: int) -> RouteMessage:
    """The route with another metric or next hop and everything else as it is.

    An edit that names neither gateway nor port leaves the next hops alone. Raises Refused where
    the route has no single next hop to edit.
    """
    moved = replace(route, metric=edit.metric)
    if edit.gateway is None and not edit.port:
        return moved
    _check_single(route, Field.GATEWAY if edit.gateway is not None else Field.PORT)
    if (edit.gateway, ifindex) == (route.gateway, route.ifindex):
        return moved
    kept = {kind: value for kind, value in route.attributes.items() if kind not in _NEXT_HOP}
    scope = route.scope
    if (edit.gateway is None) != (route.gateway is None):
        scope = _scope(route.family, edit.gateway)
    flags = route.flags if edit.gateway is not None else route.flags & ~NexthopFlag.ONLINK
    return replace(moved, scope=scope, flags=flags, attributes=kept | _pack_next_hop(edit, ifindex))


def find_differences(wanted: RouteMessage, made: RouteMessage) -> list[str]:
    """What the kernel made otherwise than it was sent; a lifetime counts by being there."""
    names = ("prefix", "source_length", "tos", "table", "metric", "protocol", "scope", "type")
    found = [name for name in names if getattr(wanted, name) != getattr(made, name)]
    found += ["flags"] if wanted.flags != made.flags else []
    for kind in sorted(wanted.attributes.keys() | made.attributes.keys()):
        sent, held = wanted.attributes.get(kind), made.attributes.get(kind)
        filled_in = sent is None and kind in _FILLED_IN
        both_end = kind == RTA_EXPIRES and sent is not None and held is not None
        if sent != held and not filled_in and not both_end:
            found.append(_NAMES.get(kind, f"attribute {kind}"))
    return [name.replace("_", " ") for name in dict.fromkeys(found)]


def _check_single(route: RouteMessage, field: Field) -> None:
    if route.type != RouteType.UNICAST:
        raise Refused(field, "A route of this type has no gateway and no port to edit.")
    count = len(route.members())
    if count:
        raise Refused(
            field, f"The route has {count} next hops: edit them with `ip route`, the metric here."
        )


def _pack_next_hop(edit: Edit, ifindex: int) -> dict[int, bytes]:
    gateway = pack_gateway(edit.gateway, edit.key.prefix.family) if edit.gateway else {}
    return gateway | ({RouteAttribute.OIF: struct.pack("=I", ifindex)} if ifindex else {})


def _scope(family: int, gateway: Address | None) -> int:
    """What an IPv4 next hop is in reach of; IPv6 has no scopes."""
    return _SCOPE_LINK if family == 4 and gateway is None else _SCOPE_GLOBAL

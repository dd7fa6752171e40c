"""An edit beside what the kernel holds: which route becomes which, and what to say of it."""

import socket
from collections.abc import Mapping
from dataclasses import dataclass

from ebtop.edit.compile import compile_added, compile_replaced
from ebtop.edit.owners import format_owner_warning
from ebtop.edit.refusal import Refused
from ebtop.edit.words import format_add, format_delete, format_replace
from ebtop.kernel.route_dump import TableDump
from ebtop.kernel.route_message import RouteMessage, Unsendable, compile_request
from ebtop.model.edit import Action, Edit, Field
from ebtop.model.format import format_untrusted
from ebtop.model.route import TABLE_MAIN, RouteType

_NAME_CELLS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One edit as whole routes, just as they can be sent."""

    table: TableDump  # that both are in
    before: RouteMessage | None  # None: nothing has its keys
    after: RouteMessage | None  # None: it goes
    commands: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def moves(self) -> bool:
        """Whether the route gets another key, and thus is another one to the kernel."""
        return (
            self.before is not None
            and self.after is not None
            and self.before.metric != self.after.metric
        )


def read_plan(edit: Edit) -> Plan:
    """What an edit means to the kernel's table as it is now.

    Raises Refused where it means nothing, or more than one thing, and where a route has what
    cannot be written; OSError and MalformedMessage when the kernel cannot be asked.
    """
    table = TableDump(edit.key.prefix.family, edit.key.table)
    names = dict(socket.if_nameindex())
    before = None if edit.action is Action.ADD else _find_one(table, edit)
    after = None if edit.action is Action.DELETE else _compile_after(edit, before, names)
    if after is not None:
        _check_keys(table, edit, before, after)
    return Plan(
        table=table,
        before=before,
        after=after,
        commands=tuple(_format_commands(before, after, names)),
        warnings=format_owner_warning(before.protocol) if before is not None else (),
    )


def _find_one(table: TableDump, edit: Edit) -> RouteMessage:
    key = edit.key
    found = [route for route in table.find(key.prefix) if route.metric == key.metric]
    if not found:
        raise Refused(Field.WHOLE, f"The route to {key.prefix} has gone meanwhile.")
    if len(found) > 1:
        raise Refused(
            Field.WHOLE,
            f"{len(found)} routes to {key.prefix} have metric {key.metric}: "
            "edit them with `ip route`.",
        )
    try:
        return compile_request(found[0])
    except Unsendable as reason:
        raise Refused(Field.WHOLE, str(reason)) from None


def _compile_after(
    edit: Edit, before: RouteMessage | None, names: Mapping[int, str]
) -> RouteMessage:
    ifindexes = {name: ifindex for ifindex, name in names.items()}
    if edit.port and edit.port not in ifindexes:
        shown = format_untrusted(edit.port, _NAME_CELLS)
        raise Refused(Field.PORT, f"There is no port {shown} here.")
    ifindex = ifindexes[edit.port] if edit.port else 0
    if before is None:
        return compile_added(edit, ifindex)
    return compile_replaced(before, edit, ifindex)


def _check_keys(
    table: TableDump, edit: Edit, before: RouteMessage | None, after: RouteMessage
) -> None:
    if after == before:
        raise Refused(Field.WHOLE, "The route is like that already.")
    if after.family == 6 and after.metric == 0:
        raise Refused(Field.METRIC, "An IPv6 route has a metric from 1 on: 1024 is the usual one.")
    if before is not None and before.metric == after.metric:
        return
    if any(route.metric == after.metric for route in table.find(edit.key.prefix)):
        raise Refused(
            Field.METRIC,
            f"A route to {edit.key.prefix} with metric {after.metric} exists already: "
            "edit it, or choose another metric.",
        )


def find_beside(plan: Plan) -> tuple[RouteMessage, ...]:
    """The connected routes of the route's own table that its gateway may be reached by.

    The kernel looks for a gateway there before it asks the rules, for every table but IPv4's main
    (fib_check_nh_v4_gw, ip6_route_check_nh).
    """
    after = plan.after
    gateway = after.gateway if after is not None else None
    if after is None or gateway is None or gateway.family != after.family:
        return ()
    if after.family == 4 and after.table == TABLE_MAIN:
        return ()
    return tuple(
        compile_request(route)
        for route in plan.table.find_covering(gateway)
        if route.prefix != after.prefix and _is_connected(route)
    )


def _is_connected(route: RouteMessage) -> bool:
    """Whether a route sends straight out of its port, and does nothing more."""
    if route.type != RouteType.UNICAST or route.gateway is not None or route.members():
        return False
    try:
        compile_request(route)
    except Unsendable:
        return False
    return True


def _format_commands(
    before: RouteMessage | None, after: RouteMessage | None, names: Mapping[int, str]
) -> list[str]:
    if after is None:
        return [format_delete(before, names)] if before is not None else []
    if before is None:
        return [format_add(after, names)]
    if before.metric == after.metric:
        return [format_replace(after, names)]
    return [format_add(after, names), format_delete(before, names)]

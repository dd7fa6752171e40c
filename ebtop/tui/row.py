"""One route as a line of the table, and in full as the line below it."""

import math
from collections.abc import Callable

from ebtop.model.format import (
    MISSING,
    clip,
    clip_prefix,
    format_bar,
    format_count,
    format_latency_ns,
    format_share,
    format_untrusted,
)
from ebtop.model.prefix import format_prefix
from ebtop.model.route import (
    TABLE_DEFAULT,
    TABLE_LOCAL,
    TABLE_MAIN,
    Nexthop,
    NexthopFlag,
    RouteType,
    format_owner,
    format_type,
)
from ebtop.model.snapshot import Snapshot
from ebtop.tui.columns import FIELDS, GUTTER, Column, Placed
from ebtop.tui.paint import Line, Part, fill
from ebtop.tui.sparkline import format_sparkline

TABLE_NAMES = {TABLE_DEFAULT: "default", TABLE_MAIN: "main", TABLE_LOCAL: "local"}
IFNAME_CELLS = 15  # IFNAMSIZ without its zero
_UNUSABLE = NexthopFlag.DEAD | NexthopFlag.LINKDOWN
_MANY_PUNTS = 0.05  # of what XDP forwards: worth the operator's eye
_MINUTE = 30  # samples of the history
_SHARE_DIGITS_FROM = 14  # a share column this wide says the per cent as well


def format_row(snapshot: Snapshot, route: int, columns: tuple[Placed, ...]) -> Line:
    """The route's cells, each exactly as wide as its column, with the space between them."""
    idle = not float(snapshot.routes["pps"][route]) > 0
    parts: list[Part] = []
    end = GUTTER
    for placed in columns:
        text, tone = _CELLS[placed.column](snapshot, route, placed.width)
        padded = fill(text, placed.width, right=FIELDS[placed.column].right)
        gap = " " * (placed.start - end)
        # A warning outlives the dimming of idle routes.
        parts.append((gap + padded, tone if tone == "tone--warning" or not idle else "tone--muted"))
        end = placed.start + placed.width
    return tuple(parts)


def format_route(snapshot: Snapshot, route: int) -> str:
    """Prefix and table as one says them aloud: "10.0.0.0/8", "10.0.0.0/8 in table 100"."""
    table = int(snapshot.routes["table"][route])
    where = "" if table == TABLE_MAIN else f" in table {TABLE_NAMES.get(table, table)}"
    return _prefix(snapshot, route) + where


def describe_route(snapshot: Snapshot, route: int) -> Line:
    """Everything that the columns had to leave out or cut."""
    routes = snapshot.routes
    parts: list[Part] = [(format_route(snapshot, route), "tone--strong")]
    kind = _type_name(snapshot, route)
    if kind:
        parts.append((f"  {kind}", "tone--warning"))
    for member in _members(snapshot, route):
        via = f"via {member}" if member.gateway else "connected"
        parts.append((f"  {via} ", "" if _usable(member) else "tone--warning"))
        parts.append((_port_name(snapshot, member.ifindex, IFNAME_CELLS), "tone--name"))
        if not _usable(member):
            parts.append((" (down)", "tone--warning"))
    facts = [f"owner {format_owner(int(routes['protocol'][route]))}"]
    facts += [f"{name} {int(routes[name][route])}" for name in ("metric", "mtu")]
    counted = [("packets", _packets(snapshot, route))]
    counted += [(name, int(routes[name][route])) for name in ("punts", "drops")]
    facts += [f"{name} {format_count(count)}" for name, count in counted]
    silent = {"metric 0", "mtu 0", "punts 0", "drops 0"}
    parts += [(f"  {fact}", "tone--muted") for fact in facts if fact not in silent]
    return tuple(parts)


def _prefix(snapshot: Snapshot, route: int) -> str:
    routes = snapshot.routes
    family, high, low, length = (int(routes[n][route]) for n in ("family", "high", "low", "length"))
    return format_prefix(family, high, low, length)


def _type_name(snapshot: Snapshot, route: int) -> str:
    """The word for a route that is not unicast; "" for one that is."""
    number = int(snapshot.routes["type"][route])
    return "" if number == RouteType.UNICAST else format_type(number)


def _members(snapshot: Snapshot, route: int) -> tuple[Nexthop, ...]:
    group = int(snapshot.routes["group"][route])
    return snapshot.groups[group].members if group < len(snapshot.groups) else ()


def _usable(member: Nexthop) -> bool:
    return not member.flags & _UNUSABLE


def _port_name(snapshot: Snapshot, ifindex: int, width: int) -> str:
    return format_untrusted(snapshot.names.get(ifindex, f"#{ifindex}"), width)


def _packets(snapshot: Snapshot, route: int) -> int:
    routes = snapshot.routes
    return int(routes["packets"][route]) + int(routes["observed_packets"][route])


def _prefix_cell(snapshot: Snapshot, route: int, width: int) -> Part:
    return clip_prefix(_prefix(snapshot, route), width), "tone--strong"


def _next_hop_cell(snapshot: Snapshot, route: int, width: int) -> Part:
    kind = _type_name(snapshot, route)
    if kind:
        return clip(kind, width), "tone--warning"
    members = _members(snapshot, route)
    if not members:
        return MISSING, ""
    more = f" +{len(members) - 1}" if len(members) > 1 else ""
    down = "" if all(_usable(member) for member in members) else "!"
    text = clip(str(members[0]), width - len(more) - len(down)) + more + down
    return text, "tone--warning" if down else ""


def _port_cell(snapshot: Snapshot, route: int, width: int) -> Part:
    members = _members(snapshot, route)
    if not members or _type_name(snapshot, route):
        return MISSING, ""
    return _port_name(snapshot, members[0].ifindex, width), "tone--name"


def _owner_cell(snapshot: Snapshot, route: int, width: int) -> Part:
    return clip(format_owner(int(snapshot.routes["protocol"][route])), width), "tone--muted"


def _number_cell(name: str) -> Callable[[Snapshot, int, int], Part]:
    """A cell that shows a number as it is."""
    return lambda snapshot, route, width: (
        clip(str(int(snapshot.routes[name][route])), width),
        "tone--muted",
    )


def _table_cell(snapshot: Snapshot, route: int, width: int) -> Part:
    table = int(snapshot.routes["table"][route])
    return clip(TABLE_NAMES.get(table, str(table)), width), "tone--muted"


def _rate_cell(name: str, tone: str) -> Callable[[Snapshot, int, int], Part]:
    """A cell that shows a rate in three digits."""
    return lambda snapshot, route, _: (format_count(float(snapshot.routes[name][route])), tone)


def _latency_cell(name: str) -> Callable[[Snapshot, int, int], Part]:
    """A cell that shows a latency, or a dash where none was measured."""
    return lambda snapshot, route, _: (format_latency_ns(float(snapshot.routes[name][route])), "")


def _packets_cell(snapshot: Snapshot, route: int, _: int) -> Part:
    return format_count(_packets(snapshot, route)), "tone--muted"


def _punts_cell(snapshot: Snapshot, route: int, _: int) -> Part:
    rate, forwarded = (float(snapshot.routes[name][route]) for name in ("punt_pps", "pps"))
    many = rate > forwarded * _MANY_PUNTS
    return format_count(rate), "tone--warning" if many else "tone--muted"


def _spark_cell(snapshot: Snapshot, route: int, width: int) -> Part:
    """The route's packet rate over the last minute; empty where no history of it is kept."""
    row = int(snapshot.routes["history_row"][route])
    if snapshot.history is None or not 0 < row < len(snapshot.history):
        return "", ""
    return format_sparkline(snapshot.history[row, -_MINUTE:], width), "tone--spark"


def _share_cell(snapshot: Snapshot, route: int, width: int) -> Part:
    """The route's part of all packets received."""
    rate, total = float(snapshot.routes["pps"][route]), snapshot.totals.pps
    digits = f" {format_share(rate, total):>6}" if width >= _SHARE_DIGITS_FROM else ""
    share = rate / total if total > 0 and not math.isnan(rate) else 0.0
    return format_bar(share, width - len(digits)) + digits, "tone--bar"


_CELLS: dict[Column, Callable[[Snapshot, int, int], Part]] = {
    Column.PREFIX: _prefix_cell,
    Column.NEXT_HOP: _next_hop_cell,
    Column.PORT: _port_cell,
    Column.OWNER: _owner_cell,
    Column.METRIC: _number_cell("metric"),
    Column.TABLE: _table_cell,
    Column.PACKETS: _packets_cell,
    Column.PPS: _rate_cell("pps", "tone--strong"),
    Column.BPS: _rate_cell("bps", ""),
    Column.P50: _latency_cell("p50_ns"),
    Column.P99: _latency_cell("p99_ns"),
    Column.PUNTS: _punts_cell,
    Column.SPARK: _spark_cell,
    Column.SHARE: _share_cell,
}

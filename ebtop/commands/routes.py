"""`ebtop routes`: the table with live counters, as text or JSON."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ebtop.commands.connect import connect
from ebtop.commands.exits import CommandError, Exit
from ebtop.commands.text import print_json_list, print_table
from ebtop.model.errors import EngineGone
from ebtop.model.format import format_count, format_latency_ns, format_untrusted
from ebtop.model.match import find_contained, find_longest_match
from ebtop.model.prefix import format_prefix, parse_address, parse_prefix
from ebtop.model.route import TABLE_LOCAL, NexthopGroup, format_owner, format_type
from ebtop.model.snapshot import RowState, Snapshot

_WAIT_S = 10.0
_COUNTERS = ("packets", "bytes", "observed_packets", "observed_bytes", "punts", "drops")
_RATES = ("pps", "bps", "punt_pps", "p50_ns", "p99_ns")
_PREFIX = ("family", "high", "low", "length")
_FACTS = ("type", "table", "metric", "protocol", "state", "group")
_COLUMNS = (*_PREFIX, *_FACTS, *_COUNTERS, *_RATES)
_BATCH = 1 << 12


def routes(match: str | None, *, as_json: bool) -> int:
    """Prints the engine's table, or the part of it that `match` names."""
    client = connect()
    try:
        return print_routes(client.wait(_WAIT_S), match, as_json=as_json)
    except EngineGone as error:
        raise CommandError(str(error)) from error
    finally:
        client.close()


def print_routes(snapshot: Snapshot, match: str | None, *, as_json: bool) -> int:
    """Prints the part of the table that `match` names, None: all of it."""
    rows = select_rows(snapshot, match)
    described = describe_routes(snapshot, rows)
    if as_json:
        print_json_list("routes", described)
    else:
        print_table(_HEADINGS, map(_cells, described))
    if match is None or len(rows):
        return Exit.DONE
    raise CommandError(f"No route matches {match}.")


def select_rows(snapshot: Snapshot, match: str | None) -> NDArray[np.intp]:
    """Route ids in the order of their prefixes.

    An address names its longest match, a prefix what it contains; the local table shows only
    when asked for by prefix. Raises CommandError.
    """
    table = snapshot.routes
    if match is None:
        visible = (table["state"] != RowState.FREE) & (table["table"] != TABLE_LOCAL)
        rows = np.flatnonzero(visible)
    elif "/" in match:
        try:
            rows = find_contained(table, parse_prefix(match))
        except ValueError as error:
            raise CommandError(f"No prefix: {error}.", Exit.USAGE) from error
    else:
        try:
            row = find_longest_match(table, parse_address(match))
        except ValueError as error:
            raise CommandError(f"No address: {error}.", Exit.USAGE) from error
        rows = np.array([row] if row else [], dtype=np.intp)
    keys = tuple(table[name][rows] for name in ("metric", "length", "low", "high", "family"))
    return rows[np.lexsort(keys)]


def describe_routes(snapshot: Snapshot, rows: NDArray[np.intp]) -> Iterator[dict[str, Any]]:
    """Routes as JSON has them, made as they are asked for; what was not measured is null."""
    hops = [_describe_hops(snapshot, group) for group in snapshot.groups]
    for start in range(0, len(rows), _BATCH):
        batch = rows[start : start + _BATCH]
        values = [snapshot.routes[name][batch].tolist() for name in _COLUMNS]
        for row in zip(*values, strict=True):
            yield _describe(dict(zip(_COLUMNS, row, strict=True)), hops)


def _describe_hops(snapshot: Snapshot, group: NexthopGroup) -> list[dict[str, Any]]:
    return [
        {
            "gateway": str(member.gateway) if member.gateway else None,
            "port": snapshot.names.get(member.ifindex, str(member.ifindex)),
            "weight": member.weight,
        }
        for member in group.members
    ]


def _describe(route: dict[str, Any], hops: list[list[dict[str, Any]]]) -> dict[str, Any]:
    return {
        "prefix": format_prefix(*(route[name] for name in _PREFIX)),
        "type": format_type(route["type"]),
        "table": route["table"],
        "metric": route["metric"],
        "owner": format_owner(route["protocol"]),
        "best": route["state"] == RowState.BEST,
        "nexthops": hops[route["group"]] if route["group"] < len(hops) else [],
        **{name: _finite(route[name]) for name in (*_COUNTERS, *_RATES)},
    }


_HEADINGS = ("prefix", "next hop", "port", "owner", "packets", "pps", "bit/s", "p50", "p99")


def _cells(route: dict[str, Any]) -> Sequence[str]:
    hops = route["nexthops"]
    first = (hops[0]["gateway"] or "connected") if hops else route["type"]
    more = f" +{len(hops) - 1}" if len(hops) > 1 else ""
    port = format_untrusted(hops[0]["port"], 15) if hops else "-"
    return (
        route["prefix"] + ("" if route["best"] else " (shadowed)"),
        first + more if route["type"] == "unicast" else route["type"],
        port,
        route["owner"],
        str(route["packets"] + route["observed_packets"]),
        format_count(route["pps"]),
        format_count(route["bps"]),
        format_latency_ns(_number(route["p50_ns"])),
        format_latency_ns(_number(route["p99_ns"])),
    )


def _finite(value: float) -> float | None:
    return value if not isinstance(value, float) or math.isfinite(value) else None


def _number(value: float | None) -> float:
    return math.nan if value is None else value

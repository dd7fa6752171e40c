"""A route in full, as lines: next hops and counters, latency and rate, the prefixes around it."""

from dataclasses import dataclass

import numpy as np

from ebtop.model.format import MISSING, format_count, format_share
from ebtop.model.route import format_owner
from ebtop.model.snapshot import HISTORY_STEP_S, RowState, Snapshot
from ebtop.tui.chart import format_rate_chart
from ebtop.tui.latency_lines import format_distribution, format_percentiles
from ebtop.tui.next_hops import find_group, format_hops
from ebtop.tui.paint import Line, fill, width_of
from ebtop.tui.relatives import Relatives, format_relatives
from ebtop.tui.row import TABLE_NAMES, format_route
from ebtop.tui.wrap import wrap_cells

TWO_COLUMNS_FROM = 110
"""Cells from which on the charts stand beside the text."""

_BARS = 20
_CHART_ROWS = 6
_GAP = 3
_TEXT_LEAST, _TEXT_MOST = 62, 90
_NOT_KEPT = "Not kept yet: the busiest routes and the one under the cursor have a history."


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """What is to be shown: a route of a snapshot in which it lives, or did so last."""

    snapshot: Snapshot
    route: int
    relatives: Relatives
    drop_pps: float  # NaN: not known
    gone: bool = False


def format_detail(detail: Detail, width: int) -> tuple[Line, ...]:
    """All lines; charts to the right of the rest where there is room."""
    head = _head_lines(detail, width)
    if width >= TWO_COLUMNS_FROM:
        left = min(max((width - _GAP) // 2, _TEXT_LEAST), _TEXT_MOST)
        right = width - _GAP - left
        text = (*_text_lines(detail, left), (), *_around_lines(detail, left))
        return (*head, *_join(text, _chart_lines(detail, right), left))
    return (
        *head,
        *_text_lines(detail, width),
        (),
        *_chart_lines(detail, width),
        (),
        *_around_lines(detail, width),
    )


def _head_lines(detail: Detail, width: int) -> tuple[Line, ...]:
    """The route, what it carries now, and its facts."""
    snapshot, routes, route = detail.snapshot, detail.snapshot.routes, detail.route
    name = format_route(snapshot, route)
    if detail.gone:
        gone: Line = ((f" {name} has gone", "tone--bad"), ("  its last state:", "tone--muted"))
        return (gone, *_fact_lines(detail, width), ())
    pps, bps = float(routes["pps"][route]), float(routes["bps"][route])
    title: Line = (
        (f" {name}", "tone--strong"),
        (f"   {format_count(pps)}", "tone--strong"),
        (" pps  ", "tone--muted"),
        (format_count(bps), "tone--strong"),
        ("bit/s  ", "tone--muted"),
        (format_share(pps, snapshot.totals.pps), "tone--strong"),
        (" of all", "tone--muted"),
    )
    return (title, *_fact_lines(detail, width), ())


def _fact_lines(detail: Detail, width: int) -> list[Line]:
    routes, route = detail.snapshot.routes, detail.route
    table = int(routes["table"][route])
    facts = [
        f"owner {format_owner(int(routes['protocol'][route]))}",
        f"table {TABLE_NAMES.get(table, table)}",
        f"metric {int(routes['metric'][route])}",
    ]
    mtu = int(routes["mtu"][route])
    facts += [f"MTU {mtu}"] if mtu else []
    group = find_group(detail.snapshot, route)
    if group is not None and group.nexthop_id:
        facts.append(f"next-hop object {group.nexthop_id}")
    if routes["state"][route] == RowState.SHADOWED:
        facts.append("not used: another route of this prefix is preferred, or it is dead")
    text = " · ".join(facts)
    return [((f" {line}", "tone--muted"),) for line in wrap_cells(text, max(width - 1, 8))]


def _text_lines(detail: Detail, width: int) -> tuple[Line, ...]:
    """What is told in numbers."""
    snapshot, route = detail.snapshot, detail.route
    return (
        *format_hops(snapshot, route, width),
        (),
        *_counter_lines(detail),
        (),
        *format_percentiles(snapshot, route, width),
    )


def _chart_lines(detail: Detail, width: int) -> tuple[Line, ...]:
    snapshot, route = detail.snapshot, detail.route
    distribution = format_distribution(snapshot, route, width=width, rows=_BARS)
    rate = _rate_lines(detail, width)
    return (*rate, (), *distribution) if distribution else rate


def _around_lines(detail: Detail, width: int) -> tuple[Line, ...]:
    return format_relatives(detail.snapshot, detail.relatives, width)


def _counter_lines(detail: Detail) -> tuple[Line, ...]:
    """What the route carried since it was born, by what became of it."""
    routes, route = detail.snapshot.routes, detail.route
    counts = {
        name: int(routes[name][route])
        for name in ("packets", "bytes", "observed_packets", "observed_bytes", "punts", "drops")
    }
    pps, bps = float(routes["pps"][route]), float(routes["bps"][route])
    heads = "".join(f"{head:>9}" for head in ("pps", "bit/s", "packets", "bytes"))
    lines: list[Line] = [((f" {fill('traffic', 11)}", "tone--title"), (heads, "tone--head"))]
    both = counts["packets"] > 0 and counts["observed_packets"] > 0
    nan = float("nan")
    if both or not counts["observed_packets"]:
        rates = (nan, nan) if both else (pps, bps)
        lines.append(_counter_line("forwarded", *rates, counts["packets"], counts["bytes"]))
    if counts["observed_packets"]:
        rates = (nan, nan) if both else (pps, bps)
        observed = counts["observed_packets"], counts["observed_bytes"]
        lines.append(_counter_line("observed", *rates, *observed))
    if both:
        packets = counts["packets"] + counts["observed_packets"]
        total_bytes = counts["bytes"] + counts["observed_bytes"]
        lines.append(_counter_line("together", pps, bps, packets, total_bytes))
    punt_pps = float(routes["punt_pps"][route])
    lines.append(_counter_line("punted", punt_pps, nan, counts["punts"], nan))
    lines.append(_counter_line("dropped", detail.drop_pps, nan, counts["drops"], nan))
    return tuple(lines)


def _counter_line(name: str, pps: float, bps: float, packets: float, size: float) -> Line:
    return (
        (f"   {fill(name, 9)}", ""),
        (f"{format_count(pps):>9}", "tone--strong"),
        (f"{format_count(bps):>9}", "tone--strong"),
        (f"{format_count(packets):>9}{format_count(size):>9}", "tone--muted"),
    )


def _rate_lines(detail: Detail, width: int) -> tuple[Line, ...]:
    """Packets a second over the last minutes."""
    history = detail.snapshot.history
    row = int(detail.snapshot.routes["history_row"][detail.route])
    title: Line = ((" rate", "tone--title"),)
    if not row or history is None or row >= len(history):
        texts = wrap_cells(_NOT_KEPT, max(width - 2, 8))
        return (title, *(((f"  {text}", "tone--muted"),) for text in texts))
    samples = history[row]
    known = samples[~np.isnan(samples)]
    peak = format_count(float(known.max())) if len(known) else MISSING
    head: Line = (*title, (f"  packets per second, at most {peak}", "tone--muted"))
    chart = format_rate_chart(samples, step_s=HISTORY_STEP_S, width=width, height=_CHART_ROWS)
    return (head, *chart)


def _join(left: tuple[Line, ...], right: tuple[Line, ...], width: int) -> tuple[Line, ...]:
    """Two columns; what is too long on the left pushes nothing."""
    count = max(len(left), len(right))
    pairs = zip(
        (*left, *[()] * (count - len(left))),
        (*right, *[()] * (count - len(right))),
        strict=True,
    )
    return tuple(
        (*first, (" " * max(width + _GAP - width_of(first), 1), ""), *second) if second else first
        for first, second in pairs
    )

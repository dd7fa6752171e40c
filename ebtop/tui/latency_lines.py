"""A route's latency: percentiles, histogram, and what the figures do and do not hold."""

import numpy as np
from numpy.typing import NDArray

from ebtop.model.format import format_count, format_latency_ns
from ebtop.model.histogram import percentile_ns
from ebtop.model.port import AttachKind
from ebtop.model.snapshot import Snapshot
from ebtop.tui.histogram_chart import PERCENTILES, format_histogram, highest_ns, merge_buckets
from ebtop.tui.paint import Line, Part
from ebtop.tui.wrap import wrap_cells

_SCOPE = (
    "From receive in XDP to just before transmit; the card and its interrupt before that are not "
    "in it."
)
_GENERIC = "n/a: generic XDP, which all ports are attached with, loses the packets' time stamps."
_NOT_YET = "Not measured yet: a route under the cursor gets a histogram within a second."
_SILENT = "No packet of this route was measured in the last 10 s."


def format_percentiles(snapshot: Snapshot, route: int, width: int) -> tuple[Line, ...]:
    """A line of percentiles, or why there are none."""
    title: Part = (" latency", "tone--title")
    counts = _counts(snapshot, route)
    if counts is None or not counts.any():
        text = _why_nothing(snapshot, measured=counts is not None)
        return ((title,), *_wrapped(text, width))
    width_note: Part = ("  buckets at most 12.5 % wide", "tone--muted")
    return ((title, width_note), _percentile_line(counts))


def format_distribution(
    snapshot: Snapshot, route: int, *, width: int, rows: int
) -> tuple[Line, ...]:
    """A heading, at most `rows` bars and what they hold; nothing where nothing was measured."""
    counts = _counts(snapshot, route)
    if counts is None or not counts.any():
        return ()
    total = int(counts.sum())
    merged = merge_buckets(counts, rows).merged
    together = f"{merged} buckets to a line. " if merged > 1 else ""
    head: Line = (
        (" latency histogram", "tone--title"),
        (f"  last 10 s, {format_count(total)} packet{'' if total == 1 else 's'}", "tone--muted"),
    )
    note = f"{together}{_SCOPE}"
    bars = format_histogram(counts, width=width, rows=rows)
    return (head, *bars, *_wrapped(note, width))


def _counts(snapshot: Snapshot, route: int) -> NDArray[np.uint64] | None:
    """The route's histogram; None where it has none of its own."""
    row = int(snapshot.routes["latency_row"][route])
    if not row or snapshot.latency is None or row >= len(snapshot.latency):
        return None
    counts: NDArray[np.uint64] = snapshot.latency[row]
    return counts


def _why_nothing(snapshot: Snapshot, *, measured: bool) -> str:
    if snapshot.ports and all(port.attach is AttachKind.GENERIC for port in snapshot.ports):
        return _GENERIC
    return _SILENT if measured else _NOT_YET


def _percentile_line(counts: NDArray[np.uint64]) -> Line:
    parts: list[Part] = []
    for name, share in PERCENTILES.items():
        value_ns = float(percentile_ns(counts, share))
        parts += [(f"  {name} ", "tone--muted"), (format_latency_ns(value_ns), "tone--strong")]
    return (*parts, ("  max ≤", "tone--muted"), (format_latency_ns(highest_ns(counts)), ""))


def _wrapped(text: str, width: int) -> tuple[Line, ...]:
    return tuple(((f"  {line}", "tone--muted"),) for line in wrap_cells(text, max(width - 2, 8)))

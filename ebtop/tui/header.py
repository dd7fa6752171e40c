"""The lines above the route table: the router in one glance."""

from ebtop.model.format import (
    format_count,
    format_duration_s,
    format_latency_ns,
    format_share,
    format_untrusted,
    split_cells,
)
from ebtop.model.histogram import percentile_ns
from ebtop.model.port import Mode
from ebtop.model.snapshot import Snapshot
from ebtop.tui.feed import Feed
from ebtop.tui.paint import Line, Part, width_of
from ebtop.tui.source import LinkState, Phase
from ebtop.tui.verdicts import SYMBOLS as FATE_SYMBOLS
from ebtop.tui.verdicts import TONES as FATE_TONES
from ebtop.tui.verdicts import Fate

CONNECTING = "connecting to the engine…"
SYMBOLS = {Mode.FORWARD: "►", Mode.OBSERVE: "○", Mode.BYPASS: "■", Mode.DETACHED: "·"}
MODE_TONES = {
    Mode.FORWARD: "tone--good",
    Mode.OBSERVE: "tone--warning",
    Mode.BYPASS: "tone--bad",
    Mode.DETACHED: "tone--muted",
}
LATE_S = 2.0
"""An engine that was silent for so long is said to be: it sends two snapshots a second."""

_NAME = "ebtop"
_CROSS = "\N{MULTIPLICATION SIGN}"
_HOST_CELLS = 24
_NOTICE_CELLS = 400  # a notice is one sentence
_BAR_FROM, _BAR_TO = 6, 40


def format_header(feed: Feed, width: int, *, typing: bool = False) -> tuple[Line, ...]:
    """Three lines, and a fourth where something has to be said.

    `typing`: keys are text, so that none can be offered.
    """
    snapshot = feed.snapshot
    if snapshot is None:
        return (((f" {_NAME}", "tone--title"), _waiting_part(feed.link)), (), ())
    lines = (
        _title_line(snapshot, feed, width),
        _traffic_line(snapshot, width),
        _health_line(snapshot, feed, width),
    )
    notice = _notice_line(snapshot, feed.link, typing=typing)
    return (*lines, notice) if notice else lines


def _waiting_part(link: LinkState) -> Part:
    """What there is to say before the first snapshot."""
    text = format_untrusted(link.text, _NOTICE_CELLS) if link.text else ""
    if link.phase is Phase.LOST:
        return f"  {_CROSS} {text}{_restart_text(link)}", "tone--bad"
    if link.phase is Phase.LOADING:
        return f"  ↻ {text}", "tone--warning"
    return f"  {text or CONNECTING}", "tone--warning"


def _title_line(snapshot: Snapshot, feed: Feed, width: int) -> Line:
    host = format_untrusted(snapshot.host, _HOST_CELLS)
    line: Line = ((f" {_NAME} ", "tone--title"), (host, "tone--strong"), _mode_part(snapshot, feed))
    if feed.frozen:
        line = (*line, (f"  ‖ FROZEN {format_duration_s(feed.frozen_s)}", "tone--warning"))
    return _append(line, _ports_parts(snapshot, width - width_of(line)), width)


def _mode_part(snapshot: Snapshot, feed: Feed) -> Part:
    if feed.link.phase in {Phase.LOST, Phase.CONNECTING}:
        return f"  {_CROSS} ENGINE GONE: the kernel forwards", "tone--bad"
    if feed.link.phase is Phase.LOADING:
        return f"  ↻ ENGINE LOADS (was {snapshot.mode})", "tone--warning"
    if feed.silent_s >= LATE_S:
        return f"  ! SILENT for {format_duration_s(feed.silent_s)}", "tone--warning"
    return f"  {SYMBOLS[snapshot.mode]} {snapshot.mode.upper()}", MODE_TONES[snapshot.mode]


def _ports_parts(snapshot: Snapshot, width: int) -> list[Line]:
    """How many ports there are, and how many only observe, with the first reason."""
    count = len(snapshot.ports)
    total = f"  {count} port{'' if count == 1 else 's'}"
    observing = [port for port in snapshot.ports if port.mode is Mode.OBSERVE]
    if not observing:
        return [((total, "tone--muted"),)]
    text = f" {SYMBOLS[Mode.OBSERVE]} {len(observing)} observing"
    reasons = [reason for port in observing for reason in port.reasons]
    why = f": {reasons[0].text}" if reasons else ""
    warning = format_untrusted(text + why, max(width - len(total) - 1, 2))
    return [((total, "tone--muted"),), ((warning, "tone--warning"),)]


def _traffic_line(snapshot: Snapshot, width: int) -> Line:
    """Received, and what became of it: words and bar have one set of symbols."""
    totals = snapshot.totals
    parts = (totals.forwarded_pps, totals.punted_pps, totals.dropped_pps)
    fates = (Fate.FORWARDED, Fate.PUNTED, Fate.DROPPED)
    symbols, tones = [FATE_SYMBOLS[fate] for fate in fates], [FATE_TONES[fate] for fate in fates]
    whole = max(totals.pps, sum(parts))
    received: Line = (
        (f" {format_count(totals.pps):>5}", "tone--strong"),
        (" pps ", "tone--muted"),
        (f"{format_count(totals.bps):>6}", "tone--strong"),
        ("bit/s ", "tone--muted"),
    )
    shares = [format_share(part, whole) for part in parts]
    legend = _legend(
        symbols, tones, [f"{name} {share}" for name, share in zip(fates, shares, strict=True)]
    )
    if width_of((*received, *legend)) > width:
        legend = _legend(symbols, tones, shares)
    room = min(width - width_of(received) - width_of(legend) - 1, _BAR_TO)
    bar: list[Part] = []
    if room >= _BAR_FROM:
        cells = split_cells(parts, room)
        bar = [(s * n, t) for s, n, t in zip(symbols, cells, tones, strict=True) if n]
    return (*received, *bar, *legend)


def _legend(symbols: list[str], tones: list[str], texts: list[str]) -> Line:
    parts: list[Part] = []
    for symbol, tone, text in zip(symbols, tones, texts, strict=True):
        parts += [(f"  {symbol}", tone), (f" {text}", "")]
    return tuple(parts)


def _health_line(snapshot: Snapshot, feed: Feed, width: int) -> Line:
    """Lease, loading, reconcile, refresh, latency: what matters most comes first."""
    left = snapshot.lease_s
    lease: Part = (f" lease {format_duration_s(left)}", "tone--muted")
    if left <= 0:
        lease = (" ! lease expired: the kernel forwards", "tone--bad")
    pieces: list[Line] = []
    if snapshot.loading:
        text = format_untrusted(snapshot.loading, max(width // 2, 2))
        pieces.append(((f"  ↻ {text}", "tone--warning"),))
    age = f"  compared with the kernel {format_duration_s(snapshot.reconciled_s)} ago"
    pieces.append(((age, "tone--muted"),))
    pieces.append(((_refresh_text(feed), "tone--muted"),))
    latency = _latency_text(snapshot)
    if latency:
        pieces.append(((latency, "tone--muted"),))
    pieces.append(((f"  {format_untrusted(snapshot.owner, 40)}", "tone--muted"),))
    return _append((lease,), pieces, width)


def _refresh_text(feed: Feed) -> str:
    """Snapshots a second: chosen, and reached where the line is too slow for that."""
    chosen, reached = feed.chosen_hz, feed.reached_hz
    slow = f"{reached:.1f} of " if reached < chosen * 0.9 else ""
    return f"  {slow}{chosen:g} Hz"


def _latency_text(snapshot: Snapshot) -> str:
    """Percentiles over all ports; "" where nothing was measured."""
    if snapshot.latency is None or not snapshot.latency[0].any():
        return ""
    p50, p99 = (float(percentile_ns(snapshot.latency[0], share)) for share in (0.5, 0.99))
    return f"  p50 {format_latency_ns(p50)} p99 {format_latency_ns(p99)}"


def _notice_line(snapshot: Snapshot, link: LinkState, *, typing: bool) -> Line:
    if link.phase is Phase.LOST:
        text = format_untrusted(link.text, _NOTICE_CELLS) if link.text else "The engine has gone."
        last = _restart_text(link, typing=typing) or " This is its last state."
        return ((f" {_CROSS} {text}{last}", "tone--bad"),)
    if link.phase is Phase.LOADING:
        text = format_untrusted(link.text, _NOTICE_CELLS) if link.text else "a new engine loads"
        return ((f" ↻ {text}", "tone--warning"),)
    if not snapshot.notices:
        return ()
    more = f" (+{len(snapshot.notices) - 1} more)" if len(snapshot.notices) > 1 else ""
    first = format_untrusted(snapshot.notices[0], _NOTICE_CELLS)
    return ((f" !{more} {first}", "tone--warning"),)


def _restart_text(link: LinkState, *, typing: bool = False) -> str:
    if link.restart_s is None:
        return ""
    keys = "" if typing else " (R now, N not)"
    return f" A new one starts in {link.restart_s:.0f} s{keys}."


def _append(line: Line, pieces: list[Line], width: int) -> Line:
    """The line and all further pieces that fit as a whole."""
    for piece in pieces:
        if width_of(line) + width_of(piece) <= width:
            line = (*line, *piece)
    return line

"""The ports view: a line for each port, and below it all there is to say of one of them."""

import math

from ebtop.model.format import (
    MISSING,
    format_count,
    format_share,
    format_untrusted,
    split_cells,
)
from ebtop.model.port import AttachKind, Mode, PortStatus
from ebtop.tui.header import MODE_TONES, SYMBOLS
from ebtop.tui.paint import Line, Part, fill
from ebtop.tui.row import IFNAME_CELLS
from ebtop.tui.verdict_lines import account_lines
from ebtop.tui.verdicts import SYMBOLS as FATE_SYMBOLS
from ebtop.tui.verdicts import TONES as FATE_TONES
from ebtop.tui.verdicts import Fate, Rates, accounts_of, fate_pps
from ebtop.tui.wrap import wrap_cells

_MODE, _ATTACH, _RATE, _COUNT = 10, 8, 7, 9
_FATES = (Fate.FORWARDED, Fate.PUNTED, Fate.DROPPED)
_FIRST = IFNAME_CELLS + 1 + _MODE + 1 + 4 * _RATE
_ATTACH_FROM = _FIRST + _ATTACH
_RECEIVED_FROM = _ATTACH_FROM + _COUNT
_BAR_FROM, _BAR_TO = 12, 60
_SENTENCE_CELLS = 400
_MODE_MEANINGS = {
    Mode.FORWARD: "XDP forwards what is provably simple; the kernel gets the rest.",
    Mode.OBSERVE: "XDP counts and classifies; the kernel forwards all of it.",
    Mode.BYPASS: "The operator bypassed XDP; the kernel forwards all of it.",
    Mode.DETACHED: "No program is attached; nothing is counted.",
}


def format_port_heads(width: int) -> Line:
    """The headings above the ports' lines."""
    heads = f"{'port':{IFNAME_CELLS}} {'mode':{_MODE}} "
    heads += f"{'attach':{_ATTACH}}" if width >= _ATTACH_FROM else ""
    heads += "".join(f"{head:>{_RATE}}" for head in ("rx pps", "fwd/s", "punt/s", "drop/s"))
    heads += f"{'received':>{_COUNT}}" if width >= _RECEIVED_FROM else ""
    return ((fill(heads, width) if width >= len(heads) else heads, "tone--head"),)


def format_port(port: PortStatus, rates: Rates, width: int, *, past: bool = False) -> Line:
    """A port in one line; `past`: the engine has gone, and nothing is said to be so now."""
    mode = fill(f"{SYMBOLS[port.mode]} {port.mode}", _MODE)
    parts: list[Part] = [
        (fill(format_untrusted(port.name, IFNAME_CELLS), IFNAME_CELLS) + " ", "tone--name"),
        (mode + " ", "tone--muted" if past else MODE_TONES[port.mode]),
    ]
    if width >= _ATTACH_FROM:
        slow = port.attach is AttachKind.GENERIC
        attach = MISSING if port.attach is AttachKind.NONE else port.attach
        parts.append((fill(attach, _ATTACH), "tone--warning" if slow else "tone--muted"))
    rx_pps = math.nan if port.attach is AttachKind.NONE else port.rx_pps
    parts.append((f"{format_count(rx_pps):>{_RATE}}", "tone--strong"))
    parts += [
        (f"{format_count(fate_pps(port, rates, fate)):>{_RATE}}", _tone(port, rates, fate))
        for fate in _FATES
    ]
    if width >= _RECEIVED_FROM:
        parts.append((f"{format_count(port.received):>{_COUNT}}", "tone--muted"))
    parts += _bar(port, rates, min(width - _RECEIVED_FROM - 2, _BAR_TO))
    return tuple(parts)


def _tone(port: PortStatus, rates: Rates, fate: Fate) -> str:
    if fate is Fate.FORWARDED or not fate_pps(port, rates, fate) > 0:
        return ""
    return FATE_TONES[fate]


def _bar(port: PortStatus, rates: Rates, width: int) -> list[Part]:
    """What becomes of the port's packets now, as parts of one bar."""
    pps = [fate_pps(port, rates, fate) for fate in _FATES]
    if width < _BAR_FROM or any(map(math.isnan, pps)):
        return []
    cells = split_cells(pps, width)
    bars = [
        (FATE_SYMBOLS[fate] * count, FATE_TONES[fate])
        for fate, count in zip(_FATES, cells, strict=True)
        if count
    ]
    return [("  ", ""), *bars]


def describe_port(port: PortStatus, rates: Rates, width: int) -> tuple[Line, ...]:
    """Mode with every reason and remedy, and the port's verdicts."""
    return (
        _title(port),
        *_wrapped(_MODE_MEANINGS[port.mode], width, 2, "tone--muted"),
        *_generic_lines(port, width),
        *_reason_lines(port, width),
        (),
        *account_lines(accounts_of([port], rates), width),
        *_unaccounted_lines(port, width),
    )


def _title(port: PortStatus) -> Line:
    return (
        (f" {format_untrusted(port.name, IFNAME_CELLS)}", "tone--name"),
        (f"  {SYMBOLS[port.mode]} {port.mode}", MODE_TONES[port.mode]),
        (f"  {_attach_text(port)}  ifindex {port.ifindex}", "tone--muted"),
    )


def _attach_text(port: PortStatus) -> str:
    return "not attached" if port.attach is AttachKind.NONE else f"{port.attach} XDP"


def _generic_lines(port: PortStatus, width: int) -> tuple[Line, ...]:
    if port.attach is not AttachKind.GENERIC:
        return ()
    text = "Generic XDP is slow, and measures no latency."
    return _wrapped(text, width, 2, "tone--warning")


def _reason_lines(port: PortStatus, width: int) -> list[Line]:
    """Each reason, with what to do about it below."""
    lines: list[Line] = []
    for reason in port.reasons:
        text = "! " + format_untrusted(reason.text, _SENTENCE_CELLS)
        lines += _wrapped(text, width, 2, "tone--warning", hang=2)
        remedy = "→ " + format_untrusted(reason.remedy, _SENTENCE_CELLS)
        lines += _wrapped(remedy, width, 4, "", hang=2) if reason.remedy else ()
    return lines


def _unaccounted_lines(port: PortStatus, width: int) -> tuple[Line, ...]:
    """Books that do not add up are said not to."""
    missing = port.received - sum(port.verdicts.values())
    if not missing:
        return ()
    share = format_share(abs(missing), port.received)
    text = (
        f"! {missing:,} unaccounted ({share}): the driver's count of received packets less all "
        "verdicts; packets on their way are among them."
    )
    return _wrapped(text, width, 1, "tone--warning", hang=2)


def _wrapped(text: str, width: int, indent: int, tone: str, *, hang: int = 0) -> tuple[Line, ...]:
    """A sentence at an indent; its further lines hang deeper."""
    first, *rest = wrap_cells(text, max(width - indent - hang, 8)) or [""]
    lines: list[Line] = [((" " * indent + first, tone),)]
    return (*lines, *(((" " * (indent + hang) + line, tone),) for line in rest))

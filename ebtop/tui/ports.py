"""The lines below the route table: each port, what it does, and why not more."""

from ebtop.model.format import clip, format_count, format_untrusted
from ebtop.model.port import AttachKind, Mode, PortStatus
from ebtop.model.snapshot import Snapshot
from ebtop.model.verdict import Verdict
from ebtop.tui.header import MODE_TONES, SYMBOLS
from ebtop.tui.paint import Line, Part, fill
from ebtop.tui.verdicts import Rates, format_reason

_NAME, _MODE, _RATE = 15, 10, 6
_WHY = 1 + _NAME + 1 + _MODE + 2 * (1 + _RATE) + 2  # cells before the last column


def format_ports(
    snapshot: Snapshot, rates: Rates, *, rows: int, width: int, past: bool = False
) -> tuple[Line, ...]:
    """A heading and at most `rows` ports by slot; the heading says how many more there are.

    `past`: the engine has gone, and nothing claims any more to be so now.
    """
    hidden = len(snapshot.ports) - rows
    heads = fill("port", _NAME) + " " + fill("mode", _MODE)
    heads += "".join(f" {head:>{_RATE}}" for head in ("rx pps", "fwd"))
    more = f"  +{hidden} port{'' if hidden == 1 else 's'}" if hidden > 0 else ""
    heading: Line = (
        (clip(f" {heads}  not forwarded, why", width - len(more)), "tone--head"),
        (more, "tone--warning"),
    )
    # Who does not forward is the exception that the operator looks for.
    urgent = sorted(snapshot.ports, key=lambda port: (port.mode is Mode.FORWARD, port.slot))
    shown = sorted(urgent[:rows], key=lambda port: port.slot)
    return (heading, *(_port_line(port, rates, width, past=past) for port in shown))


def _port_line(port: PortStatus, rates: Rates, width: int, *, past: bool) -> Line:
    name = fill(format_untrusted(port.name, _NAME), _NAME)
    mode = fill(f"{SYMBOLS[port.mode]} {port.mode}", _MODE)
    return (
        (f" {name} ", "tone--name"),
        (mode, "tone--muted" if past else MODE_TONES[port.mode]),
        (f" {format_count(port.rx_pps):>{_RATE}}", "tone--strong"),
        (f" {format_count(port.forwarded_pps):>{_RATE}}  ", ""),
        _why(port, rates.get((port.slot, port.ifindex), {}), width - _WHY),
    )


def _why(port: PortStatus, rates: dict[int, float], width: int) -> Part:
    """The reason of a port that does not forward, else the verdicts that took most packets."""
    if width < 2:
        return "", ""
    if port.reasons and port.mode is not Mode.FORWARD:
        others = f" (+{len(port.reasons) - 1})" if len(port.reasons) > 1 else ""
        text = format_untrusted(port.reasons[0].text, max(width - len(others), 2))
        return text + others, "tone--warning"
    taken = [(rate, number) for number, rate in rates.items() if number != Verdict.FORWARDED]
    top = sorted((pair for pair in taken if pair[0] > 0), key=lambda pair: (-pair[0], pair[1]))
    texts = [f"{format_reason(number)} {format_count(rate)}" for rate, number in top]
    if port.attach is AttachKind.GENERIC:
        texts.insert(0, "generic XDP (slow)")
    fitting = ""
    for text in texts:
        longer = f"{fitting}, {text}" if fitting else text
        if len(longer) > width:
            break
        fitting = longer
    return fitting or clip(texts[0] if texts else "", width), "tone--muted"

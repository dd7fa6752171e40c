"""What became of packets, by port and verdict: since attach, and between two snapshots."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from ebtop.model.port import AttachKind, PortStatus
from ebtop.model.snapshot import Snapshot
from ebtop.model.verdict import Verdict

Rates = dict[tuple[int, int], dict[int, float]]
"""(slot, ifindex) -> verdict -> packets per second between two snapshots."""


def verdict_rates(previous: Snapshot | None, current: Snapshot) -> Rates:
    """What each port punted and dropped per second since the snapshot before.

    Empty for a port that is new or was attached again, since its counters start anew.
    """
    if previous is None or current.taken_ns <= previous.taken_ns:
        return {}
    seconds = (current.taken_ns - previous.taken_ns) / 1e9
    before = {(port.slot, port.ifindex): port for port in previous.ports}
    rates: Rates = {}
    for port in current.ports:
        old = before.get((port.slot, port.ifindex))
        if old is not None and old.received <= port.received:
            rates[port.slot, port.ifindex] = {
                verdict: (count - old.verdicts.get(verdict, 0)) / seconds
                for verdict, count in port.verdicts.items()
            }
    return rates


class Fate(StrEnum):
    """The three ends of a packet, and one that this screen has no word for."""

    FORWARDED = "forwarded"
    PUNTED = "punted"
    DROPPED = "dropped"
    UNKNOWN = "unknown"  # a verdict of an engine that knows more


SYMBOLS = {Fate.FORWARDED: "█", Fate.PUNTED: "▒", Fate.DROPPED: "░", Fate.UNKNOWN: "?"}
TONES = {
    Fate.FORWARDED: "tone--good",
    Fate.PUNTED: "tone--warning",
    Fate.DROPPED: "tone--bad",
    Fate.UNKNOWN: "tone--muted",
}


@dataclass(frozen=True, slots=True)
class Account:
    """How often a verdict was given, and how often a second."""

    verdict: int
    packets: int
    pps: float  # NaN: not known yet


def fate_of(number: int) -> Fate:
    """What becomes of a packet with that verdict."""
    if number not in Verdict.__members__.values():
        return Fate.UNKNOWN
    verdict = Verdict(number)
    if verdict.dropped:
        return Fate.DROPPED
    return Fate.PUNTED if verdict.punted else Fate.FORWARDED


def format_reason(number: int) -> str:
    """A verdict's reason with spaces, or its number where an engine knows more than this screen."""
    known = number in Verdict.__members__.values()
    return Verdict(number).reason.replace("_", " ") if known else f"verdict {number}"


def format_meaning(number: int) -> str:
    """The verdict's sentence."""
    known = number in Verdict.__members__.values()
    return Verdict(number).meaning if known else "A newer engine's verdict; this screen is older."


def accounts_of(ports: Iterable[PortStatus], rates: Rates) -> list[Account]:
    """All verdicts that these ports gave, the greatest rate first, then the greatest count."""
    packets: dict[int, int] = {}
    pps: dict[int, float] = {}
    for port in ports:
        for number, count in port.verdicts.items():
            packets[number] = packets.get(number, 0) + count
        for number, rate in rates.get((port.slot, port.ifindex), {}).items():
            pps[number] = pps.get(number, 0.0) + rate
    accounts = [
        Account(number, count, pps.get(number, math.nan))
        for number, count in packets.items()
        if count
    ]
    return sorted(
        accounts, key=lambda each: (-pps.get(each.verdict, 0), -each.packets, each.verdict)
    )


def fate_pps(port: PortStatus, rates: Rates, fate: Fate) -> float:
    """Packets per second of a port that ended so; NaN: not known, or not counted."""
    of_port = rates.get((port.slot, port.ifindex))
    if of_port is None or port.attach is AttachKind.NONE:
        return math.nan
    return sum(pps for number, pps in of_port.items() if fate_of(number) is fate)

"""What became of packets between two snapshots, by port and verdict."""

from ebtop.model.snapshot import Snapshot

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

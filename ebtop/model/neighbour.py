"""Entries of the neighbour table (ARP and ND)."""

from dataclasses import dataclass
from enum import IntFlag

from ebtop.model.prefix import Address


class NeighbourState(IntFlag):
    """ndm_state, include/uapi/linux/neighbour.h."""

    NONE = 0
    INCOMPLETE = 0x01
    REACHABLE = 0x02
    STALE = 0x04
    DELAY = 0x08
    PROBE = 0x10
    FAILED = 0x20
    NOARP = 0x40
    PERMANENT = 0x80


_USABLE = (
    NeighbourState.REACHABLE
    | NeighbourState.STALE
    | NeighbourState.DELAY
    | NeighbourState.PROBE
    | NeighbourState.PERMANENT
)


@dataclass(frozen=True, slots=True)
class Neighbour:
    """One entry; `mac` is six bytes, or empty where the kernel has none."""

    ifindex: int
    address: Address
    mac: bytes
    state: NeighbourState

    @property
    def usable(self) -> bool:
        """Whether the kernel would send to this MAC without asking first (NUD_VALID, no NOARP)."""
        return len(self.mac) == 6 and bool(self.state & _USABLE)

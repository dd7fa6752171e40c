"""Offloads of veth: what XDP needs, applied and read back.

A redirect into a veth is lost unless NAPI runs at the peer's end, which GRO switches on. A host
that leaves checksums to its card sends them unfinished over a veth, and XDP would forward them
so. A tag that a sender leaves to its card is not in the frame at all.
"""

from dataclasses import dataclass

from ebtop.kernel.ethtool import apply_value, read_value
from ebtop.lab.namespace import LabError


@dataclass(frozen=True, slots=True)
class Offload:
    """How ethtool(8) names it, the ioctl's commands, and its bit (all bits where it has none)."""

    name: str
    read_command: int
    apply_command: int
    bit: int = 0


GRO = Offload("gro", 0x2B, 0x2C)
TX_CHECKSUM = Offload("tx", 0x16, 0x17)
TX_VLAN = Offload("txvlan", 0x25, 0x26, 1 << 7)


def read_offload(interface: str, offload: Offload) -> bool:
    """Whether it is on; the interface is of the calling thread's namespace."""
    value = read_value(interface, offload.read_command)
    return bool(value & offload.bit if offload.bit else value)


def apply_offloads(interface: str, wanted: dict[Offload, bool]) -> None:
    """Switches offloads of an interface and reads them back; LabError if one did not follow."""
    for offload, on in wanted.items():
        value = int(on)
        if offload.bit:
            before = read_value(interface, offload.read_command)
            value = before | offload.bit if on else before & ~offload.bit
        apply_value(interface, offload.apply_command, value)
        if read_offload(interface, offload) != on:
            state = "on" if on else "off"
            raise LabError(f"{interface}: offload {offload.name} cannot be switched {state}.")

"""Ports: slots, links to the kernel, and the records that the programs read."""

import errno
import os
import struct
from dataclasses import dataclass

import numpy as np

from ebtop.datapath import syscall
from ebtop.datapath.maps import Maps
from ebtop.datapath.programs import Programs
from ebtop.datapath.syscall import DatapathError
from ebtop.model.port import PORTS, AttachKind

FORWARD = 1 << 0
IPV4 = 1 << 1
IPV6 = 1 << 2
RPF_STRICT = 1 << 3
RPF_LOOSE = 1 << 4
RPF_PUNT = 1 << 5
TRANSMIT = 1 << 6


@dataclass(frozen=True, slots=True, kw_only=True)
class PortRecord:
    """struct ebtop_port but for the ifindex."""

    flags: int
    mtu4: int
    mtu6: int
    mac: bytes


class ForeignProgramError(DatapathError):
    """Someone else's XDP program is on the port; it stays."""


class Ports:
    """Attached ports by ifindex. A link goes with the process, the record with the link."""

    def __init__(self, maps: Maps, programs: Programs) -> None:
        self._maps = maps
        self._programs = programs
        self._links: dict[int, int] = {}  # slot -> link descriptor
        self.slots: dict[int, int] = {}  # ifindex -> slot

    def attach(self, ifindex: int, name: str, record: PortRecord) -> AttachKind:
        """Gives the port a slot, its record, the program and the way out, in that order.

        Raises DatapathError, and leaves nothing behind: no slot free, a foreign program, the
        driver's refusal, or a port that vanished.
        """
        slot = self._free_slot(ifindex)
        self._write(slot, ifindex, record)
        try:
            link, kind = self._create_link(ifindex, name)
        except DatapathError:
            self._clear(slot)
            raise
        try:
            self._open_egress(slot, ifindex)
        except OSError as error:
            os.close(link)
            self._clear(slot)
            raise DatapathError(
                f"XDP cannot redirect packets to {name}: {error.strerror}."
            ) from error
        self._links[slot] = link
        self.slots[ifindex] = slot
        return kind

    def intact(self, ifindex: int) -> bool:
        """Whether an attached port is still the interface that it was.

        One that was deleted, or moved to another namespace, may be back with the same ifindex: it
        has no program then, or the device map has lost it.
        """
        slot = self.slots[ifindex]
        return (
            syscall.read_link_ifindex(self._links[slot]) == ifindex
            and syscall.read_element(
                self._maps.descriptors["egress_ports"], struct.pack("=I", slot), 8
            )
            is not None
        )

    def write(self, ifindex: int, record: PortRecord) -> None:
        """Updates the record of an attached port, flags last."""
        self._write(self.slots[ifindex], ifindex, record)

    def detach(self, ifindex: int) -> None:
        """Closes the link at once: a port that left the namespace would run on elsewhere."""
        slot = self.slots.pop(ifindex, None)
        if slot is None:
            return
        syscall.delete_element(self._maps.descriptors["egress_ports"], struct.pack("=I", slot))
        os.close(self._links.pop(slot))
        self._clear(slot)

    def close(self) -> None:
        """Detaches every port."""
        for ifindex in list(self.slots):
            self.detach(ifindex)

    def _open_egress(self, slot: int, ifindex: int) -> None:
        """Lets packets be redirected to the port."""
        syscall.update_element(
            self._maps.descriptors["egress_ports"],
            struct.pack("=I", slot),
            struct.pack("=II", ifindex, self._programs.egress),
        )

    def _free_slot(self, ifindex: int) -> int:
        taken = set(self.slots.values())
        for probe in range(PORTS):
            slot = (ifindex + probe) % PORTS
            if slot not in taken:
                return slot
        raise DatapathError(f"All {PORTS} port slots are taken; the kernel forwards for the rest.")

    def _write(self, slot: int, ifindex: int, record: PortRecord) -> None:
        row = self._maps.arrays["ports"][slot : slot + 1]
        words = np.frombuffer(record.mac.ljust(8, b"\0"), dtype=np.uint32)
        if not (row["mac"][0] == words).all():
            row["flags"][0] = 0  # two words change: nothing may match in between
            row["mac"][0] = words
        row["mtu4"][0] = record.mtu4
        row["mtu6"][0] = record.mtu6
        row["ifindex"][0] = ifindex
        row["flags"][0] = record.flags

    def _clear(self, slot: int) -> None:
        row = self._maps.arrays["ports"][slot : slot + 1]
        row["flags"][0] = 0
        row["ifindex"][0] = 0

    def _create_link(self, ifindex: int, name: str) -> tuple[int, AttachKind]:
        modes = (
            (syscall.XDP_DRV_MODE, AttachKind.NATIVE),
            (syscall.XDP_SKB_MODE, AttachKind.GENERIC),
        )
        for flags, kind in modes:
            try:
                return syscall.create_xdp_link(self._programs.ingress, ifindex, flags), kind
            except OSError as error:
                # EEXIST: it runs in the other one of the native and the generic mode.
                if error.errno in {errno.EBUSY, errno.EEXIST}:
                    raise ForeignProgramError(
                        f"{name} already runs another XDP program; ebtop leaves it alone."
                    ) from error
                if error.errno != errno.EOPNOTSUPP:
                    raise DatapathError(
                        f"{name} does not take an XDP program: {error.strerror}."
                    ) from error
        raise DatapathError(f"{name} takes no XDP program, neither native nor generic.")

"""The programs, compiled and loaded over a set of maps."""

import os
from dataclasses import dataclass

from ebtop.datapath import syscall
from ebtop.datapath.compile import compile_programs, link_maps
from ebtop.datapath.maps import Maps
from ebtop.datapath.syscall import DatapathError

_ATTACH_TYPES = {
    "ebtop_ingress": syscall.ATTACH_XDP,
    "ebtop_egress": syscall.ATTACH_XDP_DEVMAP,
    "ebtop_lease": syscall.ATTACH_XDP,
}


@dataclass(frozen=True, slots=True)
class Programs:
    """Descriptors of the loaded programs."""

    ingress: int
    egress: int
    lease: int

    def close(self) -> None:
        """Gives up the descriptors; attached programs live on in their links."""
        for descriptor in (self.ingress, self.egress, self.lease):
            os.close(descriptor)


def load_programs(maps: Maps, *, routes: int, histograms: int) -> Programs:
    """Compiles and loads; the strides are rows per CPU. Raises DatapathError."""
    compiled = compile_programs({"EBTOP_ROUTES": routes, "EBTOP_HISTOGRAMS": histograms})
    loaded: dict[str, int] = {}
    try:
        for name, instructions in compiled.items():
            linked = link_maps(instructions, maps.by_identifier)
            loaded[name] = syscall.load_program(linked, name=name, attach_type=_ATTACH_TYPES[name])
    except DatapathError:
        for descriptor in loaded.values():
            os.close(descriptor)
        raise
    return Programs(
        ingress=loaded["ebtop_ingress"],
        egress=loaded["ebtop_egress"],
        lease=loaded["ebtop_lease"],
    )

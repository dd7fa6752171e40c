"""The maps of bpf/maps.h: their types and sizes, and numpy views of those that are mapped."""

import mmap
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ebtop.datapath import syscall
from ebtop.datapath.syscall import DatapathError
from ebtop.fib.layout import Capacity
from ebtop.model.histogram import BUCKETS
from ebtop.model.port import PORTS
from ebtop.model.verdict import VERDICTS

FIRST_ROUTE_HISTOGRAM = 64

HISTOGRAM_TYPE = np.dtype(
    [("buckets", np.uint64, (BUCKETS,)), ("sum_ns", np.uint64), ("max_ns", np.uint64)]
)
ROUTE_COUNTER_TYPE = np.dtype([("packets", np.uint64), ("bytes", np.uint64)])
ROUTE_OTHER_TYPE = np.dtype(
    [
        ("observed_packets", np.uint64),
        ("observed_bytes", np.uint64),
        ("punts", np.uint64),
        ("drops", np.uint64),
    ]
)
PORT_TYPE = np.dtype(
    [
        ("ifindex", np.uint32),
        ("flags", np.uint32),
        ("mtu4", np.uint32),
        ("mtu6", np.uint32),
        ("mac", np.uint32, (2,)),
        ("reserved", np.uint32, (10,)),
    ]
)
CONTROL_TYPE = np.dtype(
    [
        ("lease_jiffies", np.uint64),
        ("lease_span_jiffies", np.uint32),
        ("bypass", np.uint32),
        ("renewed_jiffies", np.uint64),
        ("renewed_ns", np.uint64),
        ("generation", np.uint32),
        ("hash_ports", np.uint32),
        ("reserved", np.uint32, (6,)),
    ]
)


@dataclass(frozen=True, slots=True)
class MapSpecification:
    """One map: `value` is what one 8-byte aligned value holds, in words of the numpy type."""

    identifier: int  # enum ebtop_map
    kind: int
    value: np.dtype[np.generic]
    entries: int
    key_bytes: int = 4

    @property
    def mapped(self) -> bool:
        """Whether user space reads and writes it through mmap."""
        return self.kind == syscall.MAP_ARRAY


def read_possible_cpus() -> int:
    """CPUs that may ever come online; per-CPU arrays have a part for each."""
    text = Path("/sys/devices/system/cpu/possible").read_text(encoding="ascii").strip()
    return int(text.replace("-", ",").split(",")[-1]) + 1


def specify_maps(
    capacity: Capacity, *, cpus: int, neighbours: int, histograms: int
) -> dict[str, MapSpecification]:
    """Every map by name; sizes are rounded up to whole values."""
    array, words = syscall.MAP_ARRAY, np.dtype((np.uint32, (2,)))

    def table(identifier: int, value: np.dtype[np.generic], entries: int) -> MapSpecification:
        return MapSpecification(identifier, array, value, entries)

    return {
        "control": table(1, CONTROL_TYPE, 1),
        "ports": table(2, PORT_TYPE, PORTS),
        "root4": table(3, words, 1 << 23),
        "root6": table(4, words, 1 << 15),
        "blocks": table(5, np.dtype((np.uint32, (256,))), capacity.blocks),
        "sets": table(6, np.dtype((np.uint32, (8,))), capacity.sets),
        "members": table(7, words, capacity.members),
        "adjacencies": table(8, np.dtype((np.uint32, (8,))), capacity.adjacencies),
        "route_sets": table(9, words, -(-capacity.routes // 2)),
        "route_histograms": table(10, words, -(-capacity.routes // 4)),
        "neighbours": MapSpecification(
            11, syscall.MAP_HASH, np.dtype(np.uint32), neighbours, key_bytes=20
        ),
        "verdicts": table(12, np.dtype((np.uint64, (VERDICTS,))), cpus * PORTS),
        "route_counters": table(13, ROUTE_COUNTER_TYPE, cpus * capacity.routes),
        "route_others": table(14, ROUTE_OTHER_TYPE, cpus * capacity.routes),
        "histograms": table(15, HISTOGRAM_TYPE, cpus * histograms),
        "egress_ports": MapSpecification(16, syscall.MAP_DEVMAP, words, PORTS),
    }


class Maps:
    """The open maps; closing gives back descriptors and views."""

    def __init__(self, specifications: dict[str, MapSpecification]) -> None:
        """Makes them all, or none: DatapathError says which one did not fit."""
        self.descriptors: dict[str, int] = {}
        self.arrays: dict[str, NDArray[Any]] = {}
        self.specifications = specifications
        for name, specification in specifications.items():
            try:
                self._open(name, specification)
            except OSError as error:
                self.close()
                mib = specification.value.itemsize * specification.entries / 2**20
                raise DatapathError(
                    f"The map {name} ({mib:.0f} MiB) could not be made: {error.strerror}."
                ) from error

    @property
    def by_identifier(self) -> dict[int, int]:
        """Descriptor of each map by its number in enum ebtop_map."""
        return {
            self.specifications[name].identifier: descriptor
            for name, descriptor in self.descriptors.items()
        }

    def words(self, name: str) -> NDArray[np.uint32]:
        """A mapped array as flat 32-bit words."""
        return self.arrays[name].reshape(-1).view(np.uint32).reshape(-1)

    def close(self) -> None:
        """Gives up the descriptors; views that others hold keep their memory alive."""
        self.arrays.clear()
        for descriptor in self.descriptors.values():
            os.close(descriptor)
        self.descriptors.clear()

    def _open(self, name: str, specification: MapSpecification) -> None:
        descriptor = syscall.create_map(
            specification.kind,
            key_bytes=specification.key_bytes,
            value_bytes=specification.value.itemsize,
            entries=specification.entries,
            flags=syscall.F_MMAPABLE if specification.mapped else 0,
            name=name,
        )
        self.descriptors[name] = descriptor
        if specification.mapped:
            length = specification.value.itemsize * specification.entries
            view = mmap.mmap(descriptor, -(-length // mmap.PAGESIZE) * mmap.PAGESIZE)
            flat = np.frombuffer(
                view,
                dtype=specification.value.base,
                count=length // specification.value.base.itemsize,
            )
            self.arrays[name] = flat.reshape(-1, *specification.value.shape)

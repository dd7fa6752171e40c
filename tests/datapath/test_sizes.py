"""What the FIB's pools allow, the maps have room for."""

from collections.abc import Iterator

import pytest

from ebtop.datapath.datapath import Datapath, Sizes
from ebtop.fib.layout import Capacity
from ebtop.fib.patch import NeighbourStore, Patch
from ebtop.lab.topology import Lab

ADJACENCIES = 1 << 15


@pytest.fixture
def datapath() -> Iterator[Datapath]:
    capacity = Capacity(routes=1024, blocks=1024, sets=1024, members=1024, adjacencies=ADJACENCIES)
    with Lab() as lab:
        namespace = lab.namespace("sizes")
        datapath = namespace.run(Datapath, Sizes(capacity))
        try:
            yield datapath
        finally:
            datapath.close()


def test_every_adjacency_may_be_a_neighbour(datapath: Datapath) -> None:
    keys = [index.to_bytes(20, "big") for index in range(1, ADJACENCIES)]
    stores = tuple(NeighbourStore(key, index) for index, key in enumerate(keys, 1))

    datapath.installer.install(Patch(neighbours=stores))
    datapath.installer.install(
        Patch(neighbours=tuple(NeighbourStore(key, None) for key in keys[:100]))
    )
    datapath.installer.install(Patch(neighbours=stores[:100]))

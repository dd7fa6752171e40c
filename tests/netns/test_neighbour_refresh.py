"""A stale neighbour is confirmed; any other is left as it is."""

from collections.abc import Iterator

import pytest

from ebtop.kernel.monitor import Message, Monitor
from ebtop.kernel.refresh import NeighbourRefresh
from ebtop.model.neighbour import Neighbour, NeighbourState
from tests.netns.monitored_router import MonitoredRouter, neighbour_of


@pytest.fixture
def router() -> Iterator[MonitoredRouter]:
    router = MonitoredRouter()
    try:
        router.create()
        yield router
    finally:
        router.delete()


@pytest.mark.parametrize("address", ["10.0.1.2", "fd00:1::2"])
def test_a_stale_neighbour_is_refreshed(router: MonitoredRouter, address: str) -> None:
    router.settle()
    mac = far_mac(router)
    router.namespace.apply_sysctls(
        {f"net/{family}/neigh/wan/delay_first_probe_time": 0 for family in ("ipv4", "ipv6")}
    )
    router.namespace.ip(f"neighbour replace {address} lladdr {mac} nud stale dev wan")
    stale = neighbour_of(router.call(Monitor.read), address)
    assert stale is not None
    assert stale.state == NeighbourState.STALE
    refresh(router, stale)
    messages = router.read_until(lambda messages: reachable(messages, address))
    fresh = neighbour_of(messages, address)

    assert fresh is not None
    assert fresh.mac == stale.mac


def reachable(messages: list[Message], address: str) -> bool:
    entry = neighbour_of(messages, address)
    return entry is not None and entry.state == NeighbourState.REACHABLE


def far_mac(router: MonitoredRouter) -> str:
    shown = router.far.read_ip("-o", "link", "show", "wan").split()
    return shown[shown.index("link/ether") + 1]


def refresh(router: MonitoredRouter, entry: Neighbour) -> None:
    refresher = router.namespace.run(NeighbourRefresh)
    try:
        router.namespace.run(refresher.refresh, [entry])
    finally:
        refresher.close()


@pytest.mark.parametrize("state", ["permanent", "noarp"])
@pytest.mark.parametrize("believed", [NeighbourState.STALE, None])
def test_what_is_not_stale_in_the_kernel_is_left_alone(
    router: MonitoredRouter, state: str, believed: NeighbourState | None
) -> None:
    router.settle()
    router.namespace.ip(f"neighbour add 10.0.1.77 lladdr 02:00:00:00:00:07 nud {state} dev wan")
    entry = neighbour_of(router.call(Monitor.read), "10.0.1.77")
    assert entry is not None
    before = router.namespace.read_ip("neighbour", "show", "10.0.1.77", "nud", "all")
    refresh(router, Neighbour(entry.ifindex, entry.address, entry.mac, believed or entry.state))

    assert router.namespace.read_ip("neighbour", "show", "10.0.1.77", "nud", "all") == before
    assert "02:00:00:00:00:07" in before


def test_a_neighbour_that_has_gone_is_not_made(router: MonitoredRouter) -> None:
    router.settle()
    router.namespace.ip("neighbour add 10.0.1.77 lladdr 02:00:00:00:00:07 nud stale dev wan")
    entry = neighbour_of(router.call(Monitor.read), "10.0.1.77")
    assert entry is not None
    router.namespace.ip("neighbour del 10.0.1.77 dev wan")
    refresh(router, entry)

    assert "lladdr" not in router.namespace.read_ip("neighbour", "show", "10.0.1.77", "nud", "all")

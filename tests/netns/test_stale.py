"""Lost events that could not be read again: nothing is forwarded by a table that may be old."""

from collections.abc import Iterator

import pytest

from ebtop.engine.engine import LEASE_S, Engine, Options
from ebtop.lab.topology import Lab, Router
from ebtop.model.port import Mode


@pytest.fixture
def router() -> Iterator[Router]:
    with Lab() as lab:
        yield lab.router(ports=2)


def modes(engine: Engine) -> set[Mode]:
    engine._preflight()
    return {engine._ports.mode(ifindex) for ifindex in engine._ports.ports}


def test_ports_observe_until_the_resync(router: Router) -> None:
    def run() -> None:
        engine = Engine(Options())
        try:
            assert modes(engine) == {Mode.FORWARD}
            engine._monitor._resync_due.mark()
            assert modes(engine) == {Mode.FORWARD}  # no longer than the lease
            engine._fresh_s -= LEASE_S
            assert modes(engine) == {Mode.OBSERVE}
            assert [reason.name for reason in engine._reasons] == ["stale"]
            engine._follow(engine._monitor.read())
            assert modes(engine) == {Mode.FORWARD}
        finally:
            engine.close()

    router.namespace.run(run)

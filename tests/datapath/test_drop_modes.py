"""XDP drops nothing that it must leave to the kernel: on a port that observes, or when bypassed."""

from collections.abc import Iterator

import pytest

from ebtop.datapath import syscall
from ebtop.engine.engine import Engine, Options
from ebtop.lab.namespace import open_sender
from ebtop.lab.receiver import Receiver
from ebtop.lab.topology import Lab, Router
from ebtop.model.verdict import Verdict
from tests.datapath.admission_cases import udp

XDP_DROP, XDP_PASS = 1, 2
BLACKHOLES = ("198.18.6.1", "2001:db8:6::1")


@pytest.fixture
def router() -> Iterator[Router]:
    with Lab() as lab:
        router = lab.router(ports=2)
        router.add_routes("blackhole 198.18.6.0/24", "blackhole 2001:db8:6::/48")
        yield router


def run_on_p1(engine: Engine, frame: bytes) -> tuple[int, dict[Verdict, int]]:
    """Action and counted verdicts of the ingress program; called in the router's namespace."""
    engine._renew()
    samples = engine._datapath.samples
    ifindex = next(i for i, port in engine._ports.ports.items() if port.name == "p1")
    before = samples.read_verdicts()
    action = syscall.run_program(engine._datapath._programs.ingress, frame, ifindex=ifindex).action
    counted = (samples.read_verdicts() - before).sum(axis=0)
    return action, {Verdict(int(v)): int(counted[v]) for v in counted.nonzero()[0]}


@pytest.mark.parametrize(
    ("observe", "bypass", "action", "verdict"),
    [
        pytest.param(False, False, XDP_DROP, Verdict.DROP_BLACKHOLE, id="forward"),
        pytest.param(True, False, XDP_PASS, Verdict.PUNT_OBSERVE, id="observe"),
        pytest.param(False, True, XDP_PASS, Verdict.PUNT_BYPASS, id="bypass"),
    ],
)
def test_blackhole(
    router: Router,
    observe: bool,  # noqa: FBT001  a parameter of the table
    bypass: bool,  # noqa: FBT001  the same
    action: int,
    verdict: Verdict,
) -> None:
    engine = router.namespace.run(Engine, Options(observe=observe))
    try:
        engine._datapath.set_bypass(on=bypass)
        got = [router.namespace.run(run_on_p1, engine, udp(to)) for to in BLACKHOLES]
    finally:
        router.namespace.run(engine.close)

    assert got == [(action, {verdict: 1})] * 2


def test_a_rule_that_leads_around_the_blackhole_is_followed(router: Router) -> None:
    router.add_routes("198.18.6.0/24 via 10.255.2.2 table 100")
    router.namespace.ip("rule add from 198.19.0.0/16 table 100")
    engine = router.namespace.run(Engine, Options())
    sender, receiver = router.hosts
    try:
        router.namespace.run(engine._renew)
        with (
            Receiver(receiver, lambda frame: frame[30:34] == bytes((198, 18, 6, 1))) as seen,
            sender.namespace.run(open_sender, sender.interface) as socket,
        ):
            socket.send(udp("198.18.6.1"))
            assert seen.wait_for(1, timeout_s=2) == 1
    finally:
        router.namespace.run(engine.close)

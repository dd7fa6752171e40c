"""Each packet of the table gets its verdict, is counted once, and leaves as the kernel sends it."""

import struct
from collections.abc import Iterator

import pytest

from ebtop.datapath import syscall
from ebtop.datapath.samples import COUNTERS
from ebtop.engine.engine import Engine, Options
from ebtop.lab.frames import expected_forwarded
from ebtop.lab.topology import Lab, Router, host_mac, port_mac
from ebtop.model.verdict import Verdict
from tests.datapath.admission_cases import CASES, SOURCE4, Case, prepare, udp

XDP_DROP, XDP_PASS, XDP_REDIRECT = 1, 2, 4
STAMP_BYTES = 24


class Bench:
    """A router with ebtop attached, and its ingress program run on single frames."""

    def __init__(self, router: Router, engine: Engine) -> None:
        self.router = router
        self.engine = engine
        self.datapath = engine._datapath

    def run(self, frame: bytes) -> tuple[int, bytes, dict[Verdict, int]]:
        """Action, frame after the program, and the verdicts that were counted."""
        return self.router.namespace.run(self._run, frame)

    def _run(self, frame: bytes) -> tuple[int, bytes, dict[Verdict, int]]:
        self.datapath.renew_lease(3)
        port = next(i for i, p in self.engine._ports.ports.items() if p.name == "p1")
        before = self.datapath.samples.read_verdicts()
        ran = syscall.run_program(self.datapath._programs.ingress, frame, ifindex=port)
        counted = self.datapath.samples.read_verdicts() - before
        slot = self.datapath.ports.slots[port]
        assert counted.sum() == counted[slot].sum()
        verdicts = {Verdict(int(v)): int(counted[slot][v]) for v in counted[slot].nonzero()[0]}
        return ran.action, ran.frame, verdicts

    def routes(self) -> dict[str, int]:
        """Sums of the route counters."""
        sums = self.datapath.samples.read_routes(slice(None)).sum(axis=0)
        return dict(zip(COUNTERS, map(int, sums), strict=True))


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with Lab() as lab:
        router = lab.router()
        prepare(router)
        engine = router.namespace.run(Engine, Options())
        try:
            yield Bench(router, engine)
        finally:
            router.namespace.run(engine.close)


def test_table_is_large_and_names_are_unique() -> None:
    names = [case.name for case in CASES]

    assert len(set(names)) == len(names) >= 60


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_packet(bench: Bench, case: Case) -> None:
    before = bench.routes()
    action, frame, verdicts = bench.run(case.frame)
    after = bench.routes()

    assert verdicts == {case.verdict: 1}
    if case.verdict is Verdict.FORWARDED:
        expected = expected_forwarded(case.frame, port_mac(case.port), host_mac(case.port))
        assert action == XDP_REDIRECT
        assert frame[STAMP_BYTES:] == expected
        assert after["packets"] - before["packets"] == 1
        assert after["bytes"] - before["bytes"] == len(expected)
    else:
        assert action == (XDP_DROP if case.verdict.dropped else XDP_PASS)
        assert frame == case.frame
        assert after["packets"] == before["packets"]


def test_equal_cost_keeps_a_flow_on_one_path_and_uses_both(bench: Bench) -> None:
    ports = set()
    for host in range(1, 65):
        frames = {bench.run(udp(f"198.18.5.{host}"))[1][STAMP_BYTES:] for _ in range(3)}
        assert len(frames) == 1
        ports.add(frames.pop()[:6])

    assert ports == {host_mac(2), host_mac(3)}


def test_stamp_tells_route_ports_and_time(bench: Bench) -> None:
    _, frame, _ = bench.run(udp("198.18.1.200"))
    time_ns, route, _, ingress, egress, _, magic, spare = struct.unpack_from("=QIHBBHHI", frame)
    slots = {
        port.name: bench.datapath.ports.slots[ifindex]
        for ifindex, port in bench.engine._ports.ports.items()
    }

    assert time_ns > 0
    assert bench.engine._control.rib.columns["length"][route] == 32
    assert (ingress, egress) == (slots["p1"], slots["p4"])
    assert (magic, spare) == (0xEB70, 0)


def test_lease_that_is_over_punts_everything(bench: Bench) -> None:
    def expired() -> tuple[int, bytes]:
        bench.datapath.renew_lease(3)
        bench.datapath._control["lease_jiffies"] = 1
        port = next(i for i, p in bench.engine._ports.ports.items() if p.name == "p1")
        ran = syscall.run_program(bench.datapath._programs.ingress, udp("198.18.0.1"), ifindex=port)
        return ran.action, ran.frame

    assert bench.router.namespace.run(expired) == (XDP_PASS, udp("198.18.0.1"))


def test_bypass_punts_what_would_be_forwarded_and_counts_it(bench: Bench) -> None:
    before = bench.routes()
    bench.datapath.set_bypass(on=True)
    try:
        action, frame, verdicts = bench.run(udp("198.18.0.1"))
    finally:
        bench.datapath.set_bypass(on=False)

    assert (action, frame) == (XDP_PASS, udp("198.18.0.1"))
    assert verdicts == {Verdict.PUNT_BYPASS: 1}
    assert bench.routes()["observed_packets"] == before["observed_packets"] + 1


@pytest.mark.parametrize(
    ("flag", "source", "verdict"),
    [
        pytest.param("strict", "198.18.4.9", Verdict.FORWARDED, id="strict, right port"),
        pytest.param("strict", "198.18.0.9", Verdict.PUNT_RP_FILTER, id="strict, wrong port"),
        pytest.param("strict", SOURCE4, Verdict.PUNT_RP_FILTER, id="strict, no route"),
        pytest.param("loose", "198.18.0.9", Verdict.FORWARDED, id="loose, any port"),
        pytest.param("loose", SOURCE4, Verdict.PUNT_RP_FILTER, id="loose, no route"),
        pytest.param("loose", "198.18.6.9", Verdict.PUNT_RP_FILTER, id="loose, blackhole"),
    ],
)
def test_rp_filter(bench: Bench, flag: str, source: str, verdict: Verdict) -> None:
    value = {"strict": 1, "loose": 2}[flag]
    bench.router.namespace.apply_sysctls({"net/ipv4/conf/p1/rp_filter": value})
    try:
        bench.router.namespace.run(lambda: bench.engine._follow(bench.engine._monitor.poll()))
        _, _, verdicts = bench.run(udp("198.18.1.1", source=source))
    finally:
        bench.router.namespace.apply_sysctls({"net/ipv4/conf/p1/rp_filter": 0})
        bench.router.namespace.run(lambda: bench.engine._follow(bench.engine._monitor.poll()))

    assert verdicts == {verdict: 1}


@pytest.mark.parametrize(
    ("setting", "destination"),
    [
        pytest.param("net/ipv4/conf/p1/forwarding", "198.18.0.1", id="ipv4"),
        pytest.param("net/ipv6/conf/all/forwarding", "2001:db8::1", id="ipv6"),
    ],
)
def test_forwarding_off(bench: Bench, setting: str, destination: str) -> None:
    bench.router.namespace.apply_sysctls({setting: 0})
    try:
        bench.router.namespace.run(lambda: bench.engine._follow(bench.engine._monitor.poll()))
        _, _, verdicts = bench.run(udp(destination))
    finally:
        bench.router.namespace.apply_sysctls({setting: 1})
        bench.router.namespace.run(lambda: bench.engine._follow(bench.engine._monitor.poll()))

    assert verdicts == {Verdict.PUNT_FORWARDING_OFF: 1}

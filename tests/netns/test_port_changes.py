"""Ports that come, go, come back as others, or belong to somebody else."""

import errno
import os
from collections.abc import Callable, Iterator
from typing import TypeVar

import pytest

from ebtop.datapath import syscall
from ebtop.datapath.ports import PortRecord
from ebtop.datapath.syscall import DatapathError
from ebtop.engine.engine import Engine, Options
from ebtop.lab.topology import Lab, host_mac, port_mac
from ebtop.model.port import Mode
from ebtop.model.verdict import Verdict
from tests.datapath.admission_cases import patched, udp

Result = TypeVar("Result")

RETURN_PASS = bytes.fromhex("b700000002000000" + "9500000000000000")  # r0 = XDP_PASS; exit


class Bench:
    """A router of two ports, and an engine in it whose loop is the test."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.router = lab.router(ports=2)
        self.router.add_routes("198.18.1.0/24 via 10.255.1.2", "198.18.2.0/24 via 10.255.2.2")
        self.engine: Engine = self.call(lambda: Engine(Options()))

    def call(self, function: Callable[[], Result]) -> Result:
        return self.router.namespace.run(function)

    def follow(self) -> None:
        """What the loop does when the kernel has told something."""
        self.call(lambda: self.engine._follow(self.engine._monitor.poll()))

    def ask(self) -> None:
        """What the loop does every second."""
        self.call(self.engine._preflight)
        self.call(self.engine._renew)

    def ifindex(self, name: str) -> int:
        links = self.engine._ports.links.values()
        return next(link.ifindex for link in links if link.name == name)

    def mode(self, name: str) -> Mode:
        return self.engine._ports.mode(self.ifindex(name))

    def verdict(self, port: int, destination: str) -> Verdict | None:
        """Of a packet that comes in at a port; None if the program on it has not run."""
        frame = patched(udp(destination), 0, port_mac(port) + host_mac(port))
        samples = self.engine._datapath.samples
        self.call(self.engine._renew)
        before = samples.read_verdicts()
        program = self.engine._datapath._programs.ingress
        ifindex = self.ifindex(f"p{port}")
        self.call(lambda: syscall.run_program(program, frame, ifindex=ifindex))
        (moved,) = (samples.read_verdicts() - before).sum(axis=0).nonzero()
        return Verdict(int(moved[0])) if len(moved) else None

    def restore_p1(self) -> None:
        """What an interface loses on its way through another namespace."""
        self.router.namespace.ip(
            "link set p1 up",
            "address add 10.255.1.1/24 dev p1",
            "route replace 198.18.1.0/24 via 10.255.1.2",
            f"neighbour replace 10.255.1.2 lladdr {host_mac(1).hex(':')} dev p1 nud permanent",
        )


@pytest.fixture
def bench() -> Iterator[Bench]:
    with Lab() as lab:
        bench = Bench(lab)
        try:
            yield bench
        finally:
            bench.call(bench.engine.close)


def test_new_port_observes_until_preflight_has_asked(bench: Bench) -> None:
    assert bench.mode("p2") is Mode.FORWARD
    bench.router.namespace.ip(
        "link add new type veth peer name far", "link set new up", "link set far up"
    )
    bench.follow()

    assert bench.mode("new") is Mode.OBSERVE
    reasons = bench.engine._ports.ports[bench.ifindex("new")].reasons
    assert "new" in {reason.name for reason in reasons}
    assert bench.mode("p2") is Mode.FORWARD

    bench.ask()

    reasons = bench.engine._ports.ports[bench.ifindex("new")].reasons
    assert "new" not in {reason.name for reason in reasons}


def test_port_that_was_elsewhere_meanwhile_forwards_again(bench: Bench) -> None:
    assert bench.verdict(2, "198.18.1.1") is Verdict.FORWARDED
    elsewhere = bench.lab.namespace("elsewhere")
    before = bench.ifindex("p1")
    bench.router.namespace.ip(f"link set p1 netns {elsewhere.name}")
    elsewhere.ip(f"link set p1 netns {bench.router.namespace.name}")
    bench.restore_p1()
    bench.follow()
    assert bench.ifindex("p1") == before
    assert bench.mode("p1") is Mode.OBSERVE
    bench.ask()

    assert bench.verdict(2, "198.18.1.1") is Verdict.FORWARDED
    assert bench.verdict(1, "198.18.2.1") is Verdict.FORWARDED


def test_another_interface_with_the_ifindex_of_a_port_gets_the_program(bench: Bench) -> None:
    before = bench.ifindex("p1")
    bench.router.namespace.ip(
        "link delete p1",
        f"link add p1 index {before} address {port_mac(1).hex(':')} type veth peer name far",
        "link set far up",
    )
    bench.restore_p1()
    bench.follow()
    bench.ask()

    link = bench.engine._datapath.ports._links[bench.engine._datapath.ports.slots[before]]
    assert syscall.read_link_ifindex(link) == before
    assert bench.verdict(1, "198.18.2.1") is not None


@pytest.mark.parametrize("mode", [syscall.XDP_DRV_MODE, syscall.XDP_SKB_MODE])
def test_foreign_program_of_either_mode_stays_and_is_told(bench: Bench, mode: int) -> None:
    bench.router.namespace.ip("link add new type veth peer name far")
    program = syscall.load_program(RETURN_PASS, name="foreign", attach_type=syscall.ATTACH_XDP)
    ifindex = int(bench.router.namespace.read_ip("-o", "link", "show", "new").split(":")[0])
    link = bench.call(lambda: syscall.create_xdp_link(program, ifindex, mode))
    try:
        bench.follow()
        bench.ask()

        assert bench.mode("new") is Mode.DETACHED
        assert bench.engine._ports.refused[ifindex].name == "xdp-program"
        assert syscall.read_link_ifindex(link) == ifindex
    finally:
        os.close(link)
        os.close(program)


def test_port_that_vanishes_while_it_is_attached_leaves_nothing_behind(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.router.namespace.ip("link add new type veth peer name far")
    ifindex = int(bench.router.namespace.read_ip("-o", "link", "show", "new").split(":")[0])
    ports = bench.engine._datapath.ports
    record = PortRecord(flags=0, mtu4=1500, mtu6=1500, mac=bytes(6))

    def vanish(map_fd: int, key: bytes, value: bytes) -> None:  # noqa: ARG001  the kernel's answer
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))

    with monkeypatch.context() as patch:
        patch.setattr(syscall, "update_element", vanish)
        with pytest.raises(DatapathError, match=r"^XDP cannot redirect packets to new: .*\.$"):
            bench.call(lambda: ports.attach(ifindex, "new", record))
    assert ifindex not in ports.slots

    bench.follow()

    assert ifindex in ports.slots

"""BPF programs of others keep a port from forwarding; ebtop's own do not."""

import ctypes
import os
import struct
from collections.abc import Iterator

import pytest
from pyroute2 import IPRoute

from ebtop.kernel import probe_bpf
from ebtop.kernel.preflight import read_xdp_programs
from ebtop.kernel.probe_links import read_link_facts
from tests.netns.preflight_router import Router

_PROG_LOAD = 5  # enum bpf_cmd
_LINK_CREATE = 28
_SCHED_CLS = 3  # enum bpf_prog_type
_XDP = 6
_NETFILTER = 32
_ATTACH_XDP = 37  # enum bpf_attach_type
_ATTACH_NETFILTER = 45
_LOCAL_INPUT = 1  # no forwarded packet passes there: others on this machine see no reason
_PASS = {_SCHED_CLS: 0, _XDP: 2, _NETFILTER: 1}


@pytest.fixture
def router() -> Iterator[Router]:
    router = Router()
    try:
        router.add_port("wan", "host0")
        assert router.reasons() == ()
        yield router
    finally:
        router.close()


def load(kind: int, name: bytes, attach_type: int = 0) -> int:
    """Descriptor of a program that passes everything."""
    code = struct.pack("=BBhiBBhi", 0xB7, 0, 0, _PASS[kind], 0x95, 0, 0, 0)
    instructions = ctypes.create_string_buffer(code, len(code))
    licence = ctypes.create_string_buffer(b"GPL")
    attributes = struct.pack(
        "=2IQQ2IQ2I16s2I",
        *(kind, len(code) // 8, ctypes.addressof(instructions), ctypes.addressof(licence)),
        *(0, 0, 0, 0, 0, name, 0, attach_type),
    )
    return probe_bpf._bpf(_PROG_LOAD, ctypes.create_string_buffer(attributes, 128))


def link(program: int, target: int, attach_type: int, *details: int) -> int:
    values = (program, target, attach_type, 0, *details)
    attributes = struct.pack(f"={len(values)}I", *values)
    return probe_bpf._bpf(_LINK_CREATE, ctypes.create_string_buffer(attributes, 128))


def add_egress_filter(port: int, program: int) -> None:
    with IPRoute() as netlink:
        netlink.tc(
            "add-filter",
            "bpf",
            port,
            fd=program,
            name="filter",
            parent=0xFFFFFFF3,
            classid=1,
            direct_action=True,
        )


def ifindex_of(name: str) -> int:
    return next(link.ifindex for link in read_link_facts().values() if link.name == name)


def test_xdp_program(router: Router) -> None:
    port = router.call(ifindex_of, "wan")
    program = router.call(load, _XDP, b"stranger")
    attached = router.call(link, program, port, _ATTACH_XDP)
    os.close(program)
    try:
        programs = router.call(read_xdp_programs)
        assert programs.keys() == {port}
        (reason,) = router.reasons()
        assert (reason.name, reason.ifindex) == ("xdp-program", port)
        assert f"{programs[port]} (stranger)" in reason.text
        assert router.reasons(frozenset(programs.values())) == ()
    finally:
        os.close(attached)
    assert router.reasons() == ()
    assert router.call(read_xdp_programs) == {}


@pytest.mark.parametrize("attach_type", [probe_bpf.TCX_INGRESS, probe_bpf.TCX_EGRESS])
def test_tcx_program(router: Router, attach_type: int) -> None:
    port = router.call(ifindex_of, "wan")
    program = router.call(load, _SCHED_CLS, b"")
    attached = router.call(link, program, port, attach_type)
    os.close(program)
    try:
        (program_id,) = router.call(probe_bpf.read_tcx_programs, port, attach_type)
        assert router.found() == {("tcx", "wan")}
        assert router.reasons(frozenset({program_id})) == ()
    finally:
        os.close(attached)
    assert router.reasons() == ()


def test_tc_filter_of_a_program(router: Router) -> None:
    """The program of a clsact filter is told by its id, as left by an engine that was killed."""
    port = router.call(ifindex_of, "wan")
    program = router.call(load, _SCHED_CLS, b"filter")
    attached = router.call(link, program, port, probe_bpf.TCX_INGRESS)
    (program_id,) = router.call(probe_bpf.read_tcx_programs, port, probe_bpf.TCX_INGRESS)
    os.close(attached)
    try:
        router.run("tc qdisc add dev wan clsact")
        router.call(add_egress_filter, port, program)
        assert router.found() == {("tc-filter", "wan")}
        assert router.reasons(frozenset({program_id})) == ()
    finally:
        os.close(program)


def test_netfilter_link(router: Router) -> None:
    program = router.call(load, _NETFILTER, b"hooked", _ATTACH_NETFILTER)
    attached = router.call(link, program, 0, _ATTACH_NETFILTER, 2, _LOCAL_INPUT, 1, 0)
    os.close(program)
    try:
        links = [found for found in probe_bpf.read_netfilter_links() if found.family == 2]
        assert [(found.hook, probe_bpf.read_program_name(found.program_id)) for found in links] == [
            (_LOCAL_INPUT, "hooked")
        ]
        assert router.reasons() == ()
    finally:
        os.close(attached)


def test_program_that_has_gone_has_no_name() -> None:
    assert probe_bpf.read_program_name(0xFFFFFFF0) == ""
    assert probe_bpf.read_tcx_programs(0x7FFFFFF0, probe_bpf.TCX_INGRESS) == []

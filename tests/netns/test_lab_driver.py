"""The driver's count of received frames, against the number that was really sent."""

import ctypes
import os
import platform
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from ebtop.kernel.driver_statistics import read_interface_packets, read_received_packets
from ebtop.kernel.ethtool import read_statistics
from ebtop.lab.frames import Flow
from ebtop.lab.namespace import entered
from ebtop.lab.numbered import is_numbered, send_numbered
from ebtop.lab.receiver import Receiver
from ebtop.lab.topology import Lab, Router
from ebtop.model.prefix import parse_address

COUNT = 5003
LIBC = ctypes.CDLL(None, use_errno=True)
SYS_BPF = {"x86_64": 321, "aarch64": 280}
PROG_LOAD, LINK_CREATE = 5, 28
PROG_TYPE_XDP, ATTACH_XDP = 6, 37
HELPER_REDIRECT = 23
NATIVE = 1 << 2


@pytest.fixture(scope="module")
def router() -> Iterator[Router]:
    with Lab() as lab:
        router = lab.router(ports=2)
        router.add_routes("198.18.2.0/24 via 10.255.2.2")
        yield router


def bpf(command: int, attributes: bytes) -> int:
    buffer = ctypes.create_string_buffer(attributes, len(attributes))
    number = SYS_BPF[platform.machine()]
    descriptor = LIBC.syscall(number, command, buffer, len(attributes))
    if descriptor < 0:
        raise OSError(ctypes.get_errno(), "bpf(2) failed")
    return int(descriptor)


def move(register: int, value: int) -> bytes:
    return struct.pack("=BBhi", 0xB7, register, 0, value)


def returning(verdict: int) -> bytes:
    return move(0, verdict) + struct.pack("=BBhi", 0x95, 0, 0, 0)


def redirecting(ifindex: int) -> bytes:
    call = struct.pack("=BBhi", 0x85, 0, 0, HELPER_REDIRECT)
    return move(1, ifindex) + move(2, 0) + call + struct.pack("=BBhi", 0x95, 0, 0, 0)


@contextmanager
def attached(interface: str, instructions: bytes) -> Iterator[None]:
    """A program on an interface of the calling thread's namespace, in native mode."""
    program = ctypes.create_string_buffer(instructions, len(instructions))
    licence = ctypes.create_string_buffer(b"GPL")
    addresses = ctypes.addressof(program), ctypes.addressof(licence)
    load = struct.pack("=IIQQ", PROG_TYPE_XDP, len(instructions) // 8, *addresses)
    program_descriptor = bpf(PROG_LOAD, load)
    try:
        ifindex = socket.if_nametoindex(interface)
        create = struct.pack("=IIII", program_descriptor, ifindex, ATTACH_XDP, NATIVE)
        link = bpf(LINK_CREATE, create)
        try:
            yield
        finally:
            os.close(link)
    finally:
        os.close(program_descriptor)


@pytest.mark.parametrize("verdict", ["none", "drop", "pass", "redirect"])
def test_every_frame_is_counted_whatever_became_of_it(router: Router, verdict: str) -> None:
    sender = router.hosts[0]
    with entered(router.namespace.name):
        programs = {
            "drop": returning(1),
            "pass": returning(2),
            "redirect": redirecting(socket.if_nametoindex("p2")),
        }
        if verdict == "none":
            sent, by_driver, by_interface, arrived = count_frames(router)
        else:
            with attached("p1", programs[verdict]):
                sent, by_driver, by_interface, arrived = count_frames(router)
        others = read_statistics("p1")["rx_queue_0_drops"]

    # Neighbour discovery of the host is all that may come besides.
    assert 0 <= by_driver - sent <= 5
    assert by_interface == by_driver
    assert others == 0
    assert arrived == (0 if verdict == "drop" else sent)
    assert sender.namespace.run(read_received_packets, "lo") == 0


def count_frames(router: Router) -> tuple[int, int, int, int]:
    """Frames sent, received by both counts of p1, and arrived at h2."""
    sender, receiving = router.hosts
    flow = Flow(
        source_mac=sender.mac,
        destination_mac=sender.gateway_mac,
        source=sender.ipv4,
        destination=parse_address("198.18.2.1"),
    )
    with Receiver(receiving, is_numbered) as receiver:
        before = read_received_packets("p1"), read_interface_packets("p1")
        send_numbered(sender, [flow], COUNT)
        after = read_received_packets("p1"), read_interface_packets("p1")
    return COUNT, after[0] - before[0], after[1] - before[1], len(receiver.frames)


@pytest.mark.parametrize("name", ["absent", "", "a" * 16, "p1:1 2 3", "\udcff", "x\n p2"])
def test_no_such_interface_is_an_os_error(router: Router, name: str) -> None:
    for read in (read_received_packets, read_interface_packets, read_statistics):
        with pytest.raises(OSError, match="No such device"):
            router.namespace.run(read, name)


def test_a_strange_name_hides_no_interface() -> None:
    with Lab() as lab:
        namespace = lab.namespace("only")
        name = "\x1c\u2028a"
        namespace.ip(f"link add {name} type veth peer name \u2028p9", f"link set {name} up")
        for interface in (name, "\u2028p9", "lo"):
            assert namespace.run(read_interface_packets, interface) >= 0
            assert namespace.run(read_received_packets, interface) >= 0


def test_an_interface_without_driver_statistics_has_the_fallback(router: Router) -> None:
    with entered(router.namespace.name):
        with pytest.raises(OSError, match="not supported"):
            read_statistics("lo")
        assert read_received_packets("lo") == read_interface_packets("lo")

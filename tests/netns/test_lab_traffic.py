"""What the lab sends and receives through a plain kernel router."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest

from ebtop.lab.frames import Flow, build_udp, checksum, expected_forwarded, parse_frame
from ebtop.lab.namespace import open_sender
from ebtop.lab.numbered import NumberedStream, compare_numbered, is_numbered, send_numbered
from ebtop.lab.offload import GRO, TX_CHECKSUM, TX_VLAN, read_offload
from ebtop.lab.receiver import Receiver
from ebtop.lab.topology import Host, Lab, Router, RouterPort
from ebtop.model.prefix import Address, parse_address

SOURCES = (parse_address("198.18.1.1"), parse_address("2001:db8:1::1"))


@pytest.fixture(scope="module")
def router() -> Iterator[Router]:
    with Lab() as lab:
        router = lab.router()
        for number in range(1, 5):
            router.add_routes(
                f"198.18.{number}.0/24 via 10.255.{number}.2",
                f"2001:db8:{number}::/48 via fd00:0:0:{number}::2",
            )
        yield router


def destinations(number: int, count: int) -> list[Address]:
    """Addresses behind a port, of both families in turn."""
    ipv4 = [parse_address(f"198.18.{number}.{last}") for last in range(1, count // 2 + 1)]
    ipv6 = [parse_address(f"2001:db8:{number}::{last:x}") for last in range(1, count // 2 + 1)]
    return [address for pair in zip(ipv4, ipv6, strict=True) for address in pair]


def flow_to(host: Host, destination: Address, **changes: int) -> Flow:
    return Flow(
        source_mac=host.mac,
        destination_mac=host.gateway_mac,
        source=SOURCES[destination.family == 6],
        destination=destination,
        **changes,
    )


def test_offloads_are_what_xdp_needs(router: Router) -> None:
    host = router.hosts[0]
    read = host.namespace.run
    assert router.namespace.run(read_offload, "p1", GRO)
    assert read(read_offload, host.interface, GRO)
    assert not read(read_offload, host.interface, TX_CHECKSUM)
    assert not read(read_offload, host.interface, TX_VLAN)


def test_every_numbered_packet_arrives_once_and_right(router: Router) -> None:
    sender = router.hosts[0]
    port_of: dict[Address, RouterPort] = {
        destination: port
        for number, port in enumerate(router.ports[1:], start=2)
        for destination in destinations(number, 200)
    }
    flows = [flow_to(sender, destination) for destination in port_of]
    with ExitStack() as stack:
        receivers = [stack.enter_context(Receiver(host, is_numbered)) for host in router.hosts]
        stream = send_numbered(sender, flows, 20_003, first=1 << 40)
        for receiver in receivers:
            receiver.close()

        def expected(number: int) -> bytes:
            port = port_of[stream.flow(number).destination]
            return expected_forwarded(stream.frame(number), port.mac, port.host.mac)

        result = compare_numbered(
            stream, [frame for receiver in receivers for frame in receiver.frames], expected
        )

    assert [receiver.lost for receiver in receivers] == [0, 0, 0, 0]
    assert receivers[0].frames == []
    assert result.perfect, result


def test_receiver_waits_for_what_comes_and_no_longer(router: Router) -> None:
    sender, other = router.hosts[:2]
    flows = [flow_to(sender, destination) for destination in destinations(2, 2)]
    with Receiver(other, is_numbered) as receiver:
        send_numbered(sender, flows, 10)
        assert receiver.wait_for(10) == 10
        assert receiver.wait_for(11, timeout_s=0.05) == 10


@pytest.mark.parametrize(
    ("destination", "changes"),
    [
        pytest.param("198.18.2.9", {"payload_bytes": 24}, id="ipv4"),
        pytest.param("198.18.2.9", {"payload_bytes": 1472}, id="ipv4-full-mtu"),
        pytest.param("198.18.2.9", {"hop_limit": 2}, id="ipv4-ttl-2"),
        pytest.param("198.18.2.9", {"hop_limit": 255}, id="ipv4-ttl-255"),
        pytest.param("2001:db8:2::9", {"payload_bytes": 24}, id="ipv6"),
        pytest.param("2001:db8:2::9", {"payload_bytes": 1452}, id="ipv6-full-mtu"),
        pytest.param("2001:db8:2::9", {"hop_limit": 2}, id="ipv6-hop-limit-2"),
    ],
)
@pytest.mark.parametrize("trailer", [b"", b"trailer"])
def test_the_kernel_sends_what_is_expected(
    router: Router, destination: str, changes: dict[str, int], trailer: bytes
) -> None:
    port = router.ports[1]
    sender = router.hosts[0]
    flow = flow_to(sender, parse_address(destination), **changes)
    frame = NumberedStream([flow], 1).frame(0)
    frame += trailer if len(frame) < 1500 else b""
    assert emitted(router, frame) == [expected_forwarded(frame, port.mac, port.host.mac)]


def test_the_kernel_updates_every_checksum_as_expected(router: Router) -> None:
    """With and without a carry, and the two sums that ip_decrease_ttl() alone makes so."""
    port = router.ports[1]
    flow = flow_to(router.hosts[0], parse_address("198.18.2.9"))
    base = NumberedStream([flow], 1).frame(0)
    frames = [with_identification(base, wanted) for wanted in (0, 0x00FF, 0xFEFE, 0xFEFF, 0xFF00)]
    for frame in frames:
        assert emitted(router, frame) == [expected_forwarded(frame, port.mac, port.host.mac)]


def with_identification(frame: bytes, wanted_checksum: int) -> bytes:
    """The frame with the identification that makes its header checksum the wanted one."""
    before = int.from_bytes(frame[24:26], "big")
    identification = (before - wanted_checksum) % 0xFFFF
    total = wanted_checksum.to_bytes(2, "big")
    return frame[:18] + identification.to_bytes(2, "big") + frame[20:24] + total + frame[26:]


def emitted(router: Router, frame: bytes) -> list[bytes]:
    """The numbered frames that h2 gets when h1 sends one."""
    sender, receiving = router.hosts[:2]
    with (
        Receiver(receiving, is_numbered) as receiver,
        sender.namespace.run(open_sender, sender.interface) as packet_socket,
    ):
        packet_socket.send(frame)
        receiver.wait_for(1)
    return receiver.frames


def test_a_ttl_that_ends_is_answered_and_not_forwarded(router: Router) -> None:
    sender, receiving = router.hosts[:2]
    frame = NumberedStream([flow_to(sender, parse_address("198.18.2.9"), hop_limit=1)], 1).frame(0)
    with (
        Receiver(receiving, is_numbered) as receiver,
        Receiver(sender, lambda answer: answer[23:24] == b"\1") as answers,
        sender.namespace.run(open_sender, sender.interface) as packet_socket,
    ):
        packet_socket.send(frame)
        assert answers.wait_for(1) == 1
    answer = parse_frame(answers.frames[0])

    assert receiver.frames == []
    assert (answer.source, answer.transport[:2]) == (router.ports[0].ipv4, b"\x0b\0")
    assert answer.destination == SOURCES[0]
    with pytest.raises(ValueError, match="TTL ends here"):
        expected_forwarded(frame, sender.mac, receiving.mac)


@pytest.mark.parametrize("family", [4, 6])
def test_what_is_built_is_what_the_kernel_builds(router: Router, family: int) -> None:
    """A packet of a real socket, all checksums finished, equals build_udp() byte for byte."""
    sender, port = router.hosts[0], router.ports[1]
    sender.namespace.apply_sysctls({"net/ipv6/auto_flowlabels": 0})
    kind = socket.AF_INET if family == 4 else socket.AF_INET6
    source = sender.ipv4 if family == 4 else sender.ipv6
    destination = parse_address("198.18.2.9" if family == 4 else "2001:db8:2::9")
    flow = replace(flow_to(sender, destination), source=source, destination_port=9)

    def send() -> int:
        with socket.socket(kind, socket.SOCK_DGRAM) as udp:
            udp.sendto(b"an odd size", (str(destination), 9))
            return int(udp.getsockname()[1])

    with Receiver(port.host, lambda frame: frame.endswith(b"an odd size")) as receiver:
        flow = replace(flow, source_port=sender.namespace.run(send))
        receiver.wait_for(1)
    expected = expected_forwarded(build_udp(flow, b"an odd size"), port.mac, port.host.mac)
    (frame,) = receiver.frames
    if family == 4:  # the kernel's identification is random
        assert checksum(frame[14:34]) == 0
        expected = expected[:18] + frame[18:20] + expected[20:24] + frame[24:26] + expected[26:]

    assert frame == expected
    assert parse_frame(frame).ports == (flow.source_port, 9)


def test_twins_send_the_same_bytes() -> None:
    with Lab() as lab:
        twins = lab.router(ports=2), lab.router("twin", ports=2, host_prefix="t")
        for twin in twins:
            twin.add_routes("198.18.2.0/24 via 10.255.2.2")
        flow = flow_to(twins[0].hosts[0], parse_address("198.18.2.9"))
        frame = NumberedStream([flow], 1).frame(0)
        first, second = (emitted(twin, frame) for twin in twins)

        assert len({host.namespace.name for twin in twins for host in twin.hosts}) == 4
        assert len(first) == 1
        assert first == second


@pytest.mark.parametrize("ports", [0, 65])
def test_a_router_has_as_many_ports_as_fit(ports: int) -> None:
    with Lab() as lab, pytest.raises(ValueError, match="1 to 64 ports"):
        lab.router(ports=ports)


def test_a_host_accepts_what_is_behind_it(router: Router) -> None:
    """TCP over the router between real sockets; the server's address is in a local prefix."""
    client, server = router.hosts[0], router.hosts[3]
    server.accept("198.18.4.0/24")
    listener = server.namespace.run(socket.create_server, ("0.0.0.0", 5001))  # noqa: S104  a lab
    with listener:
        connection = client.namespace.run(socket.create_connection, ("198.18.4.77", 5001), 5)
        accepted, _ = listener.accept()
        with connection, accepted:
            data = bytes(number * number % 251 for number in range(50_000))
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            accepted.settimeout(5)
            received = b"".join(iter(lambda: accepted.recv(65536), b""))

    assert received == data

"""The demo's routes and traffic are varied, bounded and the same every time."""

from collections import Counter
from collections.abc import Iterator

import pytest

from ebtop.lab.demo_router import DEMO_ROUTES, PORTS, DemoRoute, format_route
from ebtop.lab.demo_traffic import Stream, compile_streams
from ebtop.lab.frames import Frame, checksum, parse_frame, transport_checksum
from ebtop.lab.generator import Generator, main
from ebtop.lab.topology import host_mac, port_addresses, port_mac
from ebtop.model.prefix import Address, Prefix, parse_prefix

PORT_NUMBERS = range(1, PORTS + 1)
STREAMS = compile_streams(1)


class CountingSender:
    """Counts frames; every other one fails where it is told to."""

    def __init__(self, *, failing: bool = False) -> None:
        self.sent = 0
        self.tried = 0
        self._failing = failing

    def send(self, data: bytes, /) -> int:
        self.tried += 1
        if self._failing and self.tried % 2:
            raise OSError("Network is down")
        self.sent += 1
        return len(data)


def best_route(destination: Address) -> DemoRoute:
    return max(
        (route for route in DEMO_ROUTES if route.prefix.contains(destination)),
        key=lambda route: (route.prefix.length, -route.metric),
    )


def egress_ports(destination: Address) -> set[int]:
    """Ports that a packet leaves by; none for the router's own addresses."""
    if destination in {address for port in PORT_NUMBERS for address in port_addresses(port)}:
        return set()
    connected = {port for port in PORT_NUMBERS if connected_prefix(port).contains(destination)}
    return connected or set(best_route(destination).ports)


def connected_prefix(port: int) -> Prefix:
    return parse_prefix(f"10.255.{port}.0/24")


def frames_of(streams: list[Stream]) -> Iterator[tuple[Stream, Frame]]:
    for stream in streams:
        for frame in stream.frames:
            yield stream, parse_frame(frame)


def test_there_are_about_sixty_routes_of_many_kinds() -> None:
    assert 55 <= len(DEMO_ROUTES) <= 70
    assert len({(route.prefix, route.metric) for route in DEMO_ROUTES}) == len(DEMO_ROUTES)
    assert len({(route.prefix.family, route.prefix.length) for route in DEMO_ROUTES}) >= 25
    assert len({route.owner for route in DEMO_ROUTES}) >= 7
    kinds = Counter(route.kind for route in DEMO_ROUTES)
    assert kinds.keys() == {"unicast", "blackhole", "unreachable", "prohibit", "throw"}
    equal_cost = {route.prefix.family for route in DEMO_ROUTES if len(route.ports) > 1}
    assert equal_cost == {4, 6}


@pytest.mark.parametrize(
    ("prefix", "text"),
    [
        ("0.0.0.0/0", "unicast 0.0.0.0/0 proto 4 via 10.255.4.2 dev p4"),
        (
            "192.168.101.12/31",
            "unicast 192.168.101.12/31 proto 189 metric 120 via 10.255.1.2 dev p1",
        ),
        ("10.66.0.0/16", "blackhole 10.66.0.0/16 proto 4"),
        ("100.64.0.0/10", "unicast 100.64.0.0/10 proto 4 nhid 20"),
        ("10.80.0.0/16", "unicast 10.80.0.0/16 proto 4 mtu 1280 via 10.255.3.2 dev p3"),
    ],
)
def test_routes_are_what_ip_takes(prefix: str, text: str) -> None:
    route = next(route for route in DEMO_ROUTES if route.prefix == parse_prefix(prefix))
    assert format_route(route) == text


def test_equal_cost_routes_are_what_ip_takes() -> None:
    weighted = next(route for route in DEMO_ROUTES if route.weights)
    assert format_route(weighted).split(" nexthop ") == [
        "unicast 203.0.113.0/24 proto 186",
        "via 10.255.1.2 dev p1 weight 1",
        "via 10.255.4.2 dev p4 weight 3",
    ]


def test_the_seed_is_all_that_matters() -> None:
    assert compile_streams(1) == STREAMS
    assert compile_streams(2) != STREAMS


@pytest.mark.parametrize("seed", range(20))
def test_every_route_has_traffic_that_is_its_own(seed: int) -> None:
    streams = compile_streams(seed)
    reached = {best_route(frame.destination) for _, frame in frames_of(streams)}
    unreached = set(DEMO_ROUTES) - reached
    assert {(str(route.prefix), route.metric) for route in unreached} == {
        ("0.0.0.0/0", 200),
        ("::/0", 2048),
    }, "only what another route of its prefix shadows"


def test_frames_are_sound_and_come_in_by_another_port() -> None:
    for stream, frame in frames_of(STREAMS):
        assert frame.source_mac == host_mac(stream.host)
        assert frame.destination_mac == port_mac(stream.host)
        assert (
            transport_checksum(frame.source, frame.destination, frame.protocol, frame.transport)
            == 0
        )
        assert stream.host not in egress_ports(frame.destination)
    for stream in STREAMS:
        for raw in stream.frames:
            assert len(raw) <= 1514
            assert raw[12:14] != b"\x08\x00" or checksum(raw[14:34]) == 0


def test_traffic_is_varied() -> None:
    kinds = Counter(stream.name.split()[0] for stream in STREAMS)
    assert {"steady", "mice", "elephant", "bursts", "lost", "expiring"} <= kinds.keys()
    sizes = {len(raw) for stream in STREAMS for raw in stream.frames}
    assert min(sizes) < 70
    assert max(sizes) == 1514
    assert {frame.hop_limit for _, frame in frames_of(STREAMS)} == {1, 64}
    assert {stream.host for stream in STREAMS} == set(PORT_NUMBERS)


def test_the_rate_is_never_above_the_cap() -> None:
    sender = CountingSender()
    generator = Generator(STREAMS, [sender] * PORTS, 5000)
    before = 0
    rates = []
    for slice_number in range(6000):
        generator.send(slice_number * 0.01, 0.01)
        if slice_number % 100 == 99:
            rates.append(sender.sent - before)
            before = sender.sent

    assert max(rates) <= 5000 + len(STREAMS)
    assert min(rates) >= 1000
    assert max(rates) - min(rates) >= 500, "it varies"
    assert generator.sent == sender.sent


def test_a_link_that_is_down_stops_nothing_else() -> None:
    good, bad = CountingSender(), CountingSender(failing=True)
    generator = Generator(STREAMS, [bad, good, bad, good], 5000)
    for slice_number in range(100):
        generator.send(slice_number * 0.01, 0.01)

    assert bad.tried > bad.sent
    assert generator.sent == good.sent + bad.sent
    assert good.sent > 100


@pytest.mark.parametrize(
    "words",
    [
        ["--parent", "1", "--rate-pps", "0", "h1"],
        ["--parent", "1", "--rate-pps", "1000000", "h1"],
        ["--parent", "1", "--duration-s", "0", "h1"],
        ["--parent", "1"],
        ["h1"],
    ],
)
def test_bounds_are_enforced(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(words)

    assert end.value.code == 2
    assert "usage" in capsys.readouterr().err

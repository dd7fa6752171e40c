"""What the demo's hosts send: streams of ready frames, each with a rate that varies with time.

Pure and seeded: the same seed gives the same frames and rates.
"""

import math
from dataclasses import dataclass, replace
from random import Random

from ebtop.lab.demo_router import CONNECTED_RANGE, DEMO_ROUTES, PORTS, DemoRoute
from ebtop.lab.frames import Flow, build_udp
from ebtop.lab.topology import host_mac, port_addresses, port_mac
from ebtop.model.prefix import Address, Prefix, parse_address, parse_prefix, unpack_address

_FULL_MTU_BYTES = 1500
_MICE = 64  # flows of a stream of mice
_TRIES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """Frames that a host sends in turn.

    `weight` is the stream's part of the traffic at its height, relative to the other streams.
    With a period it swings between nothing and that, or (duty < 1) is on for that part of it.
    """

    name: str
    host: int  # from 1
    frames: tuple[bytes, ...]
    weight: float
    period_s: float = 0.0
    duty: float = 1.0
    phase_s: float = 0.0

    def level(self, elapsed_s: float) -> float:
        """Part of its height that it sends at a time: 0..1."""
        if not self.period_s:
            return 1.0
        part = (elapsed_s + self.phase_s) % self.period_s / self.period_s
        if self.duty < 1:
            return float(part < self.duty)
        return 0.5 - 0.5 * math.cos(2 * math.pi * part)


def compile_streams(seed: int) -> list[Stream]:
    """All streams of the demo; their weights add up to 1."""
    random = Random(seed)  # noqa: S311  traffic, no secret
    streams = [
        *(_steady(route, random) for route in DEMO_ROUTES if route.ports and not _shadowed(route)),
        *(_mice(prefix, random) for prefix in ("0.0.0.0/0", "10.0.0.0/8", "::/0", "2001:db8::/32")),
        *(_elephant(prefix, random) for prefix in ("192.0.2.0/24", "10.17.0.0/16")),
        *(_elephant(prefix, random) for prefix in ("2001:db8:4110::/44", "198.51.100.0/24")),
        *(_burst(prefix, random) for prefix in ("172.16.0.0/12", "192.168.0.0/16", "fd10::/16")),
        *(_burst(prefix, random) for prefix in ("203.0.113.0/24", "2001:db8:100::/40")),
        *(_lost(route, random) for route in DEMO_ROUTES if not route.ports),
        *_oddities(random),
    ]
    total = sum(stream.weight for stream in streams)
    return [replace(stream, weight=stream.weight / total) for stream in streams]


def _steady(route: DemoRoute, random: Random) -> Stream:
    """One to four flows to each route, of very different rates; some swing slowly."""
    host = _entry(route, random)
    flows = [_flow(host, _inside(route, random), random) for _ in range(random.randint(1, 4))]
    return Stream(
        name=f"steady to {route.prefix}",
        host=host,
        frames=tuple(build_udp(flow, bytes(flow.payload_bytes)) for flow in flows),
        weight=random.lognormvariate(0, 1.2),
        period_s=random.choice((0.0, 0.0, random.uniform(20, 90))),
        phase_s=random.uniform(0, 90),
    )


def _mice(prefix: str, random: Random) -> Stream:
    """Many small flows, a packet each in turn."""
    route = _route(prefix)
    host = _entry(route, random)
    flows = [_flow(host, _inside(route, random), random, payload_bytes=18) for _ in range(_MICE)]
    frames = tuple(build_udp(flow, bytes(18)) for flow in flows)
    return Stream(name=f"mice to {prefix}", host=host, frames=frames, weight=6.0)


def _elephant(prefix: str, random: Random) -> Stream:
    """One flow of full-size packets that swells and ebbs."""
    route = _route(prefix)
    host = _entry(route, random)
    flow = _flow(host, _inside(route, random), random)
    return Stream(
        name=f"elephant to {prefix}",
        host=host,
        frames=(_full_size(flow),),
        weight=9.0,
        period_s=random.uniform(30, 60),
        phase_s=random.uniform(0, 60),
    )


def _burst(prefix: str, random: Random) -> Stream:
    """Nothing for seconds, then much."""
    route = _route(prefix)
    host = _entry(route, random)
    flows = [_flow(host, _inside(route, random), random) for _ in range(8)]
    return Stream(
        name=f"bursts to {prefix}",
        host=host,
        frames=tuple(build_udp(flow, bytes(flow.payload_bytes)) for flow in flows),
        weight=8.0,
        period_s=random.uniform(6, 15),
        duty=random.uniform(0.1, 0.3),
        phase_s=random.uniform(0, 15),
    )


def _lost(route: DemoRoute, random: Random) -> Stream:
    """To where no route leads."""
    host = random.randint(1, PORTS)
    flow = _flow(host, _inside(route, random), random)
    frames = (build_udp(flow, bytes(flow.payload_bytes)),)
    return Stream(name=f"lost at {route.prefix}", host=host, frames=frames, weight=0.3)


def _oddities(random: Random) -> list[Stream]:
    """What the kernel has to answer, and what goes to neighbours and to the router itself."""
    expiring = [
        replace(_flow(2, parse_address(text), random), hop_limit=1)
        for text in ("192.0.2.1", "2001:db8:4110::1")
    ]
    local = [_flow(3, address, random) for address in port_addresses(1)]
    too_long = _flow(1, parse_address("10.80.1.1"), random)
    neighbours = parse_prefix(CONNECTED_RANGE)
    connected = [_flow(1, _nth(neighbours, number), random) for number in range(1, 7)]
    frames = {
        flow.destination: build_udp(flow, bytes(flow.payload_bytes))
        for flow in (*expiring, *local, *connected)
    }
    return [
        _odd("expiring", 2, tuple(frames[flow.destination] for flow in expiring), 0.2),
        _odd("to the router", 3, tuple(frames[flow.destination] for flow in local), 0.1),
        _odd("too long", 1, (_full_size(too_long),), 0.1),
        _odd("to neighbours", 1, tuple(frames[flow.destination] for flow in connected), 3.0),
    ]


def _odd(name: str, host: int, frames: tuple[bytes, ...], weight: float) -> Stream:
    return Stream(name=name, host=host, frames=frames, weight=weight)


def _flow(host: int, destination: Address, random: Random, payload_bytes: int = 0) -> Flow:
    """A flow from a random source behind a host."""
    last = random.randint(1, 254)
    ipv4 = destination.family == 4
    source = f"198.18.{host}.{last}" if ipv4 else f"2001:db8:{host}::{last:x}"
    return Flow(
        source_mac=host_mac(host),
        destination_mac=port_mac(host),
        source=parse_address(source),
        destination=destination,
        source_port=random.randint(1024, 65535),
        destination_port=random.choice((53, 123, 443, 4500, 5004, 8472)),
        payload_bytes=payload_bytes or random.randint(26, 600),
    )


def _full_size(flow: Flow) -> bytes:
    headers = 28 if flow.source.family == 4 else 48
    return build_udp(flow, bytes(_FULL_MTU_BYTES - headers))


def _route(prefix: str) -> DemoRoute:
    return next(route for route in DEMO_ROUTES if str(route.prefix) == prefix)


def _shadowed(route: DemoRoute) -> bool:
    """Whether another route of its prefix is preferred."""
    return any(
        other.prefix == route.prefix and other.metric < route.metric for other in DEMO_ROUTES
    )


def _entry(route: DemoRoute, random: Random) -> int:
    """A port to come in by that the route does not leave by."""
    return random.choice([port for port in range(1, PORTS + 1) if port not in route.ports])


def _inside(route: DemoRoute, random: Random) -> Address:
    """An address that this route carries, and no longer one."""
    longer = [
        other.prefix
        for other in DEMO_ROUTES
        if other.prefix.length > route.prefix.length and other.prefix.family == route.prefix.family
    ]
    for _ in range(_TRIES):
        address = _random_address(route.prefix, random)
        if not any(prefix.contains(address) for prefix in longer):
            return address
    raise ValueError(f"No address is {route.prefix}'s own.")


def _random_address(prefix: Prefix, random: Random) -> Address:
    if prefix.length == 0:  # only what is global unicast anywhere
        first = random.randint(20, 90) if prefix.family == 4 else 0x20
        prefix = Prefix(prefix.family, first << 56, 0, 8)
    bits = 32 if prefix.family == 4 else 128
    return _nth(prefix, random.getrandbits(bits - prefix.length) if prefix.length < bits else 0)


def _nth(prefix: Prefix, number: int) -> Address:
    """The address of a prefix with the given host part."""
    base = int.from_bytes(Address(prefix.family, prefix.high, prefix.low).packed, "big")
    return unpack_address((base + number).to_bytes(4 if prefix.family == 4 else 16, "big"))

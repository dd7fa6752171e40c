"""Numbered traffic through a router while its routes change: where each packet had to arrive."""

import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from ebtop.lab.frames import Flow, expected_forwarded
from ebtop.lab.namespace import open_sender
from ebtop.lab.numbered import NumberedStream, is_numbered, read_number
from ebtop.lab.receiver import Receiver
from ebtop.lab.topology import Host, Lab, Router, host_mac, port_mac
from ebtop.model.match import find_longest_match
from ebtop.model.prefix import parse_address
from ebtop.model.route import RouteType
from ebtop.model.snapshot import Snapshot
from ebtop.model.verdict import Verdict
from tests.netns.running_engine import RunningEngine, forwarding, run_engine

SETTLE_S = 15.0
RATE_PPS = 1000
_BURST = 4
_FLIGHT_NS = 50_000_000  # what a packet may need from the sender to a receiver
_WINDOW_NS = 300_000_000
_MOST_PACKETS = 200_000
_BACKGROUND = {
    # ARP, ND and what else the hosts send by themselves.
    Verdict.PUNT_ETHERTYPE,
    Verdict.PUNT_GROUP_MAC,
    Verdict.PUNT_LOCAL,
    Verdict.PUNT_SOURCE,
    Verdict.PUNT_DESTINATION,
}


@dataclass(frozen=True, slots=True)
class Place:
    """A host, and the MACs of a frame that gets there."""

    host: int
    mac: bytes
    source_mac: bytes


Way = frozenset[Place]
NOWHERE: Way = frozenset()


def at(host: int, mac: bytes = b"", source_mac: bytes = b"") -> Way:
    """The way to one host, by default by the lab's own MACs."""
    return frozenset({Place(host, mac or host_mac(host), source_mac or port_mac(host))})


@dataclass(frozen=True, slots=True)
class Step:
    """A change, and where packets of both families have to go from then on."""

    name: str
    lines: tuple[str, ...]  # for `ip` in the router, or in a host
    ipv4: Way
    ipv6: Way
    verdict: Verdict = Verdict.FORWARDED  # what XDP does with each of them
    in_host: int = 0

    def way(self, flow: Flow) -> Way:
        return self.ipv4 if flow.source.family == 4 else self.ipv6


@dataclass(slots=True)
class Done:
    """A step as it went, all times on the monotonic clock."""

    step: Step
    begun_ns: int
    applied_ns: int
    settled_ns: int
    unseen: list[str] = field(default_factory=list)  # what contradicts the step once settled


class Traffic:
    """Packets of all flows in turn, from the block's begin to its end."""

    def __init__(self, host: Host, flows: Sequence[Flow]) -> None:
        self.stream = NumberedStream(flows, _MOST_PACKETS)
        self.sent_ns: list[int] = []  # by number
        self._host = host
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._send, name="traffic")

    @contextmanager
    def running(self) -> Iterator[None]:
        self._thread.start()
        try:
            yield
        finally:
            self._stop.set()
            self._thread.join()

    def sent_between(self, start_ns: int, stop_ns: int) -> list[int]:
        """The numbers sent in a span of time."""
        return [n for n, sent_ns in enumerate(self.sent_ns) if start_ns <= sent_ns < stop_ns]

    def _send(self) -> None:
        with self._host.namespace.run(open_sender, self._host.interface) as sender:
            while not self._stop.wait(_BURST / RATE_PPS) and len(self.sent_ns) < _MOST_PACKETS:
                for _ in range(_BURST):
                    frame = self.stream.frame(len(self.sent_ns))
                    self.sent_ns.append(time.monotonic_ns())
                    sender.send(frame)


class ChangingRouter:
    """The router's engine, the traffic, and what arrived so far."""

    def __init__(
        self, engine: RunningEngine, traffic: Traffic, receivers: Mapping[int, Receiver]
    ) -> None:
        self.engine = engine
        self.traffic = traffic
        self.done: list[Done] = []
        self.arrived: dict[int, Place] = {}  # by number
        self.wrong: list[str] = []  # packets that no router may send
        self._receivers = receivers
        self._read = dict.fromkeys(receivers, 0)
        self._ports: dict[int, int] = {}  # ifindex -> number of the host behind it

    def follow(self, step: Step) -> Done:
        """Makes the change, waits until all packets go the new way in XDP, and a tick more."""
        namespace = self.engine.router.namespace
        if step.in_host:
            namespace = self.engine.router.hosts[step.in_host - 1].namespace
        begun_ns = time.monotonic_ns()
        if step.lines:
            namespace.ip(*step.lines)
        applied_ns = time.monotonic_ns()
        settled = self._settle(step, applied_ns)
        enough_ns = settled.taken_ns + _WINDOW_NS  # a late tick has the next one close behind
        later = self.engine.wait_until(lambda snapshot: snapshot.taken_ns > enough_ns)
        done = Done(step, begun_ns, applied_ns, settled.taken_ns)
        done.unseen = self._contradictions(step, settled, later)
        self.done.append(done)
        return done

    def _settle(self, step: Step, applied_ns: int) -> Snapshot:
        """The second of two ticks between which each packet went the step's way."""
        before = self.engine.wait_until(lambda snapshot: snapshot.taken_ns > applied_ns)
        deadline_s = time.monotonic() + SETTLE_S
        while True:
            after = self.engine.snapshot()
            unseen = self._contradictions(step, before, after)
            if not unseen:
                return after
            assert time.monotonic() < deadline_s, f"{step.name}: {unseen}"
            before = after

    def _contradictions(self, step: Step, before: Snapshot, after: Snapshot) -> list[str]:
        """What between two ticks, or in the table of the second, is not as the step says."""
        self._ports = self._ports or {
            index: int(name[1:]) for index, name in after.names.items() if name[1:].isdecimal()
        }
        self.read_arrivals()
        numbers = self.traffic.sent_between(before.taken_ns, after.taken_ns - _FLIGHT_NS)
        moved = _moved(before, after)
        found = [] if numbers else ["nothing was sent"]
        if moved.pop(step.verdict, 0) < len(numbers):
            found.append(f"fewer than {len(numbers)} packets were {step.verdict.name}")
        if moved:
            found.append(f"XDP did other things: {moved}")
        for flow in self.traffic.stream.flows:
            ports = self._ports_in_table(after, flow)
            if ports != {place.host for place in step.way(flow)} and step.way(flow):
                found.append(f"the table says {flow.destination} leaves by {ports}")
        astray = [n for n in numbers if not self.arrived_right(n, step)]
        if astray:
            found.append(f"{len(astray)} of {len(numbers)} packets went another way")
        return found

    def _ports_in_table(self, snapshot: Snapshot, flow: Flow) -> set[int]:
        row = find_longest_match(snapshot.routes, flow.destination)
        if not row or snapshot.routes["type"][row] != RouteType.UNICAST:
            return set()
        members = snapshot.groups[int(snapshot.routes["group"][row])].members
        return {self._ports[member.ifindex] for member in members if not member.flags & 1}

    def arrived_right(self, number: int, *steps: Step) -> bool:
        """Whether a packet is at a place that one of the steps names, or nowhere if one does."""
        ways = [step.way(self.traffic.stream.flow(number)) for step in steps]
        place = self.arrived.get(number)
        if place is None:
            return NOWHERE in ways
        return any(place in way for way in ways)

    def read_arrivals(self) -> None:
        """Takes in what the hosts received since the last call."""
        for host, receiver in self._receivers.items():
            frames = receiver.frames[self._read[host] :]
            self._read[host] += len(frames)
            for frame in frames:
                self._note(host, frame)

    def _note(self, host: int, frame: bytes) -> None:
        number = read_number(frame)
        assert number is not None
        place = Place(host, frame[:6], frame[6:12])
        sent = self.traffic.stream.frame(number)
        if number in self.arrived:
            self.wrong.append(f"packet {number} arrived twice, at {place}")
        if frame != expected_forwarded(sent, place.source_mac, place.mac):
            self.wrong.append(f"packet {number} was changed: {frame.hex()}")
        self.arrived[number] = place

    def places_by_flow(self, numbers: Sequence[int]) -> Mapping[Flow, set[Place]]:
        """Where the packets of each flow arrived."""
        places: defaultdict[Flow, set[Place]] = defaultdict(set)
        for number in numbers:
            if number in self.arrived:
                places[self.traffic.stream.flow(number)].add(self.arrived[number])
        return places


def _moved(before: Snapshot, after: Snapshot) -> dict[Verdict, int]:
    """Verdicts of p1's packets between two ticks, without what the hosts send by themselves."""
    counts = [
        next(port.verdicts for port in snapshot.ports if port.name == "p1")
        for snapshot in (before, after)
    ]
    moved = {Verdict(v): count - counts[0].get(v, 0) for v, count in counts[1].items()}
    return {v: count for v, count in moved.items() if count and v not in _BACKGROUND}


@contextmanager
def changing_router(
    lines: Sequence[str],
    destinations: Sequence[str],
    sysctls: Mapping[str, int],
) -> Iterator[ChangingRouter]:
    """A lab router with routes, `ebtop run` on it, and traffic from h1 to the destinations."""
    with ExitStack() as stack:
        lab = stack.enter_context(Lab())
        router = lab.router()
        router.namespace.apply_sysctls(sysctls)
        router.namespace.ip(*lines)
        engine = stack.enter_context(run_engine(lab, router))
        engine.wait_until(forwarding)
        receivers = {
            number: stack.enter_context(Receiver(host, is_numbered))
            for number, host in enumerate(router.hosts, start=1)
        }
        traffic = Traffic(router.hosts[0], [_flow(router, one) for one in destinations])
        changing = ChangingRouter(engine, traffic, receivers)
        with traffic.running():
            yield changing
        assert all(receiver.lost == 0 for receiver in receivers.values())


def _flow(router: Router, destination: str) -> Flow:
    host = router.hosts[0]
    address = parse_address(destination)
    source = "198.19.0.1" if address.family == 4 else "2001:db8:ffff::1"
    return Flow(
        source_mac=host.mac,
        destination_mac=host.gateway_mac,
        source=parse_address(source),
        destination=address,
    )

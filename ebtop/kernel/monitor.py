"""Follows the kernel's routes, links, neighbours, rules and next-hop objects.

Routes can vanish without RTM_DELROUTE: on admin-down, deletion of a link, an address or a
next-hop object, and loss of carrier. So what could have caused that makes a whole dump of the
routes due. A dump costs about 1.3 s for a million routes, two thirds of them in the kernel;
it is done at most every 100 ms and takes half of the time at most, however links flap.
"""

import socket
import struct
import time
from collections.abc import Iterator
from contextlib import suppress
from types import MappingProxyType

import numpy as np

from ebtop.kernel.decode_routes import decode_indexed_routes, decode_routes
from ebtop.kernel.events import (
    RECEIVE_BUFFER_BYTES,
    EventsLost,
    EventSocket,
    LinksRead,
    Message,
    NeighboursRead,
    NexthopsChanged,
    RoutesChanged,
    RoutesDumped,
    RulesChanged,
)
from ebtop.kernel.links import (
    InterfaceAddress,
    decode_interface_address,
    decode_link,
    read_interfaces,
)
from ebtop.kernel.neighbours import NeighbourTable, decode_neighbour, read_neighbours
from ebtop.kernel.netlink import MalformedMessage, MessageType, index_messages, read_dump
from ebtop.kernel.nexthop_objects import NexthopObjects
from ebtop.kernel.pacer import Clock, Pacer
from ebtop.model.columns import RouteColumns, concatenate, select
from ebtop.model.port import Link

__all__ = [
    "LinksRead",
    "Message",
    "Monitor",
    "NeighboursRead",
    "NexthopsChanged",
    "RoutesChanged",
    "RoutesDumped",
    "RulesChanged",
]

_ROUTES_INTERVAL_S = 0.1
_RESYNC_INTERVAL_S = 1.0
_ROUTE_HEADER = struct.Struct("=BBBBBBBBI")  # rtmsg
_FAMILIES = {4: int(socket.AF_INET), 6: int(socket.AF_INET6)}
_ROUTE_TYPES = (MessageType.NEWROUTE, MessageType.DELROUTE)
_DRAIN_BATCHES = 16


class Monitor:
    """Reads the network namespace of the calling thread, which must be the same in all calls.

    After construction iterate over `dump_all` once; then over `read` whenever `fileno` is
    readable or `due_s` has passed, and over `poll` every few seconds. A `read` that is not
    iterated to its end costs a resync, since it may have held changes that nobody saw.
    """

    def __init__(
        self,
        *,
        receive_buffer_bytes: int = RECEIVE_BUFFER_BYTES,
        clock: Clock = time.monotonic,
    ) -> None:
        self.resyncs = 0
        self._events = EventSocket(receive_buffer_bytes)
        self._links_due = Pacer(0.0, clock)
        self._routes_due = Pacer(_ROUTES_INTERVAL_S, clock)
        self._resync_due = Pacer(_RESYNC_INTERVAL_S, clock)
        self._rules_changed = False
        self._nexthops_changed = False
        self._neighbours_changed = False
        self._links: dict[int, Link] = {}
        self._lives: dict[int, tuple[object, ...]] = {}  # what routes depend on, by ifindex
        self._addresses: set[InterfaceAddress] = set()
        self._neighbours: NeighbourTable = {}
        self._objects = NexthopObjects()

    def fileno(self) -> int:
        """The descriptor, readable when events wait."""
        return self._events.fileno()

    def close(self) -> None:
        """End the subscription."""
        self._events.close()

    @property
    def stale(self) -> bool:
        """Whether events were lost and the resync that mends it has not been done yet."""
        return self._resync_due.due

    def due_s(self) -> float | None:
        """Seconds until `read` wants to be called though no event waits; None: it does not."""
        if self._resync_due.due:
            return self._resync_due.wait_s
        if self._rules_changed or self._nexthops_changed or self._neighbours_changed:
            return 0.0
        waits = (self._links_due.wait_s, self._routes_due.wait_s)
        return min((wait for wait in waits if wait is not None), default=None)

    def dump_all(self) -> Iterator[Message]:
        """The whole state, routes last. Raises OSError when the kernel refuses a dump."""
        yield self._read_links()
        yield self._read_neighbours()
        self._rules_changed = self._nexthops_changed = False
        yield RulesChanged()
        yield NexthopsChanged()
        yield self.dump_routes()

    def dump_routes(self) -> RoutesDumped:
        """All routes of all tables. Raises OSError when the kernel refuses."""
        self._drain()
        with self._routes_due.work():
            self._objects.read()
            parts = [self._dump_family(family) for family in _FAMILIES]
        return RoutesDumped(self._objects.refuse(concatenate(parts)))

    def read(self) -> Iterator[Message]:
        """All that waits now; never blocks on the event socket.

        When events were lost, whatever the reason, the whole state follows at once or, when
        that was done within the last second, at a later call.
        """
        if not self._resync_due.due:
            try:
                yield from self._follow()
            except (OSError, MalformedMessage):
                self._resync_due.mark()
            except GeneratorExit:
                self._resync_due.mark()
                raise
        if self._resync_due.due:
            yield from self._recover()

    def poll(self) -> Iterator[Message]:
        """What `read` yields, and what changed without an event: sysctls, missed links."""
        yield from self.read()
        if self._resync_due.due:
            return
        try:
            links, neighbours = self._links, self._neighbours
            read = self._read_links()
            if read.links != links:
                yield read
            if self._read_neighbours().neighbours != neighbours:
                yield self._tell_neighbours()
        except (OSError, MalformedMessage):
            self._resync_due.mark()

    def _follow(self) -> Iterator[Message]:
        changed = self._absorb(self._events.read_batch())
        if self._links_due.ready:
            yield self._read_links()
        if self._neighbours_changed:
            yield self._tell_neighbours()
        if self._rules_changed:
            self._rules_changed = False
            yield RulesChanged()
        if self._nexthops_changed:
            self._nexthops_changed = False
            yield NexthopsChanged()
        if self._routes_due.ready:
            yield self.dump_routes()
        elif len(changed):
            yield RoutesChanged(changed)

    def _recover(self) -> Iterator[Message]:
        """Resync when that may be done; never patch what has a hole."""
        self._events.discard()
        if not self._resync_due.ready:
            return
        with suppress(OSError, MalformedMessage), self._resync_due.work():
            self.resyncs += 1
            yield from self.dump_all()

    def _drain(self) -> None:
        """Take in what waits, but for the routes, which a dump is about to tell."""
        try:
            for _ in range(_DRAIN_BATCHES):
                batch = self._events.read_batch()
                if not batch:
                    return
                self._absorb(batch)
        except (EventsLost, MalformedMessage):
            self._resync_due.mark()

    def _absorb(self, batch: bytes) -> RouteColumns:
        """Note what a batch of events says and return its routes."""
        index = index_messages(batch)
        for kind, body in index.bodies(np.flatnonzero(~np.isin(index.type, _ROUTE_TYPES))):
            self._note(kind, body)
        return self._objects.refuse(decode_indexed_routes(index))

    def _note(self, kind: int, body: memoryview) -> None:
        match kind:
            case MessageType.NEWLINK | MessageType.DELLINK:
                self._note_link(body, gone=kind == MessageType.DELLINK)
            case MessageType.NEWADDR | MessageType.DELADDR:
                self._note_address(body, gone=kind == MessageType.DELADDR)
            case MessageType.NEWNEIGH | MessageType.DELNEIGH:
                self._note_neighbour(body, gone=kind == MessageType.DELNEIGH)
            case MessageType.NEWNEXTHOP | MessageType.DELNEXTHOP:
                self._note_nexthop(body, gone=kind == MessageType.DELNEXTHOP)
            case MessageType.NEWRULE | MessageType.DELRULE:
                self._rules_changed = True
            case MessageType.NEWNETCONF | MessageType.DELNETCONF:
                self._links_due.mark()

    def _note_link(self, body: memoryview, *, gone: bool) -> None:
        link = decode_link(body)
        if link is None:
            return
        self._links_due.mark()
        known = self._lives.pop(link.ifindex, None)
        if not gone:
            self._lives[link.ifindex] = _life(link)
        if known is not None and (gone or known != _life(link)):
            self._routes_due.mark()

    def _note_address(self, body: memoryview, *, gone: bool) -> None:
        address = decode_interface_address(body)
        if address is None or (not gone and address in self._addresses):
            return
        if gone:
            self._addresses.discard(address)
        else:
            self._addresses.add(address)
        self._links_due.mark()
        self._routes_due.mark()

    def _note_neighbour(self, body: memoryview, *, gone: bool) -> None:
        entry = decode_neighbour(body)
        if entry is None:
            return
        self._neighbours_changed = True
        if gone:
            self._neighbours.pop((entry.ifindex, entry.address), None)
        else:
            self._neighbours[entry.ifindex, entry.address] = entry

    def _note_nexthop(self, body: memoryview, *, gone: bool) -> None:
        self._nexthops_changed = True
        concerned = self._objects.note_deleted(body) if gone else self._objects.note_new(body)
        if concerned:
            self._routes_due.mark()

    def _dump_family(self, family: int) -> RouteColumns:
        dump = read_dump(
            MessageType.GETROUTE, _ROUTE_HEADER.pack(_FAMILIES[family], 0, 0, 0, 0, 0, 0, 0, 0)
        )
        if dump.interrupted:
            self._resync_due.mark()
        columns = decode_routes(dump.buffer)
        # A kernel without the family answers with all others.
        own = columns.family == family
        return columns if own.all() else select(columns, own)

    def _read_links(self) -> LinksRead:
        with self._links_due.work():
            interfaces = read_interfaces()
        lives = {ifindex: _life(link) for ifindex, link in interfaces.links.items()}
        if lives != self._lives or interfaces.addresses != self._addresses:
            self._routes_due.mark()
        self._links = interfaces.links
        self._lives = lives
        self._addresses = set(interfaces.addresses)
        return LinksRead(MappingProxyType(self._links))

    def _read_neighbours(self) -> NeighboursRead:
        self._neighbours = read_neighbours()
        return self._tell_neighbours()

    def _tell_neighbours(self) -> NeighboursRead:
        self._neighbours_changed = False
        return NeighboursRead(MappingProxyType(self._neighbours.copy()))


def _life(link: Link) -> tuple[object, ...]:
    """What of a link may take routes along when it changes."""
    return (link.up, link.carrier, link.mtu, link.master)

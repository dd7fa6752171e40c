"""The socket that the kernel tells changes through, and what it may say."""

import errno
import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from ebtop.kernel.netlink import (
    NETLINK_ADD_MEMBERSHIP,
    SOL_NETLINK,
    MulticastGroup,
    open_socket,
    receive,
)
from ebtop.model.columns import RouteColumns
from ebtop.model.neighbour import Neighbour
from ebtop.model.port import Link
from ebtop.model.prefix import Address

RECEIVE_BUFFER_BYTES = 128 << 20
_SO_RCVBUFFORCE = 33
_BATCH_BYTES = 8 << 20  # some 100,000 routes, read and decoded in 0.3 s
_DATAGRAM_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class RoutesDumped:
    """All routes of both families, read after the subscription.

    Events that the kernel sent during the dump follow as RoutesChanged, though the dump may
    hold their effect: adding an equal route again changes nothing.
    """

    columns: RouteColumns


@dataclass(frozen=True, slots=True)
class RoutesChanged:
    """Route events in the kernel's order.

    An IPv6 path that joins others is told as APPENDED (ADDED, where it was prepended) with all
    members: itself first, then the others in the kernel's order, where it is the last. One that
    leaves is told as DELETED with itself as the only member.
    """

    columns: RouteColumns


@dataclass(frozen=True, slots=True)
class LinksRead:
    """All interfaces, by ifindex."""

    links: Mapping[int, Link]


@dataclass(frozen=True, slots=True)
class NeighboursRead:
    """All ARP and ND entries."""

    neighbours: Mapping[tuple[int, Address], Neighbour]


@dataclass(frozen=True, slots=True)
class RulesChanged:
    """Policy rules may have changed."""


@dataclass(frozen=True, slots=True)
class NexthopsChanged:
    """Next-hop objects may have changed."""


Message = RoutesDumped | RoutesChanged | LinksRead | NeighboursRead | RulesChanged | NexthopsChanged


class EventsLost(OSError):  # noqa: N818  it is what the kernel did, not a fault of ours
    """The kernel dropped events, since nobody read them in time (ENOBUFS)."""


class EventSocket:
    """Subscribes to all that forwarding depends on, in the calling thread's network namespace."""

    def __init__(self, receive_buffer_bytes: int = RECEIVE_BUFFER_BYTES) -> None:
        self._socket = open_socket()
        try:
            self._socket.bind((0, 0))
            _set_receive_buffer(self._socket, receive_buffer_bytes)
            for group in MulticastGroup:
                self._socket.setsockopt(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, group)
        except OSError:
            self._socket.close()
            raise
        self._room = memoryview(bytearray(_DATAGRAM_BYTES))

    def fileno(self) -> int:
        """The descriptor, readable when events wait."""
        return self._socket.fileno()

    def read_batch(self) -> bytes:
        """Up to 8 MiB of the messages that wait, in their order; never blocks.

        Raises EventsLost, and MalformedMessage for what no kernel sends. Either way events are
        missing from then on.
        """
        batch = bytearray()
        while len(batch) < _BATCH_BYTES:
            try:
                batch += self._room[: receive(self._socket, self._room, socket.MSG_DONTWAIT)]
            except BlockingIOError:
                break
            except OSError as error:
                if error.errno == errno.ENOBUFS:
                    raise EventsLost(errno.ENOBUFS, "the kernel dropped route events") from error
                raise
            batch += bytes(-len(batch) % 4)
        return bytes(batch)

    def discard(self) -> None:
        """Drop the events that wait."""
        for _ in range(RECEIVE_BUFFER_BYTES // _BATCH_BYTES):
            with suppress(OSError, ValueError):
                if not self.read_batch():
                    return

    def close(self) -> None:
        """End the subscription."""
        self._socket.close()


def _set_receive_buffer(target: socket.socket, size_bytes: int) -> None:
    try:
        target.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, size_bytes)
    except PermissionError:
        target.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size_bytes)

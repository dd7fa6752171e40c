"""Writes routes, and tries them where no packet notices."""

import socket
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ebtop.kernel.acknowledgement import Acknowledgement, ask_for_words, decode_acknowledgement
from ebtop.kernel.decode_nexthops import RouteAttribute
from ebtop.kernel.netlink import (
    HEADER,
    NLM_F_ACK,
    NLM_F_APPEND,
    NLM_F_REPLACE,
    NLM_F_REQUEST,
    NLMSG_ERROR,
    MessageType,
    index_messages,
    open_socket,
    pack_request,
    receive,
)
from ebtop.kernel.route_message import ROUTE_HEADER, RTA_EXPIRES, RouteMessage, decode_route
from ebtop.kernel.spare_table import find_spare_table

_NLM_F_ECHO = 0x8
_NLM_F_EXCL = 0x200
_NLM_F_CREATE = 0x400
_ANSWER_BYTES = 1 << 16
_SEQUENCE_WORD = 2
_ATTRIBUTE = struct.Struct("=HH")
_SCOPE_NOWHERE = 255  # in a deletion: whatever its scope


class ReadOnly(Exception):  # noqa: N818  it is what the operator chose, not a fault
    """This writer writes nothing; the text is one sentence for the operator."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the kernel made of one request."""

    acknowledgement: Acknowledgement
    blamed: int = 0  # RTA_* that the kernel blames; 0: none
    reported: tuple[RouteMessage, ...] = ()  # the routes as they were written or deleted

    @property
    def taken(self) -> bool:
        """Whether the kernel did what it was asked for."""
        return self.acknowledgement.taken


class RouteWriter:
    """Sends routes to the network namespace of the thread that made it.

    The kernel handles a request before `sendto` returns, and reports the route as it wrote it to
    the asking socket (NLM_F_ECHO). Every method raises ReadOnly where nothing may be written,
    and OSError or MalformedMessage where the kernel cannot be understood; what the kernel refuses
    is an answer.
    """

    def __init__(self, *, read_only: bool = False) -> None:
        self._read_only = read_only
        self._socket = open_socket()
        self._room = memoryview(bytearray(_ANSWER_BYTES))
        ask_for_words(self._socket)

    def close(self) -> None:
        """Give the socket back."""
        self._socket.close()

    def check_writable(self) -> None:
        """Raises ReadOnly where nothing may be written."""
        if self._read_only:
            raise ReadOnly("This ebtop is read-only and writes no route.")

    def add(self, route: RouteMessage) -> Answer:
        """Add a route that is not there yet."""
        return self._ask([_pack_add(route, _NLM_F_EXCL | _NLM_F_ECHO)])[0]

    def replace(self, route: RouteMessage) -> Answer:
        """Put a route in the place of the one with its keys, which has to be there."""
        flags = NLM_F_REQUEST | NLM_F_ACK | _NLM_F_ECHO | NLM_F_REPLACE
        return self._ask([pack_request(MessageType.NEWROUTE, flags, route.pack())])[0]

    def delete(self, route: RouteMessage) -> Answer:
        """Delete a route that has all the attributes of this one."""
        kept = {kind: value for kind, value in route.attributes.items() if kind != RTA_EXPIRES}
        return self._ask([_pack_delete(replace(route, attributes=kept), _NLM_F_ECHO)])[0]

    def try_add(self, route: RouteMessage, beside: Sequence[RouteMessage] = ()) -> Answer:
        """What the kernel would say to `add`, if the route's keys were free.

        The route is added to a table that no rule points at, after those routes of its own table
        that it is reached by (`beside`), and all are deleted again, in one datagram: the kernel
        handles it within one system call, so that not even SIGKILL leaves anything behind.
        """
        table = find_spare_table(route.family)
        tried = [replace(one, table=table) for one in (*beside, route)]
        written = [_pack_add(one, NLM_F_APPEND) for one in tried[:-1]] + [
            _pack_add(tried[-1], _NLM_F_EXCL)
        ]
        undone = [_pack_delete(_keys_of(one), 0) for one in reversed(tried)]
        answers = self._ask(written + undone)
        count = len(tried)
        for added, deleted in zip(answers[:count], reversed(answers[count:]), strict=True):
            if added.taken and not deleted.taken:
                raise OSError(
                    deleted.acknowledgement.code,
                    f"a route that was only tried stays in table {table}, which no packet uses: "
                    f"{deleted.acknowledgement.words}",
                )
        return answers[count - 1]

    def _ask(self, requests: Sequence[bytes]) -> list[Answer]:
        """Send all requests in one datagram; their answers in the same order."""
        self.check_writable()
        self._socket.sendto(b"".join(requests), (0, 0))
        answers = list(self._read_answers(len(requests)))
        return [
            replace(answer, blamed=_blamed(request, answer.acknowledgement.offset))
            for request, answer in zip(requests, answers, strict=True)
        ]

    def _read_answers(self, count: int) -> Iterator[Answer]:
        reported: list[RouteMessage] = []
        while count:
            # The kernel has answered before sendto returned.
            length = receive(self._socket, self._room, socket.MSG_DONTWAIT)
            index = index_messages(bytes(self._room[:length]))
            for row, (kind, body) in enumerate(index.bodies()):
                if kind == NLMSG_ERROR:
                    acknowledgement = decode_acknowledgement(int(index.flags[row]), body)
                    yield Answer(acknowledgement, reported=tuple(reported))
                    reported.clear()
                    count -= 1
                elif kind in (MessageType.NEWROUTE, MessageType.DELROUTE):
                    route = decode_route(body)
                    reported += [route] if route is not None else []


def _pack_add(route: RouteMessage, flags: int) -> bytes:
    flags |= NLM_F_REQUEST | NLM_F_ACK | _NLM_F_CREATE
    return pack_request(MessageType.NEWROUTE, flags, route.pack())


def _pack_delete(route: RouteMessage, flags: int) -> bytes:
    flags |= NLM_F_REQUEST | NLM_F_ACK
    return pack_request(MessageType.DELROUTE, flags, route.pack())


def _keys_of(route: RouteMessage) -> RouteMessage:
    """The route as a deletion that cannot fail for what the kernel changes on writing."""
    kept = (RouteAttribute.SRC,)
    source = {kind: value for kind, value in route.attributes.items() if kind in kept}
    return replace(route, type=0, scope=_SCOPE_NOWHERE, flags=0, attributes=source)


def _blamed(request: bytes, offset: int) -> int:
    """The attribute that starts at an offset of the request."""
    if not HEADER.size + ROUTE_HEADER.size <= offset <= len(request) - _ATTRIBUTE.size:
        return 0
    return int(_ATTRIBUTE.unpack_from(request, offset)[1])

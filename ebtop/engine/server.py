"""The engine's end of the socket: ownership of the namespace, and one message a tick to watchers.

The abstract name is per network namespace and vanishes with the process, so that binding it is
the lock. A slow watcher misses ticks; it never holds the engine up. What watchers send is hostile
until it was decoded: whoever sends what is no request is turned away.
"""

import array
import contextlib
import socket
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from ebtop.engine import peers
from ebtop.engine.connection import MAX_MESSAGE_BYTES, SOCKET_NAME
from ebtop.engine.requests import (
    MAX_REQUEST_BYTES,
    Check,
    Commit,
    Focus,
    ReadOnly,
    Request,
    decode_request,
)
from ebtop.engine.wire import (
    News,
    Origin,
    WireError,
    encode_answer,
    encode_message,
    encode_origin,
    encode_tick,
)
from ebtop.model.edit import Outcome
from ebtop.model.neighbour import Neighbour
from ebtop.model.prefix import Address
from ebtop.model.snapshot import Snapshot

_MAX_CLIENTS = 64
_MAX_ANSWERS = 64  # that wait for a slow client
_BACKLOG = 128
_SO_SNDBUFFORCE = 32
_WATCH_ALONE = "You may watch alone: to edit takes root with CAP_NET_ADMIN."
_NOW = socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL


class OwnedError(Exception):
    """Another engine owns this network namespace."""


@dataclass(eq=False, slots=True)
class Watcher:
    """A client that was admitted."""

    connection: socket.socket
    editor: bool
    read_only: bool = False  # it said so itself
    focus: tuple[int, int] | None = None  # (id, born) of the route that it looks at
    structure: int = -1  # last structure sent
    neighbours: Mapping[tuple[int, Address], Neighbour] | None = None  # last sent
    answers: deque[bytes] = field(default_factory=deque)  # not sent yet


@dataclass(frozen=True, slots=True)
class Asked:
    """What a watcher may ask about an edit."""

    watcher: Watcher
    request: Check | Commit
    read_only: bool  # it may hear what the edit would be, and no more


class Server:
    """Accepts watchers, tells them what happens, and takes their requests."""

    def __init__(self, *, read_only: bool = False) -> None:
        """Takes the namespace, and lets watchers in. Raises OwnedError."""
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_NONBLOCK)
        try:
            self._listener.bind(SOCKET_NAME)
            self._listener.listen(_BACKLOG)
        except OSError as error:
            self._listener.close()
            raise OwnedError("another ebtop engine owns this network namespace") from error
        self._read_only = read_only
        self._watchers: list[Watcher] = []
        self._loading = encode_message("loading", text="starting")
        self._columns: tuple[int, bytes] | None = None  # descriptor and message
        self._last: Snapshot | None = None
        self._group = peers.read_group()
        self.served = 0  # watchers so far

    @property
    def watchers(self) -> int:
        """Clients that are connected."""
        return len(self._watchers)

    @property
    def focus(self) -> frozenset[tuple[int, int]]:
        """Routes that operators look at, as (id, born)."""
        return frozenset(watcher.focus for watcher in self._watchers if watcher.focus)

    def filenos(self) -> list[int]:
        """Descriptors whose readability `handle` takes care of."""
        return [self._listener.fileno(), *(w.connection.fileno() for w in self._watchers)]

    def tell_loading(self, text: str) -> None:
        """Says what keeps those who watch waiting, also those who have just come."""
        self._loading = encode_message("loading", text=text)
        for watcher in list(self._watchers):
            self._send(watcher, self._loading)
        while self._accept():
            pass

    def share(self, columns: int, origin: Origin) -> None:
        """From here on watchers get the columns, and ticks."""
        self._columns = columns, encode_origin(origin)
        for watcher in list(self._watchers):
            self._greet(watcher)

    def handle(self, fileno: int) -> Asked | None:
        """Greets a newcomer, or takes one message; what somebody else has to answer is returned."""
        if fileno == self._listener.fileno():
            self._accept()
            return None
        for watcher in self._watchers:
            if watcher.connection.fileno() == fileno:
                return self._receive(watcher)
        return None

    def answer(self, watcher: Watcher, number: int, outcome: Outcome) -> None:
        """Answers a request; a watcher that does not take its answers is turned away."""
        watcher.answers.append(encode_answer(number, outcome))
        self._send_answers(watcher)
        if len(watcher.answers) > _MAX_ANSWERS:
            self._drop(watcher)

    def send(self, snapshot: Snapshot) -> None:
        """One tick to everyone who keeps up."""
        self._last = snapshot
        encoded: dict[News, bytes] = {}
        for watcher in list(self._watchers):
            self._send_tick(watcher, snapshot, encoded)

    def close(self) -> None:
        """Frees the namespace; watchers see the end."""
        for watcher in list(self._watchers):
            self._drop(watcher)
        self._listener.close()

    def _accept(self) -> bool:
        """Whether somebody waited."""
        try:
            connection, _ = self._listener.accept()
        except OSError:
            return False
        connection.setblocking(False)  # noqa: FBT003  its only argument
        refusal = self._refusal(connection)
        if refusal:
            _refuse(connection, refusal)
            return True
        with contextlib.suppress(OSError):
            connection.setsockopt(socket.SOL_SOCKET, _SO_SNDBUFFORCE, 2 * MAX_MESSAGE_BYTES)
        watcher = Watcher(connection, editor=peers.may_edit(connection))
        self._watchers.append(watcher)
        self.served += 1
        self._greet(watcher)
        return True

    def _refusal(self, connection: socket.socket) -> str:
        """Why the newcomer may not watch; "" when it may."""
        if not peers.is_admitted(connection, self._group):
            return f"The engine turned us away: run as root or in the group {peers.GROUP}."
        if len(self._watchers) >= _MAX_CLIENTS:
            return f"The engine has {_MAX_CLIENTS} watchers and takes no more."
        return ""

    def _greet(self, watcher: Watcher) -> None:
        if self._columns is None:
            self._send(watcher, self._loading)
            return
        descriptor, message = self._columns
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [descriptor]))]
        try:
            watcher.connection.sendmsg([message], rights, _NOW)
        except OSError:
            self._drop(watcher)
            return
        if self._last is not None:
            self._send_tick(watcher, self._last, {})

    def _send_tick(self, watcher: Watcher, snapshot: Snapshot, encoded: dict[News, bytes]) -> None:
        """What does not fit into a slow watcher's socket is left out, and its news come later."""
        news = News(
            structure=watcher.structure != snapshot.structure,
            neighbours=watcher.neighbours is not snapshot.neighbours,
            read_only=self._is_read_only(watcher),
        )
        if news not in encoded:
            encoded[news] = encode_tick(snapshot, news)
        if self._send(watcher, encoded[news]):
            watcher.structure, watcher.neighbours = snapshot.structure, snapshot.neighbours
            self._send_answers(watcher)

    def _send_answers(self, watcher: Watcher) -> None:
        while watcher.answers and self._send(watcher, watcher.answers[0]):
            watcher.answers.popleft()

    def _send(self, watcher: Watcher, message: bytes) -> bool:
        """Whether the message is on its way."""
        try:
            watcher.connection.send(message, _NOW)
        except BlockingIOError:
            return False
        except OSError:
            self._drop(watcher)
            return False
        return True

    def _receive(self, watcher: Watcher) -> Asked | None:
        try:
            data, _, flags, _ = watcher.connection.recvmsg(MAX_REQUEST_BYTES)
        except BlockingIOError:
            return None
        except OSError:
            data, flags = b"", 0
        whole = b"" if flags & socket.MSG_TRUNC else data
        try:
            request = decode_request(whole)
        except WireError:
            self._drop(watcher)
            return None
        return self._take(watcher, request)

    def _take(self, watcher: Watcher, request: Request) -> Asked | None:
        match request:
            case Focus(route, born):
                watcher.focus = (route, born) if route else None
            case ReadOnly():
                watcher.read_only = True
            case Check(number) | Commit(number):
                if watcher.editor:
                    return Asked(watcher, request, self._is_read_only(watcher))
                self.answer(watcher, number, Outcome(done=False, message=_WATCH_ALONE))
        return None

    def _is_read_only(self, watcher: Watcher) -> bool:
        return self._read_only or watcher.read_only or not watcher.editor

    def _drop(self, watcher: Watcher) -> None:
        watcher.connection.close()
        if watcher in self._watchers:
            self._watchers.remove(watcher)


def _refuse(connection: socket.socket, sentence: str) -> None:
    with contextlib.suppress(OSError):
        connection.send(encode_message("refused", text=sentence), _NOW)
    connection.close()

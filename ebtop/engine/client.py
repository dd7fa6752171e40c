"""The reader's end: takes snapshots from the engine of this network namespace, and asks it."""

import array
import contextlib
import itertools
import os
import select
import socket
import time
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from ebtop.engine.connection import (
    MAX_MESSAGE_BYTES,
    Connection,
    OtherVersionError,
    RefusedError,
    open_connection,
)
from ebtop.engine.requests import Check, Commit, Focus, ReadOnly, Request, encode_request
from ebtop.engine.shared import ColumnsReader, TornError
from ebtop.engine.wire import (
    Origin,
    WireError,
    decode_answer,
    decode_message,
    decode_origin,
    decode_tick,
)
from ebtop.model.edit import Edit, Outcome
from ebtop.model.errors import EngineGone
from ebtop.model.snapshot import Snapshot

_ENDED = "The engine has ended; the kernel forwards."
_BUSY = Outcome(done=False, message="The engine takes no requests at the moment: try again.")
_NOW = socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL
_numbers = itertools.count(1)


def next_number() -> int:
    """A number for a request that no other of this process has."""
    return next(_numbers)


class Client:
    """One watcher. Costs the engine one message a tick and what it asks for; nothing blocks."""

    def __init__(self, connection: Connection | None = None) -> None:
        """Raises NoEngineError, or EngineGone when the owner cannot be trusted or talked to."""
        connection = connection or open_connection()
        self._socket = connection.socket
        self.engine_pid = connection.pid
        self.loading = ""  # what the engine last said that it loads
        self.origin: Origin | None = None  # known when it can be watched
        self._buffer = bytearray(MAX_MESSAGE_BYTES)
        self._columns: ColumnsReader | None = None
        self._told: Snapshot | None = None  # the last tick, without its columns
        self._complete = True  # whether that tick was handed out
        self._focus: Focus | None = None  # not sent yet
        self._answers: list[tuple[int, Outcome]] = []

    def fileno(self) -> int:
        """Readable when a message waits, or the engine has gone."""
        return self._socket.fileno()

    def receive(self) -> Snapshot | None:
        """The newest snapshot, older ones skipped; None: nothing new, or only half of it.

        Raises EngineGone.
        """
        while (message := self._read()) is not None:
            try:
                self._take(*message)
            except (LookupError, TypeError, ValueError, OSError) as error:
                raise OtherVersionError(_incomprehensible(error)) from error
        self._send_focus()
        return None if self._complete else self._join()

    def answers(self) -> list[tuple[int, Outcome]]:
        """What came since the last call, with the numbers that `check` and `commit` gave."""
        answers, self._answers = self._answers, []
        return answers

    def wait(self, silence_s: float) -> Snapshot:
        """The next complete snapshot.

        Raises EngineGone, also when nothing at all is heard for so long.
        """
        deadline, said = time.monotonic() + silence_s, self.loading
        poll = select.poll()
        poll.register(self, select.POLLIN)
        while (left_s := deadline - time.monotonic()) > 0:
            poll.poll(left_s * 1000)
            snapshot = self.receive()
            if snapshot is not None and not snapshot.loading:
                return snapshot
            if self.loading != said:
                deadline, said = time.monotonic() + silence_s, self.loading
        raise EngineGone("The engine did not answer in time.")

    def focus(self, route: int, born: int) -> None:
        """The operator looks at a route (id 0: at none)."""
        self._focus = Focus(int(route), int(born))
        self._send_focus()

    def check(self, edit: Edit) -> int:
        """Asks whether the kernel would take the edit; the number of the answer."""
        return self._ask(Check(next_number(), edit))

    def commit(self, edit: Edit) -> int:
        """Asks for the edit to be written; the number of the answer."""
        return self._ask(Commit(next_number(), edit))

    def refuse_edits(self) -> bool:
        """The engine takes no edit of this client any more; whether it could be told."""
        return self._send(ReadOnly())

    def close(self) -> None:
        """Leaves; an engine that was started for its watchers ends with the last of them."""
        self._socket.close()

    def _read(self) -> tuple[dict[str, Any], list[int]] | None:
        """A message and the descriptors that came with it."""
        try:
            count, extra, _, _ = self._socket.recvmsg_into(
                [self._buffer], socket.CMSG_SPACE(4), socket.MSG_DONTWAIT | socket.MSG_CMSG_CLOEXEC
            )
        except BlockingIOError:
            return None
        except OSError as error:
            raise EngineGone(_ENDED) from error
        if not count:
            raise EngineGone(_ENDED)
        descriptors = _take_descriptors(extra)
        try:
            return decode_message(bytes(memoryview(self._buffer)[:count])), descriptors
        except WireError as error:
            _close_all(descriptors)
            raise OtherVersionError(_incomprehensible(error)) from error

    def _take(self, message: dict[str, Any], descriptors: list[int]) -> None:
        """Raises EngineGone, LookupError, TypeError, ValueError or OSError."""
        kind = message.get("kind")
        _close_all(descriptors[1:] if kind == "columns" else descriptors)
        match kind:
            case "loading":
                self.loading = str(message["text"])
            case "columns":
                self._columns = ColumnsReader(descriptors[0])
                self.origin = decode_origin(message)
            case "refused":
                raise RefusedError(str(message["text"]))
            case "answer":
                self._answers.append(decode_answer(message))
            case _:
                self._told = decode_tick(message, self._told)
                self._complete = False

    def _join(self) -> Snapshot | None:
        """The last tick with its columns; None while they are written, or belong to the next."""
        if self._told is None or self._columns is None:
            return None
        try:
            shared = self._columns.read()
        except TornError:
            return None
        if shared.structure != self._told.structure:
            return None
        self._complete = True
        return replace(
            self._told, routes=shared.routes, latency=shared.latency, history=shared.history
        )

    def _ask(self, request: Check | Commit) -> int:
        if not self._send(request):
            self._answers.append((request.number, _BUSY))
        return request.number

    def _send_focus(self) -> None:
        if self._focus is not None and self._send(self._focus):
            self._focus = None

    def _send(self, request: Request) -> bool:
        """Whether it is on its way; that the engine has gone is told by `receive`."""
        try:
            self._socket.send(encode_request(request), _NOW)
        except OSError:
            return False
        return True


def _incomprehensible(error: Exception) -> str:
    return f"The engine cannot be understood: {error}."


def _take_descriptors(extra: Iterable[tuple[int, int, bytes]]) -> list[int]:
    descriptors = array.array("i")
    for level, kind, data in extra:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            descriptors.frombytes(data[: len(data) - len(data) % 4])
    return descriptors.tolist()


def _close_all(descriptors: Iterable[int]) -> None:
    for descriptor in descriptors:
        with contextlib.suppress(OSError):
            os.close(descriptor)

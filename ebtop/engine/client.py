"""The reader's end: connects to the engine of this network namespace and yields snapshots."""

import array
import contextlib
import os
import select
import socket
import struct
import time
from dataclasses import replace

from ebtop.engine.shared import ColumnsReader, TornError
from ebtop.engine.wire import MAX_MESSAGE_BYTES, SOCKET_NAME, WireError, decode_message, decode_tick
from ebtop.model.errors import EngineGone
from ebtop.model.snapshot import Snapshot

_SILENCE_S = 10  # an engine that loads a full table greets after some seconds


class NoEngineError(Exception):
    """Nobody owns this network namespace."""


class SquatterError(EngineGone):
    """The socket's owner is not root; the message names it."""


class Client:
    """One watcher. Costs the engine one message a tick and nothing else."""

    def __init__(self) -> None:
        """Raises NoEngineError, or EngineGone when the owner cannot be trusted or talked to."""
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            self._connect()
            self.engine_pid = self._check_owner()
            self._columns = self._map_columns()
        except BaseException:
            self._socket.close()
            raise
        self._last: Snapshot | None = None

    def fileno(self) -> int:
        """Readable when a tick waits, or the engine has gone."""
        return self._socket.fileno()

    def receive(self) -> Snapshot | None:
        """The newest snapshot, older ones skipped; None when nothing waits.

        Raises EngineGone.
        """
        newest: Snapshot | None = None
        while (data := self._read()) is not None:
            try:
                newest = decode_tick(decode_message(data), newest or self._last)
            except (WireError, KeyError, TypeError, ValueError) as error:
                raise EngineGone(f"The engine cannot be understood: {error}.") from error
        if newest is None:
            return None
        try:
            routes, latency = self._columns.read()
        except TornError as error:
            raise EngineGone(f"The engine hangs: {error}.") from error
        self._last = replace(newest, routes=routes, latency=latency)
        return self._last

    def wait(self, timeout_s: float) -> Snapshot:
        """The next complete snapshot. Raises EngineGone, also when none comes in time."""
        deadline = time.monotonic() + timeout_s
        while (left_s := deadline - time.monotonic()) > 0:
            select.select([self], [], [], left_s)
            snapshot = self.receive()
            if snapshot is not None and not snapshot.loading:
                return snapshot
        raise EngineGone("The engine did not answer in time.")

    def close(self) -> None:
        """Leaves; an engine that was started for its watchers ends with the last of them."""
        self._socket.close()

    def _read(self) -> bytes | None:
        try:
            data = self._socket.recv(MAX_MESSAGE_BYTES, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return None
        except OSError as error:
            raise EngineGone("The engine has ended.") from error
        if not data:
            raise EngineGone("The engine has ended.")
        return data

    def _connect(self) -> None:
        # Not settimeout(): where watchers queue up, a non-blocking connect fails at once.
        patience = struct.pack("@ll", _SILENCE_S, 0)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, patience)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, patience)
        try:
            self._socket.connect(SOCKET_NAME)
        except (ConnectionRefusedError, FileNotFoundError) as error:
            raise NoEngineError("no ebtop engine runs in this network namespace") from error
        except OSError as error:
            raise EngineGone("The engine does not answer.") from error

    def _check_owner(self) -> int:
        credentials = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        pid, uid, _ = struct.unpack("=iII", credentials)
        if uid != 0:
            raise SquatterError(
                f"Process {pid} of user {uid} squats on ebtop's socket: end it and try again."
            )
        return int(pid)

    def _map_columns(self) -> ColumnsReader:
        try:
            return ColumnsReader(self._receive_columns())
        except (ValueError, OSError) as error:
            raise EngineGone(f"The engine cannot be understood: {error}.") from error

    def _receive_columns(self) -> int:
        """The descriptor in the greeting; a greeting without one says why we may not watch."""
        descriptors = array.array("i")
        try:
            greeting, extra, _, _ = self._socket.recvmsg(
                4096, socket.CMSG_SPACE(4), socket.MSG_CMSG_CLOEXEC
            )
        except ConnectionResetError as error:
            raise NoEngineError("the engine has just ended") from error
        except OSError as error:
            raise EngineGone("The engine does not answer.") from error
        for level, kind, data in extra:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                descriptors.frombytes(data[: len(data) - len(data) % 4])
        for surplus in descriptors[1:]:
            with contextlib.suppress(OSError):
                os.close(surplus)
        if descriptors:
            return descriptors[0]
        if not greeting:
            raise NoEngineError("the engine has just ended")
        raise EngineGone(str(decode_message(greeting).get("refused")))

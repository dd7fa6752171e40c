"""Connecting to the engine of this network namespace. Imports little: a start waits for it."""

import socket
import struct
from dataclasses import dataclass

from ebtop.model.errors import EngineGone

SOCKET_NAME = "\0ebtop"
"""Abstract, so per network namespace; whoever has bound it owns the namespace."""

MAX_MESSAGE_BYTES = 1 << 22
_PATIENCE_S = 10


class NoEngineError(Exception):
    """Nobody owns this network namespace."""


class SquatterError(EngineGone):
    """The socket's owner is not root; the message names it."""


class RefusedError(EngineGone):
    """The engine serves others; the message says why not us."""


class OtherVersionError(EngineGone):
    """The engine speaks otherwise."""


@dataclass(frozen=True, slots=True)
class Connection:
    """A connected socket, and the process at its other end."""

    socket: socket.socket
    pid: int


def open_connection() -> Connection:
    """Connects. Raises NoEngineError, or EngineGone when the owner cannot be trusted or is full."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_CLOEXEC)
    try:
        _connect(connection)
        return Connection(connection, _check_owner(connection))
    except BaseException:
        connection.close()
        raise


def _connect(connection: socket.socket) -> None:
    # Not settimeout(): where watchers queue up, a non-blocking connect fails at once.
    patience = struct.pack("@ll", _PATIENCE_S, 0)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, patience)
    try:
        connection.connect(SOCKET_NAME)
    except (ConnectionRefusedError, FileNotFoundError) as error:
        raise NoEngineError("no ebtop engine runs in this network namespace") from error
    except OSError as error:
        raise EngineGone("The engine does not answer.") from error


def _check_owner(connection: socket.socket) -> int:
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    pid, uid, _ = struct.unpack("=iII", credentials)
    if uid != 0:
        raise SquatterError(
            f"Process {pid} of user {uid} squats on ebtop's socket: end it and try again."
        )
    return int(pid)

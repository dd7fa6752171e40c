"""Who is at the other end of the engine's socket, and whether it may be there."""

import array
import contextlib
import grp
import os
import socket
import struct

GROUP = "ebtop"
_SO_PEERGROUPS = 59
_FEW_GROUPS_BYTES = 1024  # the most that Python's getsockopt takes: 256 groups


def read_group() -> int | None:
    """The number of the group that may watch. Asked once: a directory service may be slow."""
    with contextlib.suppress(KeyError):
        return grp.getgrnam(GROUP).gr_gid
    return None


def read_uid(connection: socket.socket) -> int:
    """The user of the process that connected."""
    return _read_credentials(connection)[0]


def is_admitted(connection: socket.socket, group: int | None) -> bool:
    """Root, and the members of the group if there is one."""
    uid, gid = _read_credentials(connection)
    if uid in (0, os.geteuid()):
        return True
    if group is None:
        return False
    return group == gid or group in _read_supplementary(connection)


def _read_credentials(connection: socket.socket) -> tuple[int, int]:
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    _, uid, gid = struct.unpack("=iII", credentials)
    return uid, gid


def _read_supplementary(connection: socket.socket) -> set[int]:
    groups = array.array("I")
    with contextlib.suppress(OSError):
        groups.frombytes(
            connection.getsockopt(socket.SOL_SOCKET, _SO_PEERGROUPS, _FEW_GROUPS_BYTES)
        )
    return set(groups)

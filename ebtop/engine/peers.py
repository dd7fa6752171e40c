"""Who is at the other end of the engine's socket, and whether it may be there."""

import array
import contextlib
import errno
import grp
import os
import signal
import socket
import struct
from pathlib import Path

GROUP = "ebtop"
_SO_PEERGROUPS = 59
_SO_PEERPIDFD = 77
_CAP_NET_ADMIN = 12
_FEW_GROUPS_BYTES = 1024  # the most that Python's getsockopt takes: 256 groups


def read_group() -> int | None:
    """The number of the group that may watch. Asked once: a directory service may be slow."""
    with contextlib.suppress(KeyError):
        return grp.getgrnam(GROUP).gr_gid
    return None


def may_edit(connection: socket.socket) -> bool:
    """Root, when the kernel would let it write routes itself.

    The abstract socket is open to every container that shares the network namespace, and the root
    of one has no CAP_NET_ADMIN: the engine must not lend it.
    """
    pid, uid, _ = _read_credentials(connection)
    return uid == 0 and has_net_admin(pid) and _lives(connection)


def is_admitted(connection: socket.socket, group: int | None) -> bool:
    """Root, and the members of the group if there is one."""
    _, uid, gid = _read_credentials(connection)
    if uid in (0, os.geteuid()):
        return True
    if group is None:
        return False
    return group == gid or group in _read_supplementary(connection)


def _read_credentials(connection: socket.socket) -> tuple[int, int, int]:
    """Process, user and group as they were when it connected; process 0: none that we see."""
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    pid, uid, gid = struct.unpack("=iII", credentials)
    return pid, uid, gid


def has_net_admin(pid: int) -> bool:
    """Whether a process has CAP_NET_ADMIN, and has it in our user namespace."""
    process = Path(f"/proc/{pid}")
    try:
        ours = (process / "ns/user").stat().st_ino == Path("/proc/self/ns/user").stat().st_ino
        status = (process / "status").read_text("utf-8", "replace")
    except OSError:
        return False
    effective = int(status.partition("\nCapEff:")[2].split(maxsplit=1)[0], 16)
    return ours and bool(effective >> _CAP_NET_ADMIN & 1)


def _lives(connection: socket.socket) -> bool:
    """Whether the process that connected is still there, so that its id is no other's.

    Kernels before 6.5 cannot tell.
    """
    try:
        process = connection.getsockopt(socket.SOL_SOCKET, _SO_PEERPIDFD)
    except OSError as error:
        return error.errno == errno.ENOPROTOOPT
    try:
        signal.pidfd_send_signal(process, 0)
    except OSError:
        return False
    finally:
        os.close(process)
    return True


def _read_supplementary(connection: socket.socket) -> set[int]:
    groups = array.array("I")
    with contextlib.suppress(OSError):
        groups.frombytes(
            connection.getsockopt(socket.SOL_SOCKET, _SO_PEERGROUPS, _FEW_GROUPS_BYTES)
        )
    return set(groups)

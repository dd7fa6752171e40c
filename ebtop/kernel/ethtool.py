"""The ethtool ioctl, for interfaces of the calling thread's network namespace."""

import errno
import os
import socket
import struct
from array import array
from collections.abc import Iterator
from fcntl import ioctl

_SIOCETHTOOL = 0x8946
_GET_STRINGS = 0x1B
_GET_STATISTICS = 0x1D
_GET_SET_INFO = 0x37
_STATISTICS_SET = 1
_STRING_BYTES = 32
_NAME_BYTES = 16
# The kernel writes as many entries as the driver has when it is asked, not as many as fit.
_SPARE_ENTRIES = 512


def read_value(name: str, command: int) -> int:
    """The 32-bit answer to an ETHTOOL_G... command; raises OSError as the kernel does."""
    return int(struct.unpack_from("=II", _request(name, struct.pack("=II", command, 0)))[1])


def apply_value(name: str, command: int, value: int) -> None:
    """Sends a 32-bit value with an ETHTOOL_S... command; raises OSError as the kernel does."""
    _request(name, struct.pack("=II", command, value))


def read_statistics(name: str) -> dict[str, int]:
    """The driver's own counters; raises OSError (EOPNOTSUPP) where it has none."""
    names = list(_read_statistic_names(name))
    room = bytes(8 * (len(names) + _SPARE_ENTRIES))
    answer = _request(name, struct.pack("=II", _GET_STATISTICS, len(names)) + room)
    (count,) = struct.unpack_from("=I", answer, 4)
    if count != len(names):
        raise OSError(errno.EAGAIN, "The set of counters changed while it was read", name)
    return dict(zip(names, struct.unpack_from(f"={count}Q", answer, 8), strict=True))


def _read_statistic_names(name: str) -> Iterator[str]:
    question = struct.pack("=IIQI", _GET_SET_INFO, 0, 1 << _STATISTICS_SET, 0)
    _, _, mask, count = struct.unpack("=IIQI", _request(name, question))
    if not mask:
        raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP), name)
    room = bytes(_STRING_BYTES * (count + _SPARE_ENTRIES))
    answer = _request(name, struct.pack("=III", _GET_STRINGS, _STATISTICS_SET, count) + room)
    (count,) = struct.unpack_from("=I", answer, 8)
    for start in range(12, 12 + _STRING_BYTES * count, _STRING_BYTES):
        yield answer[start : start + _STRING_BYTES].split(b"\0", 1)[0].decode("ascii", "replace")


def _request(name: str, command: bytes) -> bytes:
    packed = os.fsencode(name)
    # The ioctl would cut a name at its colon, and answer for another interface.
    if not packed or len(packed) >= _NAME_BYTES or b":" in packed:
        raise OSError(errno.ENODEV, os.strerror(errno.ENODEV), name)
    buffer = array("B", command)
    address, _ = buffer.buffer_info()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as control:
        try:
            ioctl(control, _SIOCETHTOOL, struct.pack(f"{_NAME_BYTES}sP16x", packed, address))
        except OSError as error:
            raise OSError(error.errno, error.strerror, name) from None
    return buffer.tobytes()

"""One netlink request and its answer, for the probes: raw bytes in, raw payloads out.

A socket lives for one call and belongs to the calling thread's network namespace.
Every failure is an OSError, malformed answers included (EBADMSG).
"""

import errno
import os
import socket
import struct
from collections.abc import Iterator

ROUTE = 0  # include/uapi/linux/netlink.h
SOCK_DIAG = 4
XFRM = 6
NETFILTER = 12
GENERIC = 16

_REQUEST = 0x1
_ACK = 0x4
_DUMP = 0x300
_DUMP_INTERRUPTED = 0x10
_ERROR = 2
_DONE = 3
_SEQUENCE = 1
_TYPE_MASK = 0x3FFF  # without NLA_F_NESTED and NLA_F_NET_BYTEORDER
_HEADER = struct.Struct("=IHHII")
_ATTRIBUTE = struct.Struct("=HH")
_SOL_NETLINK = 270
_CAP_ACK = 10
_RECEIVE_BYTES = 1 << 16  # a dump fills at most 32 KiB
_TIMEOUT_S = 1.0
_ATTEMPTS = 5


def read_messages(
    protocol: int, message_type: int, body: bytes, *, dump: bool = True
) -> list[bytes]:
    """Send one request; the payloads of its answers, without their netlink headers.

    A dump that changes interrupted is asked again. Raises OSError with the kernel's errno,
    EAGAIN if the table never held still, EBADMSG for an answer that is not netlink.
    """
    for _ in range(_ATTEMPTS):
        payloads = _read_once(protocol, message_type, body, dump=dump)
        if payloads is not None:
            return payloads
    raise _failure(errno.EAGAIN)


def read_answer(protocol: int, message_type: int, body: bytes) -> bytes:
    """The payload of the one answer to a request that is no dump. Raises OSError as above."""
    answers = read_messages(protocol, message_type, body, dump=False)
    if not answers:
        raise _failure(errno.EBADMSG)
    return answers[0]


def decode_attributes(data: bytes, offset: int = 0) -> dict[int, bytes]:
    """Attributes by type, the last of a type winning."""
    return dict(decode_attribute_list(data, offset))


def decode_attribute_list(data: bytes, offset: int = 0) -> Iterator[tuple[int, bytes]]:
    """Attributes in order, as (type, value). Raises OSError(EBADMSG)."""
    end = len(data)
    while offset + _ATTRIBUTE.size <= end:
        length, kind = _ATTRIBUTE.unpack_from(data, offset)
        if length < _ATTRIBUTE.size or offset + length > end:
            raise _failure(errno.EBADMSG)
        yield kind & _TYPE_MASK, data[offset + _ATTRIBUTE.size : offset + length]
        offset += (length + 3) & ~3


def encode_attribute(kind: int, value: bytes) -> bytes:
    """One attribute with its padding."""
    length = _ATTRIBUTE.size + len(value)
    return _ATTRIBUTE.pack(length, kind) + value + bytes(-length % 4)


def decode_string(value: bytes) -> str:
    """A string up to its NUL; bytes that are no UTF-8 become escapes."""
    return value.partition(b"\0")[0].decode(errors="backslashreplace")


def decode_u32(value: bytes | None, default: int = 0) -> int:
    """A u32 in host order; the default where the attribute is missing."""
    return default if value is None else _decode_integer(value, "=I")


def decode_be32(value: bytes | None, default: int = 0) -> int:
    """A u32 in network order, as nf_tables writes them."""
    return default if value is None else _decode_integer(value, "!I")


def decode_u64(value: bytes | None, default: int = 0) -> int:
    """A u64 in host order."""
    return default if value is None else _decode_integer(value, "=Q")


def read_generic(family: str, command: int, attributes: bytes = b"") -> list[bytes]:
    """Dump a generic netlink command; payloads with the four-byte genl header cut off.

    Raises OSError(ENOENT) where the kernel has no such family.
    """
    request = struct.pack("=BBH", 3, 1, 0) + encode_attribute(2, family.encode() + b"\0")
    answer = read_answer(GENERIC, 16, request)  # CTRL_CMD_GETFAMILY
    number = decode_attributes(answer, 4).get(1)
    if number is None or len(number) != 2:
        raise _failure(errno.EBADMSG)
    header = struct.pack("=BBH", command, 1, 0)
    payloads = read_messages(GENERIC, struct.unpack("=H", number)[0], header + attributes)
    return [payload[4:] for payload in payloads]


def _read_once(protocol: int, message_type: int, body: bytes, *, dump: bool) -> list[bytes] | None:
    """None: the dump was interrupted by a change."""
    flags = _REQUEST | (_DUMP if dump else _ACK)
    header = _HEADER.pack(_HEADER.size + len(body), message_type, flags, _SEQUENCE, 0)
    payloads: list[bytes] = []
    consistent = True
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, protocol) as sock:
        sock.settimeout(_TIMEOUT_S)
        sock.setsockopt(_SOL_NETLINK, _CAP_ACK, 1)
        sock.bind((0, 0))
        sock.sendto(header + body, (0, 0))
        while True:
            data, _, message_flags, sender = sock.recvmsg(_RECEIVE_BYTES)
            if message_flags & socket.MSG_TRUNC:
                raise _failure(errno.EMSGSIZE)
            if sender[0] != 0:  # only the kernel is port 0
                continue
            for kind, reply_flags, payload in _decode_messages(data):
                consistent = consistent and not reply_flags & _DUMP_INTERRUPTED
                if kind in {_ERROR, _DONE}:
                    _check_status(payload)
                    return payloads if consistent else None
                payloads.append(payload)


def _decode_messages(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    offset = 0
    while offset + _HEADER.size <= len(data):
        length, kind, flags, sequence, _ = _HEADER.unpack_from(data, offset)
        if length < _HEADER.size or offset + length > len(data):
            raise _failure(errno.EBADMSG)
        if sequence == _SEQUENCE:
            yield kind, flags, data[offset + _HEADER.size : offset + length]
        offset += (length + 3) & ~3


def _check_status(payload: bytes) -> None:
    """Raise what an NLMSG_ERROR or NLMSG_DONE carries; zero is success."""
    code = -_decode_integer(payload[:4], "=i") if len(payload) >= 4 else 0
    if code:
        raise _failure(code)


def _decode_integer(value: bytes, layout: str) -> int:
    if len(value) != struct.calcsize(layout):
        raise _failure(errno.EBADMSG)
    number: int = struct.unpack(layout, value)[0]
    return number


def _failure(code: int) -> OSError:
    return OSError(code, os.strerror(code))

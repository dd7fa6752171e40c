"""The kernel's answer to one request, with its own words (extended acknowledgements).

struct nlmsgerr and NLMSGERR_ATTR_*: include/uapi/linux/netlink.h.
"""

import os
import socket
import struct
from dataclasses import dataclass

from ebtop.kernel.netlink import (
    HEADER,
    SOL_NETLINK,
    MalformedMessage,
    parse_attributes,
    unpack_error,
    unpack_u32,
)

_NETLINK_CAP_ACK = 10
_NETLINK_EXT_ACK = 11
_NLM_F_ACK_TLVS = 0x200
_NLM_F_CAPPED = 0x100
_TEXT = 1
_OFFSET = 2
_LENGTH = struct.Struct("=I")


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """Whether a request was taken, and if not, why."""

    code: int  # errno, 0: taken
    text: str = ""  # the kernel's words, without a full stop; "" where it has none
    offset: int = 0  # of the attribute to blame in the request, its header included; 0: none

    @property
    def taken(self) -> bool:
        """Whether the kernel did what it was asked for."""
        return self.code == 0

    @property
    def words(self) -> str:
        """The kernel's own words, or what its errno means."""
        return self.text or os.strerror(self.code)


def ask_for_words(asking: socket.socket) -> None:
    """From now on the answers on this socket carry the kernel's words where it has some."""
    asking.setsockopt(SOL_NETLINK, _NETLINK_CAP_ACK, 1)
    asking.setsockopt(SOL_NETLINK, _NETLINK_EXT_ACK, 1)


def decode_acknowledgement(flags: int, body: memoryview) -> Acknowledgement:
    """Flags and payload of a message NLMSG_ERROR. Raises MalformedMessage."""
    code = unpack_error(body)
    if not flags & _NLM_F_ACK_TLVS:
        return Acknowledgement(code)
    position = 4 + HEADER.size
    if len(body) < position:
        raise MalformedMessage(f"an acknowledgement of {len(body)} bytes")
    if not flags & _NLM_F_CAPPED:
        (length,) = _LENGTH.unpack_from(body, 4)
        position = 4 + ((length + 3) & ~3)
    found = parse_attributes(body[position:])
    text = bytes(found.get(_TEXT, b"")).rstrip(b"\0").decode("ascii", "replace")
    return Acknowledgement(code, text.strip().rstrip("."), unpack_u32(found.get(_OFFSET)))

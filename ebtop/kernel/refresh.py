"""Keeps neighbours fresh whose traffic bypasses the stack."""

import errno
import os
import socket
from collections.abc import Iterable

from ebtop.kernel.neighbours import NDA_DST, NEIGHBOUR_HEADER, decode_neighbour
from ebtop.kernel.netlink import (
    NLM_F_ACK,
    NLM_F_REQUEST,
    NLMSG_ERROR,
    MessageType,
    index_messages,
    open_socket,
    pack_attribute,
    pack_request,
    receive,
    unpack_error,
)
from ebtop.model.neighbour import Neighbour, NeighbourState

_NTF_USE = 0x01
_ANSWER_BYTES = 1 << 13


class NeighbourRefresh:
    """Asks the kernel to confirm STALE neighbours, as its own traffic would.

    NTF_USE (net/core/neighbour.c, neigh_add) makes an entry DELAY, then PROBE, and leaves
    nothing behind. It would wipe the MAC of a PERMANENT entry, so the kernel is asked for the
    state just before. Works in the network namespace of the thread that made the object.
    """

    def __init__(self) -> None:
        self._socket = open_socket()
        self._room = memoryview(bytearray(_ANSWER_BYTES))

    def close(self) -> None:
        """Give the socket back."""
        self._socket.close()

    def refresh(self, entries: Iterable[Neighbour]) -> None:
        """Refresh those of the entries that are STALE, here and in the kernel.

        Entries that have gone are left alone. Raises OSError when the kernel refuses.
        """
        for entry in entries:
            if entry.state == NeighbourState.STALE and self._is_stale(entry):
                self._use(entry)

    def _is_stale(self, entry: Neighbour) -> bool:
        answer = self._ask(MessageType.GETNEIGH, NLM_F_REQUEST, entry, flags=0)
        return answer is not None and answer.state == NeighbourState.STALE

    def _use(self, entry: Neighbour) -> None:
        self._ask(MessageType.NEWNEIGH, NLM_F_REQUEST | NLM_F_ACK, entry, flags=_NTF_USE)

    def _ask(
        self, message_type: int, request_flags: int, entry: Neighbour, *, flags: int
    ) -> Neighbour | None:
        """Send one request and return the entry of its answer, None where there is none."""
        family = socket.AF_INET if entry.address.family == 4 else socket.AF_INET6
        body = NEIGHBOUR_HEADER.pack(family, entry.ifindex, 0, flags, 0)
        body += pack_attribute(NDA_DST, entry.address.packed)
        self._socket.sendto(pack_request(message_type, request_flags, body), (0, 0))
        # The kernel has answered before sendto returns.
        length = receive(self._socket, self._room, socket.MSG_DONTWAIT)
        for kind, answer in index_messages(self._room[:length]).bodies():
            if kind == MessageType.NEWNEIGH:
                return decode_neighbour(answer)
            if kind == NLMSG_ERROR:
                _refuse(unpack_error(answer))
        return None


def _refuse(code: int) -> None:
    if code not in (0, errno.ENOENT, errno.ENODEV):
        raise OSError(code, f"the kernel refused to refresh a neighbour: {os.strerror(code)}")

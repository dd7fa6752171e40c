"""Records every frame that arrives at a host, so that a test can count and compare them."""

import errno
import os
import select
import socket
import struct
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from ebtop.lab.namespace import open_packet_socket
from ebtop.lab.topology import Host

_ETH_P_ALL = 3
_SO_RCVBUFFORCE = 33
_SOL_PACKET = 263
_PACKET_STATISTICS = 6
_PACKET_IGNORE_OUTGOING = 23
_MAXIMUM_FRAME_BYTES = 65_536 + 64
_BATCH_FRAMES = 1024
_BUFFER_BYTES = 512 << 20  # only what is not read yet takes memory


class Receiver:
    """Receives in a thread of its own from `with` to `close`; frames stay in arrival order.

    `wanted` picks the frames that are kept, None keeps all. A frame is as the kernel hands it to
    a tap: TCP segments may have been merged by GRO, UDP and all else is as it was on the wire.
    """

    def __init__(self, host: Host, wanted: Callable[[bytes], bool] | None = None) -> None:
        self.frames: list[bytes] = []
        self._wanted = wanted
        self._arrived = threading.Condition()
        self._stop = os.eventfd(0, os.EFD_CLOEXEC)
        self._lost = 0
        self._socket = host.namespace.run(_open, host.interface)
        self._thread = threading.Thread(
            target=self._receive, name=f"receiver {host.namespace.name}"
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Reads what has arrived by now, and ends; `frames` stays. May be called again."""
        if self._socket.fileno() < 0:
            return
        os.eventfd_write(self._stop, 1)
        self._thread.join()
        self._lost += self._read_lost()
        self._socket.close()
        os.close(self._stop)

    @property
    def lost(self) -> int:
        """Frames that arrived and were not recorded for want of room: 0, or the test is void."""
        if self._thread.is_alive():
            self._lost += self._read_lost()
        return self._lost

    def wait_for(self, count: int, timeout_s: float = 10.0) -> int:
        """Waits until that many frames were kept, or the time is over; returns how many were."""
        with self._arrived:
            self._arrived.wait_for(lambda: len(self.frames) >= count, timeout_s)
            return len(self.frames)

    def _receive(self) -> None:
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        poll.register(self._stop, select.POLLIN)
        stopped = False
        while not stopped:
            stopped = self._stop in {descriptor for descriptor, _ in poll.poll()}
            while batch := self._read_waiting():
                with self._arrived:
                    self.frames += filter(self._wanted, batch)
                    self._arrived.notify_all()

    def _read_waiting(self) -> list[bytes]:
        batch: list[bytes] = []
        while len(batch) < _BATCH_FRAMES:
            try:
                batch.append(self._socket.recv(_MAXIMUM_FRAME_BYTES))
            except BlockingIOError:
                break
            except OSError as error:
                if error.errno != errno.ENETDOWN:  # told once; the socket goes on when it is up
                    raise
        return batch

    def _read_lost(self) -> int:
        # Reading the statistics sets them back to zero.
        statistics = self._socket.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, 8)
        return int(struct.unpack("=II", statistics)[1])


def _open(interface: str) -> socket.socket:
    packet_socket = open_packet_socket()
    packet_socket.settimeout(0)
    packet_socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER_BYTES)
    packet_socket.setsockopt(_SOL_PACKET, _PACKET_IGNORE_OUTGOING, 1)
    packet_socket.bind((interface, _ETH_P_ALL))
    return packet_socket

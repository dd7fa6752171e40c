"""Numbered packets: each carries a number of its own, so that loss, doubling and damage show."""

import errno
import socket
import struct
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ebtop.lab.frames import (
    ETHERNET_BYTES,
    ETHERTYPE_IPV4,
    ETHERTYPE_IPV6,
    IPV4_BYTES,
    IPV6_BYTES,
    Flow,
    build_udp,
)
from ebtop.lab.namespace import open_sender
from ebtop.lab.topology import Host

DEFAULT_RATE_PPS = 30_000.0
"""What veth rings of 256 frames carry without loss on two shared cores."""

_MAGIC = b"ebtopnum"
# The number is followed by its complement, so that the sum of the two, and with it the UDP
# checksum, is the same for all packets of a flow.
_NUMBER = struct.Struct("!8sQQ")
_ALL = (1 << 64) - 1
_UDP_BYTES = 8
_NUMBER_AT = {
    ETHERTYPE_IPV4: ETHERNET_BYTES + IPV4_BYTES + _UDP_BYTES,
    ETHERTYPE_IPV6: ETHERNET_BYTES + IPV6_BYTES + _UDP_BYTES,
}
_PACED_PACKETS = 16  # sent in a row before the clock is asked
_RETRY_S = 0.001


class NumberedStream:
    """Packets `first` to `first + count - 1`, spread over the flows in turn."""

    def __init__(self, flows: Sequence[Flow], count: int, first: int = 0) -> None:
        self.flows = tuple(flows)
        self.numbers = range(first, first + count)
        self._parts = [_split(flow) for flow in self.flows]

    def flow(self, number: int) -> Flow:
        """The flow that a number belongs to."""
        return self.flows[number % len(self.flows)]

    def frame(self, number: int) -> bytes:
        """The whole frame as it is sent."""
        start, end = self._parts[number % len(self._parts)]
        return start + _NUMBER.pack(_MAGIC, number, number ^ _ALL) + end


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberedResult:
    """What became of a stream. All four are empty when each packet arrived once and right."""

    missing: tuple[int, ...]
    doubled: tuple[int, ...]
    damaged: tuple[int, ...]  # differ in any byte from what was expected
    foreign: tuple[int, ...]  # were never sent

    @property
    def perfect(self) -> bool:
        """Whether every packet arrived exactly once, byte for byte as expected."""
        return not (self.missing or self.doubled or self.damaged or self.foreign)


def send_numbered(
    host: Host,
    flows: Sequence[Flow],
    count: int,
    first: int = 0,
    rate_pps: float | None = DEFAULT_RATE_PPS,
) -> NumberedStream:
    """Sends a stream out of a host, no faster than the rate (None: as fast as it goes).

    Every packet has left the host when it returns; one that the first veth refuses for want of
    room is sent again.
    """
    stream = NumberedStream(flows, count, first)
    with host.namespace.run(open_sender, host.interface) as sender:
        started_s = time.monotonic()
        for sent, number in enumerate(stream.numbers):
            if rate_pps and sent % _PACED_PACKETS == 0:
                ahead_s = started_s + sent / rate_pps - time.monotonic()
                if ahead_s > 0:
                    time.sleep(ahead_s)
                else:
                    started_s -= ahead_s  # what was missed is not made up for: a ring is short
            _send(sender, stream.frame(number))
    return stream


def read_number(frame: bytes) -> int | None:
    """The number of a frame, None if it is no numbered packet."""
    at = _NUMBER_AT.get(int.from_bytes(frame[12:14], "big"))
    if at is None or len(frame) < at + _NUMBER.size:
        return None
    magic, number, complement = _NUMBER.unpack_from(frame, at)
    return number if magic == _MAGIC and number ^ complement == _ALL else None


def is_numbered(frame: bytes) -> bool:
    """Whether it is a numbered packet: what a Receiver has to keep."""
    return read_number(frame) is not None


def compare_numbered(
    stream: NumberedStream, received: Iterable[bytes], expected: Callable[[int], bytes]
) -> NumberedResult:
    """Compares what arrived, at all receivers together, with what had to: `expected(number)`."""
    seen: Counter[int] = Counter()
    damaged = []
    for frame in received:
        number = read_number(frame)
        if number is not None:
            seen[number] += 1
            if number in stream.numbers and frame != expected(number):
                damaged.append(number)
    return NumberedResult(
        missing=tuple(number for number in stream.numbers if number not in seen),
        doubled=tuple(sorted(number for number, times in seen.items() if times > 1)),
        damaged=tuple(damaged),
        foreign=tuple(sorted(number for number in seen if number not in stream.numbers)),
    )


def _split(flow: Flow) -> tuple[bytes, bytes]:
    """The bytes before and behind the magic and the number."""
    padding = bytes(flow.payload_bytes - _NUMBER.size)
    frame = build_udp(flow, _NUMBER.pack(_MAGIC, 0, _ALL) + padding)
    at = _NUMBER_AT[int.from_bytes(frame[12:14], "big")]
    return frame[:at], frame[at + _NUMBER.size :]


def _send(sender: socket.socket, frame: bytes) -> None:
    while True:
        try:
            sender.send(frame)
        except OSError as error:
            if error.errno != errno.ENOBUFS:
                raise
            time.sleep(_RETRY_S)
        else:
            return

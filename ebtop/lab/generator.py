"""The demo's traffic: one process that sends for all hosts, bounded in rate and in time.

It ends at its time limit and with its parent, whichever comes first.
"""

import argparse
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from itertools import cycle, islice
from typing import Protocol

from ebtop.lab.demo_traffic import Stream, compile_streams
from ebtop.lab.namespace import entered, open_sender
from ebtop.lab.tcp_pair import TcpPair
from ebtop.lab.topology import HOST_INTERFACE, Lab, Router
from ebtop.model.prefix import parse_address

DEFAULT_RATE_PPS = 8000
MAXIMUM_RATE_PPS = 100_000
DEFAULT_DURATION_S = 3600
MAXIMUM_DURATION_S = 86_400

_PR_SET_PDEATHSIG = 1
_SLICE_S = 0.01
_LONGEST_SLICE_S = 0.1  # what was missed while asleep is not made up for
_TCP_PORT = 5001
_TCP_DESTINATIONS = ("198.18.4.10", "2001:db8:4::10")
_TCP_FRAME_BYTES = 1448
_TCP_PART = 0.02  # of the rate, each


def start_traffic(
    lab: Lab,
    router: Router,
    *,
    rate_pps: int = DEFAULT_RATE_PPS,
    duration_s: int = DEFAULT_DURATION_S,
    seed: int = 1,
    errors: int = subprocess.DEVNULL,
) -> "subprocess.Popen[bytes]":
    """Starts the traffic of a demo router (see demo_router.build_demo); it ends with the lab."""
    names = [host.namespace.name for host in router.hosts]
    limits = ["--rate-pps", str(rate_pps), "--duration-s", str(duration_s), "--seed", str(seed)]
    command = [sys.executable, "-P", "-m", __name__, "--parent", str(os.getpid()), *limits, *names]
    return lab.spawn(command, router.hosts[0].namespace, errors=errors)


class FrameSender(Protocol):
    """What a generator needs of a socket."""

    def send(self, data: bytes, /) -> int:
        """Sends one frame; OSError if it did not."""


class Generator:
    """Sends the streams' frames when they are due, at most `rate_pps` in all."""

    def __init__(
        self, streams: Sequence[Stream], senders: Sequence[FrameSender], rate_pps: float
    ) -> None:
        self.sent = 0
        self._rate_pps = rate_pps
        self._lanes = [
            (stream, cycle(stream.frames), senders[stream.host - 1]) for stream in streams
        ]
        self._due = [0.0] * len(streams)

    def send(self, elapsed_s: float, slice_s: float) -> None:
        """Sends what became due within the last slice of time."""
        for index, (stream, frames, sender) in enumerate(self._lanes):
            due = self._due[index]
            due += stream.level(elapsed_s) * stream.weight * self._rate_pps * slice_s
            count = int(due)
            self._due[index] = due - count
            # A link may be down, or a ring full: such is a network, and the next slice tries.
            with suppress(OSError):
                for frame in islice(frames, count):
                    sender.send(frame)
                    self.sent += 1


def run(names: Sequence[str], rate_pps: int, duration_s: int, seed: int) -> int:
    """Sends until the time is over; returns how many raw frames."""
    with ExitStack() as stack:
        senders = []
        for name in names:
            with entered(name):
                senders.append(stack.enter_context(open_sender(HOST_INTERFACE)))
        pairs = [
            TcpPair(names[0], names[-1], parse_address(destination), _TCP_PORT)
            for destination in _TCP_DESTINATIONS
        ]
        for pair in pairs:
            stack.callback(pair.close)
        tcp_pps = rate_pps * _TCP_PART
        generator = Generator(compile_streams(seed), senders, rate_pps - len(pairs) * tcp_pps)
        _send_until(generator, pairs, tcp_pps * _TCP_FRAME_BYTES, duration_s)
        return generator.sent


def _send_until(
    generator: Generator, pairs: Sequence[TcpPair], tcp_bytes_per_s: float, duration_s: float
) -> None:
    started_s = before_s = time.monotonic()
    while before_s - started_s < duration_s:
        time.sleep(_SLICE_S)
        now_s = time.monotonic()
        slice_s = min(now_s - before_s, _LONGEST_SLICE_S)
        generator.send(now_s - started_s, slice_s)
        for pair in pairs:
            pair.pump(int(tcp_bytes_per_s * slice_s), now_s)
        before_s = now_s


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry of the process."""
    options = _parse_arguments(arguments)
    _end_with_parent(options.parent)
    run(options.namespaces, options.rate_pps, options.duration_s, options.seed)
    return 0


def _parse_arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("namespaces", nargs="+", help="the hosts' namespaces in order")
    parser.add_argument("--parent", type=int, required=True, help="process to end with")
    parser.add_argument("--rate-pps", type=int, default=DEFAULT_RATE_PPS)
    parser.add_argument("--duration-s", type=int, default=DEFAULT_DURATION_S)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    if not 1 <= options.rate_pps <= MAXIMUM_RATE_PPS:
        parser.error(f"the rate is 1 to {MAXIMUM_RATE_PPS} packets a second")
    if not 1 <= options.duration_s <= MAXIMUM_DURATION_S:
        parser.error(f"the duration is 1 to {MAXIMUM_DURATION_S} seconds")
    return options


def _end_with_parent(parent: int) -> None:
    """Asks the kernel for SIGTERM at the parent's death, and ends if that was before."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(1)


if __name__ == "__main__":
    sys.exit(main())

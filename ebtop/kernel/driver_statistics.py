"""Frames that a port's driver received: the books' own count, taken before any program ran."""

import errno
import os
import re
from pathlib import Path

from ebtop.kernel.ethtool import read_statistics

# veth: one counter a queue, of every frame that its NAPI took (veth_xdp_rcv), whatever the
# program then said of it. /proc/net/dev counts these too, and those that came past NAPI.
_PER_QUEUE = re.compile(r"rx_queue_\d+_xdp_packets")
# /proc/net is the process's main thread's, which may be in another namespace.
_DEVICES = Path("/proc/thread-self/net/dev")


def read_received_packets(name: str) -> int:
    """Frames received by the driver of an interface in the calling thread's namespace.

    Exact on veth in native mode: the growth over any time with a program attached is the number
    of frames that the program was run for, but for frames that the driver itself dropped for
    want of memory. Other drivers: rx_packets of /proc/net/dev, which most count before XDP.
    Raises OSError (ENODEV) where there is no such interface.
    """
    try:
        counters = read_statistics(name)
    except OSError as error:
        if error.errno not in {errno.EOPNOTSUPP, errno.EAGAIN, errno.EPERM}:
            raise
        counters = {}
    queues = [value for key, value in counters.items() if _PER_QUEUE.fullmatch(key)]
    return sum(queues) if queues else read_interface_packets(name)


def read_interface_packets(name: str) -> int:
    """`rx_packets` of an interface by /proc/net/dev; any driver has it."""
    wanted = os.fsencode(name)
    for line in _DEVICES.read_bytes().split(b"\n")[2:]:
        interface, colon, counters = line.rpartition(b":")
        if colon and interface.strip(b" ") == wanted:
            return int(counters.split()[1])
    raise OSError(errno.ENODEV, os.strerror(errno.ENODEV), name)

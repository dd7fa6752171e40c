"""Network namespaces: made, entered by single threads, and deleted."""

import ctypes
import os
import socket
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import ParamSpec, TypeVar

NAMED_NAMESPACES = Path("/run/netns")
"""Where `ip netns` keeps the names."""

_HERE = Path("/proc/thread-self/ns/net")
_SYSCTLS = Path("/proc/sys")
_CLONE_NEWNET = 0x40000000
_LIBC = ctypes.CDLL(None, use_errno=True)

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


class LabError(Exception):
    """A lab could not be built; the text is the one sentence to show."""


def run_ip(*arguments: str, batch: Sequence[str] = ()) -> str:
    """Runs `ip` with arguments, or with a batch of command lines; LabError if it fails."""
    command = ["ip", *arguments, *(["-batch", "-"] if batch else [])]
    lines = "".join(f"{line}\n" for line in batch)
    try:
        done = subprocess.run(command, input=lines, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise LabError("The program ip is missing: install iproute2.") from None
    if done.returncode:
        said = " ".join(done.stderr.split())
        raise LabError(f"'{' '.join(command)}' failed: {said}{_failed_line(said, batch)}")
    return done.stdout


def _failed_line(said: str, batch: Sequence[str]) -> str:
    number = said.rpartition("-:")[2]
    return f" ({batch[int(number) - 1]})" if number.isdecimal() and batch else ""


def enter_namespace(name: str) -> None:
    """Moves the calling thread, and no other, into a named namespace; OSError if it is gone."""
    descriptor = os.open(NAMED_NAMESPACES / name, os.O_RDONLY | os.O_CLOEXEC)
    try:
        _set_network(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def entered(name: str) -> Iterator[None]:
    """The calling thread inside a named namespace, and afterwards back where it was."""
    home = os.open(_HERE, os.O_RDONLY | os.O_CLOEXEC)
    try:
        enter_namespace(name)
        try:
            yield
        finally:
            _set_network(home)
    finally:
        os.close(home)


def _set_network(descriptor: int) -> None:
    if _LIBC.setns(descriptor, _CLONE_NEWNET):
        number = ctypes.get_errno()
        raise OSError(number, f"Entering a network namespace failed: {os.strerror(number)}")


class Namespace:
    """A named network namespace with one thread that lives in it until `delete`."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)

    def create(self) -> None:
        """Makes the namespace; LabError says why not."""
        run_ip("netns", "add", self.name)
        self.run(enter_namespace, self.name)

    def delete(self) -> None:
        """Removes the name; the kernel removes the rest when the last socket in it is closed."""
        self._thread.shutdown()
        delete_namespace(self.name)

    def run(
        self,
        function: Callable[Parameters, Result],
        *args: Parameters.args,
        **kwargs: Parameters.kwargs,
    ) -> Result:
        """Calls a function in the namespace; sockets and processes that it makes stay there."""
        return self._thread.submit(function, *args, **kwargs).result()

    def ip(self, *lines: str) -> None:
        """Runs `ip` command lines in the namespace; LabError names the first that failed."""
        run_ip("-n", self.name, batch=lines)

    def read_ip(self, *arguments: str) -> str:
        """What one `ip` command prints in the namespace."""
        return run_ip("-n", self.name, *arguments)

    def apply_sysctls(self, values: Mapping[str, int]) -> None:
        """Writes settings named as by sysctl(8) with slashes: "net/ipv4/ip_forward"."""
        self.run(_write_sysctls, values)


def open_packet_socket() -> socket.socket:
    """An AF_PACKET socket in the calling thread's namespace; until it is bound it is mute."""
    return socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 0)


def open_sender(interface: str) -> socket.socket:
    """A socket that sends whole frames out of an interface, and receives nothing."""
    sender = open_packet_socket()
    sender.bind((interface, 0))
    return sender


def delete_namespace(name: str) -> None:
    """Removes a named namespace, if it is there."""
    try:
        run_ip("netns", "delete", name)
    except LabError:
        if (NAMED_NAMESPACES / name).exists():
            raise


def _write_sysctls(values: Mapping[str, int]) -> None:
    for name, value in values.items():
        (_SYSCTLS / name).write_text(str(value))

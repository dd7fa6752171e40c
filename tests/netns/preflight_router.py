"""A router in a network namespace of its own, for the preflight tests."""

import ctypes
import shlex
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, ParamSpec, TypeVar

from ebtop.kernel import preflight
from ebtop.kernel.probe_links import read_link_facts
from ebtop.model.port import Link, Reason

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")
_CLONE_NEWNET = 0x40000000


class Router:
    """A namespace without a name: it is one thread's, and goes with it, whatever happens."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1)
        self.tid = self.call(_leave_namespace)

    def call(
        self,
        function: Callable[Parameters, Result],
        *args: Parameters.args,
        **kwargs: Parameters.kwargs,
    ) -> Result:
        return self._thread.submit(function, *args, **kwargs).result(timeout=60)

    def run(self, *commands: str) -> None:
        for command in commands:
            done = self.call(_execute, command)
            assert done.returncode == 0, f"{command}: {done.stderr}"

    def add_port(self, port: str, far: str) -> None:
        """A veth that can forward; its far end is in the namespace too, and is no port."""
        self.run(
            f"ip link add name {port} type veth peer name {far}",
            f"ethtool -K {port} gro on",
            f"ethtool -K {far} gro on",
            f"ip link set {port} up",
            f"ip link set {far} up",
        )

    def reasons(self, own_programs: frozenset[int] = frozenset()) -> tuple[Reason, ...]:
        return self.call(_read_reasons, own_programs)

    def found(self, own_programs: frozenset[int] = frozenset()) -> set[tuple[str, str]]:
        """(name, port) of all reasons; "" for every port."""
        names = {ifindex: link.name for ifindex, link in self.call(read_links).items()}
        return {
            (reason.name, "" if reason.ifindex is None else names[reason.ifindex])
            for reason in self.reasons(own_programs)
        }

    def close(self) -> None:
        self._thread.shutdown()


class Case(NamedTuple):
    """A cause that can be made and undone, and the reason that it is."""

    name: str
    make: tuple[str, ...]
    undo: tuple[str, ...]
    port: str = ""  # the one that it concerns; "" for every port
    feature: str = ""  # of the kernel, that it needs


@contextmanager
def two_ports() -> Iterator[Router]:
    """A router with the ports wan and lan, which may forward; host0 and host1 are behind them."""
    router = Router()
    try:
        router.add_port("wan", "host0")
        router.add_port("lan", "host1")
        assert router.reasons() == ()
        yield router
    finally:
        router.close()


def check_comes_and_goes(router: Router, case: Case) -> None:
    router.run(*case.make)
    found = {(name, port) for name, port in router.found() if port in {"", "wan", "lan"}}
    assert found == {(case.name, case.port)}
    router.run(*case.undo)
    assert case.name not in {name for name, _ in router.found()}


def read_links() -> dict[int, Link]:
    """The links of the calling thread's namespace, without the far ends."""
    return {
        facts.ifindex: Link(
            ifindex=facts.ifindex,
            name=facts.name,
            ethernet=facts.name != "lo",
            loopback=facts.name == "lo",
        )
        for facts in read_link_facts().values()
        if not facts.name.startswith("host")
    }


def _read_reasons(own_programs: frozenset[int]) -> tuple[Reason, ...]:
    return preflight.read_reasons(read_links(), own_programs)


def _leave_namespace() -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "unshare")
    return int(Path("/proc/thread-self").readlink().name)


def _execute(command: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        shlex.split(command), capture_output=True, text=True, check=False, timeout=30
    )

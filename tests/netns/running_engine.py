"""A real `ebtop run` in a lab's router, and a watcher of it."""

import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from ebtop.engine.client import Client
from ebtop.engine.connection import NoEngineError
from ebtop.lab.topology import Lab, Router
from ebtop.model.port import Mode, PortStatus
from ebtop.model.snapshot import Snapshot
from ebtop.model.verdict import Verdict

PATIENCE_S = 20.0
EBTOP = (sys.executable, "-m", "ebtop")


@dataclass(slots=True)
class RunningEngine:
    """The process, and its watcher in the router's namespace."""

    lab: Lab
    router: Router
    process: "subprocess.Popen[bytes]"
    client: Client

    def snapshot(self) -> Snapshot:
        """The next tick."""
        return self.client.wait(PATIENCE_S)

    def wait_until(self, wanted: Callable[[Snapshot], bool]) -> Snapshot:
        """The first tick that is as wanted."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            snapshot = self.snapshot()
            if wanted(snapshot):
                return snapshot
            assert time.monotonic() < deadline, f"not in time: {snapshot.ports}"

    def settled(self) -> Snapshot:
        """A tick after which several brought no packet."""
        quiet, last = 0, self.snapshot()
        while quiet < 3:
            snapshot = self.snapshot()
            same = [p.received for p in snapshot.ports] == [p.received for p in last.ports]
            quiet = quiet + 1 if same else 0
            last = snapshot
        return last

    def command(self, *arguments: str) -> tuple[int, str, str]:
        """Exit code, output and narration of `ebtop ...` in the router."""
        process = self.lab.spawn(
            [*EBTOP, *arguments],
            self.router.namespace,
            output=subprocess.PIPE,
            errors=subprocess.PIPE,
        )
        output, errors = process.communicate(timeout=PATIENCE_S)
        return process.returncode, output.decode(), errors.decode()


@contextmanager
def run_engine(lab: Lab, router: Router, *options: str) -> Iterator[RunningEngine]:
    """Runs until the block ends; the first thing seen is a complete tick."""
    process = lab.spawn([*EBTOP, "run", *options], router.namespace)
    client = router.namespace.run(connect, process)
    try:
        yield RunningEngine(lab, router, process, client)
    finally:
        client.close()
        process.kill()
        process.wait()


def connect(process: "subprocess.Popen[bytes] | None" = None) -> Client:
    """A watcher in the calling thread's namespace, as soon as there is an engine."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            return Client()
        except NoEngineError:
            assert process is None or process.poll() is None, "the engine ended"
            assert time.monotonic() < deadline, "no engine in time"
            select.select([], [], [], 0.01)


def forwarding(snapshot: Snapshot) -> bool:
    """Whether every port forwards."""
    return bool(snapshot.ports) and all(port.mode is Mode.FORWARD for port in snapshot.ports)


def observing(snapshot: Snapshot) -> bool:
    """Whether every port observes."""
    return bool(snapshot.ports) and all(port.mode is Mode.OBSERVE for port in snapshot.ports)


def count(ports: tuple[PortStatus, ...], verdict: Verdict) -> int:
    """Packets of all ports with a verdict."""
    return sum(port.verdicts.get(verdict, 0) for port in ports)


def route_packets(snapshot: Snapshot) -> int:
    """Sum of the counters of all routes."""
    return int(snapshot.routes["packets"].sum(dtype=np.uint64))

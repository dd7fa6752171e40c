"""The demo's router and traffic as they run: all routes, bounded, and gone with their parent."""

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ebtop.lab.demo_router import DEMO_ROUTES, build_demo
from ebtop.lab.frames import TCP, parse_frame
from ebtop.lab.generator import start_traffic
from ebtop.lab.lifetime import read_marked, read_namespace_names, reap
from ebtop.lab.receiver import Receiver
from ebtop.lab.topology import Lab, Router

ROOT = Path(__file__).parents[2]

KILLED_RUN = """
import sys
from ebtop.lab.demo_router import build_demo
from ebtop.lab.generator import start_traffic
from ebtop.lab.topology import Lab
lab = Lab()
lab.__enter__()
process = start_traffic(lab, build_demo(lab), rate_pps=500)
print(lab.prefix, process.pid, flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def demo() -> Iterator[tuple[Lab, Router]]:
    with Lab() as lab:
        yield lab, build_demo(lab)


def read_owned(router: Router, family: int) -> set[tuple[str, str]]:
    """Destination and protocol of all routes that the kernel did not make itself."""
    rows = json.loads(router.namespace.read_ip("-j", "-N", f"-{family}", "route", "show"))
    return {(row["dst"], row["protocol"]) for row in rows if row["protocol"] != "2"}


def carries_data(frame: bytes) -> bool:
    try:
        packet = parse_frame(frame)
    except ValueError:
        return False
    return packet.protocol == TCP and packet.ports[1] == 5001 and len(packet.transport) > 100


def test_all_routes_are_in_the_kernel(demo: tuple[Lab, Router]) -> None:
    _, router = demo
    for family in (4, 6):
        routes = [route for route in DEMO_ROUTES if route.prefix.family == family]
        assert len(read_owned(router, family)) == len(routes)


def test_traffic_flows_everywhere_and_ends_in_time(demo: tuple[Lab, Router]) -> None:
    lab, router = demo
    ports = [port.name for port in router.ports]
    before = {port: router.read_received(port) for port in ports}
    started_s = time.monotonic()
    with Receiver(router.hosts[3], carries_data) as receiver:
        process = start_traffic(lab, router, rate_pps=4000, duration_s=2, errors=subprocess.PIPE)
        _, errors = process.communicate(timeout=30)
    elapsed_s = time.monotonic() - started_s
    received = {port: router.read_received(port) - before[port] for port in ports}

    assert (process.returncode, errors) == (0, b"")
    assert min(received.values()) > 50
    # Answers of the hosts (TCP's acknowledgements, ICMP, ND) come on top of what is sent.
    assert 1500 < sum(received.values()) < 4000 * elapsed_s * 1.5
    families = {parse_frame(frame).family for frame in receiver.frames}
    assert families == {4, 6}, "TCP of both families arrives"


def test_traffic_ends_with_its_parent() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", KILLED_RUN],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        prefix, pid = parent.stdout.readline().split()
        descriptor = os.pidfd_open(int(pid))
        try:
            parent.kill()
            parent.wait()
            poll = select.poll()
            poll.register(descriptor, select.POLLIN)
            assert poll.poll(10_000), "the generator outlived its parent"
        finally:
            os.close(descriptor)
    assert read_marked(prefix) == []
    reap()
    assert not [name for name in read_namespace_names() if name.startswith(prefix)]


def test_traffic_whose_parent_is_gone_does_not_start(demo: tuple[Lab, Router]) -> None:
    lab, router = demo
    command = [sys.executable, "-m", "ebtop.lab.generator", "--parent", "1", "absent"]
    process = lab.spawn(command, router.hosts[0].namespace)

    assert process.wait(timeout=30) == 1

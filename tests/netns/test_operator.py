"""An impatient operator at 80x24 on the running demo, from finding a route to a killed engine."""

import json
import os
import select
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ebtop.lab.lifetime import LAB_VARIABLE
from ebtop.lab.namespace import enter_namespace
from ebtop.model.prefix import Prefix, parse_prefix, unpack_address
from tests.netns.terminal import EBTOP, ROOT, Terminal, owned_by, rows, wait_until

_ETH_P_IP = 0x0800
_FOLLOW_S = 2.0


@dataclass
class Desk:
    """The operator's terminal, and the demo's namespaces behind it."""

    terminal: Terminal

    def namespace(self, role: str) -> str:
        owned = owned_by(self.terminal.pid())
        return next(name for name in owned if name.endswith(f"-{role}"))

    def tap(self, role: str) -> socket.socket:
        """What arrives at a host."""

        def open_tap() -> socket.socket:
            enter_namespace(self.namespace(role))
            return socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_ETH_P_IP))

        with ThreadPoolExecutor(1) as thread:
            return thread.submit(open_tap).result()

    def routes(self, *which: str) -> list[dict[str, Any]]:
        """What the kernel holds."""
        command = ["ip", "-n", self.namespace("r1"), "-j", "-d", "route", "show", *which]
        ran = subprocess.run(command, check=True, capture_output=True, text=True)
        return list(json.loads(ran.stdout or "[]"))

    def gateways(self, prefix: str) -> list[str]:
        return [route.get("gateway", "") for route in self.routes(prefix)]

    def find(self, address: str) -> None:
        """The route of an address, as the operator finds it."""
        self.terminal.keys("Escape", "Escape")
        self.terminal.keys("/")
        self.terminal.type(address)
        self.terminal.keys("Enter")

    def replace_text(self, text: str) -> None:
        """Other text for the field that has the cursor."""
        self.terminal.keys("End", "C-u")
        self.terminal.type(text)

    def engines(self) -> list[int]:
        """Processes of the engine in this demo."""
        prefix = self.namespace("r1").removesuffix("-r1")
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                command = (entry / "cmdline").read_bytes().split(b"\0")
                mine = f"{LAB_VARIABLE}={prefix}".encode() in (entry / "environ").read_bytes()
            except OSError:
                continue
            if mine and b"--transient" in command:
                found.append(int(entry.name))
        return found


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    terminal = Terminal(*EBTOP, "demo")
    try:
        wait_until(lambda: len(rows(terminal.screen())) >= 8, "no table")
        wait_until(lambda: "FORWARD" in terminal.screen()[0], "no forward mode")
        pid = terminal.pid()
        yield Desk(terminal)
    finally:
        terminal.close()
    wait_until(lambda: not owned_by(pid), "namespaces are left")


def test_finds_who_sends_most(desk: Desk) -> None:
    namespace = desk.namespace("r1")
    command = ["ip", "netns", "exec", namespace, *EBTOP, "routes", "--json"]

    def busiest() -> set[str]:
        ran = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
        routes = json.loads(ran.stdout)["routes"]
        return {r["prefix"] for r in sorted(routes, key=lambda r: -r["bps"])[:3]}

    desk.terminal.keys("s")
    desk.terminal.shows("bit/s▼")
    wait_until(
        lambda: next(iter(rows(desk.terminal.screen())), "") in busiest(),
        "the first row is none of the busiest",
    )
    desk.terminal.keys("S")
    desk.terminal.shows("pps▼")


def test_finds_the_route_of_an_address(desk: Desk) -> None:
    desk.find("10.17.17.18")
    desk.terminal.shows("▌10.17.17.16/28")
    desk.terminal.keys("Escape")
    wait_until(lambda: len(rows(desk.terminal.screen())) >= 8, "the filter stays")
    assert "▌10.17.17.16/28" in desk.terminal.text()


def test_freezes_and_drills(desk: Desk) -> None:
    desk.find("192.0.2.1")
    desk.terminal.shows("▌192.0.2.0/24")
    desk.terminal.keys("Space")
    desk.terminal.shows("FROZEN")
    desk.terminal.keys("Enter")
    desk.terminal.shows("192.0.2.0/24", "10.255.3.2", "02:eb:00:00:01:03", "FROZEN")
    desk.terminal.keys("Escape")
    desk.terminal.shows("▌192.0.2.0/24")
    desk.terminal.keys("Space")
    wait_until(lambda: "FROZEN" not in desk.terminal.text(), "it stays frozen")


def packets_to(source: socket.socket, prefix: Prefix, until_s: float) -> int:
    """Packets to the prefix that come until then, or until the first."""
    while (left_s := until_s - time.monotonic()) > 0:
        if select.select([source], [], [], left_s)[0]:
            header = source.recv(64)
            if prefix.contains(unpack_address(header[16:20])):
                return 1
    return 0


def test_moves_a_route_and_the_packets_follow(desk: Desk) -> None:
    prefix = parse_prefix("172.20.0.0/14")
    assert desk.gateways(str(prefix)) == ["10.255.3.2"]
    with desk.tap("h2") as source:
        assert packets_to(source, prefix, time.monotonic() + 1) == 0, "it is another's yet"
        desk.find("172.20.1.1")
        desk.terminal.shows("▌172.20.0.0/14")
        desk.terminal.keys("e")
        desk.replace_text("10.255.2.2")
        desk.terminal.keys("Tab")
        desk.replace_text("p2")
        desk.terminal.keys("Enter")
        desk.terminal.shows("ip route replace 172.20.0.0/14 via 10.255.2.2 dev p2 proto ospf")
        assert desk.gateways(str(prefix)) == ["10.255.3.2"], "nothing is written by one key"
        while select.select([source], [], [], 0)[0]:
            source.recv(64)
        desk.terminal.keys("Enter")

        assert packets_to(source, prefix, time.monotonic() + _FOLLOW_S) == 1
    assert desk.gateways(str(prefix)) == ["10.255.2.2"]
    assert [route["protocol"] for route in desk.routes(str(prefix))] == ["ospf"]
    wait_until(
        lambda: "10.255.2.2" in rows(desk.terminal.screen()).get(str(prefix), ""),
        "the row does not show what the kernel reports",
    )


def test_is_told_by_the_kernel_why_a_gateway_is_wrong(desk: Desk) -> None:
    before = desk.gateways("192.0.2.128/25")
    desk.find("192.0.2.130")
    desk.terminal.shows("▌192.0.2.128/25")
    desk.terminal.keys("e")
    desk.replace_text("10.99.99.99")
    desk.terminal.shows("Nexthop has invalid gateway")
    desk.terminal.keys("Enter", "Enter", "Escape", "Escape")
    desk.terminal.shows("▌192.0.2.128/25")

    assert desk.gateways("192.0.2.128/25") == before


def test_deletes_and_adds_again(desk: Desk) -> None:
    desk.find("192.0.2.129")
    desk.terminal.shows("▌192.0.2.129/32")
    desk.terminal.keys("d")
    desk.terminal.shows("ip route del 192.0.2.129/32", "It carries")
    desk.terminal.keys("Enter")
    desk.terminal.shows("Enter deletes nothing")
    assert desk.gateways("192.0.2.129") == ["10.255.4.2"], "Enter deletes nothing"
    desk.terminal.keys("y")
    wait_until(lambda: desk.gateways("192.0.2.129") == [], "the route is still there")
    wait_until(lambda: "192.0.2.129/32" not in rows(desk.terminal.screen()), "its row stays")

    desk.terminal.keys("Escape", "a")
    desk.terminal.type("192.0.2.129/32")
    desk.terminal.keys("Tab")
    desk.terminal.type("10.255.4.2")
    desk.terminal.keys("Enter")
    desk.terminal.shows("ip route add 192.0.2.129/32 via 10.255.4.2")
    desk.terminal.keys("Enter")
    wait_until(lambda: desk.gateways("192.0.2.129") == ["10.255.4.2"], "the route is not there")
    desk.terminal.shows("▌192.0.2.129/32")


def test_kills_the_engine_and_reads_on(desk: Desk) -> None:
    desk.terminal.keys("Escape", "Escape")
    wait_until(lambda: len(rows(desk.terminal.screen())) >= 8, "no table")
    (engine,) = desk.engines()
    os.kill(engine, signal.SIGKILL)
    deadline = time.monotonic() + _FOLLOW_S
    while "ENGINE GONE" not in desk.terminal.text():
        assert time.monotonic() < deadline, "it is not said at once"
    desk.find("10.17.17.18")
    desk.terminal.shows("▌10.17.17.16/28", "ENGINE GONE")
    desk.terminal.keys("Enter")
    desk.terminal.shows("10.17.16.0/20", "ENGINE GONE")
    desk.terminal.keys("Escape", "Escape")

    wait_until(lambda: "► FORWARD" in desk.terminal.text(), "it does not come back")
    assert desk.engines() != [engine]

"""`ebtop demo`: a lab router with hosts and traffic, and ebtop on it."""

import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

from ebtop.commands.exits import CommandError, Exit
from ebtop.commands.launch import OWN_COMMAND, describe_end, own_environment
from ebtop.commands.routes import describe_routes, select_rows
from ebtop.commands.text import print_json, print_table
from ebtop.engine.client import Client
from ebtop.engine.connection import NoEngineError
from ebtop.kernel.driver_statistics import read_received_packets
from ebtop.kernel.requirements import read_missing
from ebtop.lab.demo_router import build_demo
from ebtop.lab.generator import start_traffic
from ebtop.lab.lifetime import LAB_VARIABLE
from ebtop.lab.namespace import LabError
from ebtop.lab.topology import Lab, Router
from ebtop.model.errors import EngineGone
from ebtop.model.histogram import percentile_ns
from ebtop.model.port import Mode, PortStatus
from ebtop.model.snapshot import Snapshot
from ebtop.model.verdict import Verdict
from ebtop.tui.terminal.complaint import find_complaint

_HEADLESS_S = 10.0
_INTERACTIVE_S = 8 * 3600
_START_S = 30.0
_RETRY_S = 0.05
_ENDING_S = 2.0  # from the end of its socket to that of an engine
_SETTLE_TICKS = 5  # quiet ticks after the traffic, so that the books are of one moment


def demo(*, headless: bool, seconds: float | None, as_json: bool, screen_options: list[str]) -> int:
    """Builds the lab, shows ebtop in it, and removes everything, however it ends.

    `screen_options` are passed on to the `ebtop` that opens the screen.
    """
    missing = read_missing()
    if missing:
        raise CommandError(" ".join(missing), Exit.LACKING)
    complaint = "" if headless else find_complaint()
    if complaint:
        raise CommandError(f"{complaint} Without a screen: --headless.", Exit.USAGE)
    try:
        with _signals_raise(), Lab() as lab:
            router = build_demo(lab)
            if headless:
                return _report(lab, router, seconds or _HEADLESS_S, as_json=as_json)
            start_traffic(lab, router, duration_s=int(seconds or _INTERACTIVE_S))
            return _show(lab, router, seconds, screen_options)
    except LabError as error:
        raise CommandError(str(error)) from error


def _show(lab: Lab, router: Router, seconds: float | None, options: list[str]) -> int:
    """The screen on this terminal, in the router's namespace."""
    environment = own_environment() | {LAB_VARIABLE: lab.prefix}
    command = [*OWN_COMMAND, *options]
    screen = router.namespace.run(lambda: subprocess.Popen(command, env=environment))
    try:
        return screen.wait(seconds)
    except subprocess.TimeoutExpired:
        return int(Exit.DONE)
    finally:
        _end(screen)


def _end(screen: subprocess.Popen[bytes]) -> None:
    """Lets the screen put the terminal right."""
    screen.terminate()
    try:
        screen.wait(5)
    except subprocess.TimeoutExpired:
        screen.kill()
        screen.wait()


def _report(lab: Lab, router: Router, seconds: float, *, as_json: bool) -> int:
    """Runs the traffic for a while, lets it end, and prints the books."""
    client = _start_engine(lab, router)
    try:
        _wait_until_forwarding(client)
        traffic = start_traffic(lab, router, duration_s=int(seconds) + 60)
        print(f"ebtop: traffic for {seconds:g} s.", file=sys.stderr)  # noqa: T201  narration
        time.sleep(seconds)
        traffic.terminate()
        traffic.wait()
        report = _compile_report(_settled(client), _read_hosts(router))
    except EngineGone as error:
        raise CommandError(str(error)) from error
    finally:
        client.close()
    if as_json:
        print_json(report)
    else:
        _print(report)
    return Exit.DONE


def _start_engine(lab: Lab, router: Router) -> Client:
    """An engine that runs, and its watcher. Raises CommandError with the engine's own words."""
    with tempfile.TemporaryFile() as words:
        engine = lab.spawn([*OWN_COMMAND, "run"], router.namespace, errors=words.fileno())
        try:
            return _wait_until_loaded(router, engine)
        except EngineGone as error:
            with suppress(subprocess.TimeoutExpired):
                code = engine.wait(_ENDING_S)
                words.seek(0)
                raise describe_end(code, words.read().decode(errors="replace")) from error
            raise CommandError(str(error)) from error


def _wait_until_loaded(router: Router, engine: "subprocess.Popen[bytes]") -> Client:
    """Waits here and not in the namespace's thread, which nothing could interrupt."""
    deadline = time.monotonic() + _START_S
    while engine.poll() is None and time.monotonic() < deadline:
        try:
            client = router.namespace.run(Client)
        except NoEngineError:
            time.sleep(_RETRY_S)
            continue
        try:
            client.wait(_START_S)
        except BaseException:
            client.close()
            raise
        return client
    raise EngineGone("The engine did not start in time.")


def _wait_until_forwarding(client: Client) -> None:
    deadline = time.monotonic() + _START_S
    snapshot = client.wait(_START_S)
    while not snapshot.ports or any(port.mode is not Mode.FORWARD for port in snapshot.ports):
        if time.monotonic() > deadline:
            break
        snapshot = client.wait(_START_S)
    else:
        return
    reasons = {reason.text for port in snapshot.ports for reason in port.reasons}
    raise CommandError(f"The router does not forward: {' '.join(sorted(reasons))}")


def _settled(client: Client) -> Snapshot:
    """A snapshot after the last packet: several ticks without a new one."""
    quiet, last = 0, client.wait(_START_S)
    deadline = time.monotonic() + _START_S
    while quiet < _SETTLE_TICKS and time.monotonic() < deadline:
        snapshot = client.wait(_START_S)
        moved = sum(p.received for p in snapshot.ports) != sum(p.received for p in last.ports)
        quiet = 0 if moved else quiet + 1
        last = snapshot
    return last


def _read_hosts(router: Router) -> list[dict[str, Any]]:
    return [
        {
            "name": f"h{number}",
            "received": host.namespace.run(read_received_packets, host.interface),
        }
        for number, host in enumerate(router.hosts, 1)
    ]


def _compile_report(snapshot: Snapshot, hosts: list[dict[str, Any]]) -> dict[str, Any]:
    names = ("prefix", "table", "type", "best", "packets", "bytes", "punts", "drops")
    routes = describe_routes(snapshot, select_rows(snapshot, None))
    return {
        "routes": [
            {name: route[name] for name in (*names, "p50_ns", "p99_ns")} for route in routes
        ],
        "ports": [_compile_port(port) for port in snapshot.ports],
        "latency": _compile_latency(snapshot),
        "hosts": hosts,
    }


def _compile_port(port: PortStatus) -> dict[str, Any]:
    counts = {Verdict(verdict): packets for verdict, packets in port.verdicts.items()}
    return {
        "name": port.name,
        "mode": port.mode,
        "received": port.received,
        "forwarded": counts.get(Verdict.FORWARDED, 0),
        "punted": {v.reason: packets for v, packets in counts.items() if v.punted},
        "dropped": {v.reason: packets for v, packets in counts.items() if v.dropped},
    }


def _compile_latency(snapshot: Snapshot) -> dict[str, float | None]:
    if snapshot.latency is None or not snapshot.latency[0].any():
        return {"packets": 0, "p50_ns": None, "p99_ns": None}
    total = snapshot.latency[0]
    return {
        "packets": int(total.sum()),
        "p50_ns": float(percentile_ns(total, 0.50)),
        "p99_ns": float(percentile_ns(total, 0.99)),
    }


def _print(report: dict[str, Any]) -> None:
    routes = [route for route in report["routes"] if route["packets"]]
    print_table(
        ("prefix", "packets", "bytes", "p50_ns", "p99_ns"),
        [
            [str(route[name]) for name in ("prefix", "packets", "bytes", "p50_ns", "p99_ns")]
            for route in routes
        ],
    )
    ports = [
        [
            port["name"],
            *(str(port[name]) for name in ("received", "forwarded")),
            *(
                ", ".join(f"{reason} {packets}" for reason, packets in port[name].items()) or "-"
                for name in ("punted", "dropped")
            ),
        ]
        for port in report["ports"]
    ]
    print_table(("port", "received", "forwarded", "punted", "dropped"), ports)


@contextmanager
def _signals_raise() -> Iterator[None]:
    """Turns the ending signals into an exception, so that the lab is removed."""

    def end(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    saved = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in saved.items():
            signal.signal(number, handler)

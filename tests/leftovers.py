"""What a test run changed on the machine and did not take back."""

import json
import os
import select
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ebtop.lab.lifetime import reap

SESSION_VARIABLE = "EBTOP_TEST_SESSION"
"""Set for all that a test run starts: a process that outlived it is known by its environment."""

_OWN_FILES = ["/run/ebtop*", "/var/lib/ebtop*", "/tmp/ebtop*"]  # noqa: S108  looked for, not made


_LAB = "network namespace ebtop-"  # a lab that goes is its owner's doing


def read_state() -> frozenset[str]:
    """Network namespaces, and links, programs, queues, rules and tables of this namespace.

    What killed runs left is removed first: the first lab of a test would do the same.
    """
    if os.geteuid() == 0:
        reap()
    return frozenset(
        [
            *(
                f"network namespace {row['name']}"
                for row in _read_json("ip", "-j", "netns", "list")
            ),
            *_read_links(),
            *(
                f"qdisc {row['kind']} {row.get('handle', '')} on {row['dev']}"
                for row in _read_json("tc", "-j", "qdisc", "show")
            ),
            *(f"rule {line}" for line in _read_lines("ip", "rule")),
            *(f"IPv6 rule {line}" for line in _read_lines("ip", "-6", "rule")),
            *(f"nftables {line}" for line in _read_lines("nft", "list", "tables")),
            *(f"file {path}" for pattern in _OWN_FILES for path in Path("/").glob(pattern[1:])),
        ]
    )


def describe_changes(before: frozenset[str], after: frozenset[str]) -> list[str]:
    """One line for each thing that is left behind, or that has gone."""
    gone = {thing for thing in before - after if not thing.startswith(_LAB)}
    return [f"left behind: {thing}" for thing in sorted(after - before)] + [
        f"gone: {thing}" for thing in sorted(gone)
    ]


def wait_for_processes(session: str, patience_s: float) -> list[str]:
    """Give what a test run started time to end; one line for each process that does not."""
    deadline = time.monotonic() + patience_s
    for pid in _started_by(session):
        _wait_for_end(pid, deadline)
    return [f"left behind: process {pid} ({_command_of(pid)})" for pid in _started_by(session)]


def _read_links() -> Iterator[str]:
    for row in _read_json("ip", "-j", "link", "show"):
        yield f"link {row['ifname']}"
        if "xdp" in row:
            yield f"XDP program on {row['ifname']}"


def _read_lines(*command: str) -> list[str]:
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True)
    except FileNotFoundError:
        return []
    return done.stdout.splitlines()


def _read_json(*command: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads("".join(_read_lines(*command)) or "[]")
    return [row for row in rows if row]


def _started_by(session: str) -> list[int]:
    wanted = f"{SESSION_VARIABLE}={session}".encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environment = (folder / "environ").read_bytes()
        except OSError:  # it has ended, or belongs to somebody else
            continue
        if wanted in environment.split(b"\0") and int(folder.name) != os.getpid():
            found.append(int(folder.name))
    return found


def _wait_for_end(pid: int, deadline: float) -> None:
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        poll.poll(max(0.0, deadline - time.monotonic()) * 1000)
    finally:
        os.close(descriptor)


def _command_of(pid: int) -> str:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return "?"
    return words.replace(b"\0", b" ").decode(errors="replace").strip()

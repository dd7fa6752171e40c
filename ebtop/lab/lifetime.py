"""Whose lab is it, and does its owner live: the names that make a killed run's rest findable.

A lab's prefix is `ebtop-PID-START-NUMBER`: the process, when it started (clock ticks since boot,
hexadecimal), and a number within the process. Its namespaces add `-ROLE`; its processes carry
the prefix in their environment.
"""

import itertools
import os
import re
import signal
from contextlib import suppress
from pathlib import Path

from ebtop.lab.namespace import NAMED_NAMESPACES, delete_namespace

LAB_VARIABLE = "EBTOP_LAB"
"""Environment variable of all processes that a lab started, and of theirs."""

_OWNED = re.compile(r"(?P<prefix>ebtop-(?P<pid>\d+)-(?P<start>[0-9a-f]+)-\d+)-.+")
_DEAD_STATES = {"Z", "X"}
_numbers = itertools.count(1)


def new_prefix() -> str:
    """A prefix that no other lab has or had since boot."""
    pid = os.getpid()
    return f"ebtop-{pid}-{read_start_ticks(pid) or 0:x}-{next(_numbers)}"


def read_start_ticks(pid: int) -> int | None:
    """When a process started (/proc/PID/stat, field 22); None if it does not live."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in _DEAD_STATES else int(fields[19])


def reap() -> list[str]:
    """Removes the processes and namespaces of labs whose owner is dead; returns their names."""
    removed = []
    for name in read_namespace_names():
        owned = _OWNED.fullmatch(name)
        if owned and read_start_ticks(int(owned["pid"])) != int(owned["start"], 16):
            kill_marked(owned["prefix"])
            delete_namespace(name)
            removed.append(name)
    return removed


def read_namespace_names() -> list[str]:
    """Names of all network namespaces on this machine."""
    try:
        return sorted(entry.name for entry in NAMED_NAMESPACES.iterdir())
    except FileNotFoundError:
        return []


def kill_marked(prefix: str) -> list[int]:
    """Kills every process that carries a lab's prefix in its environment; returns their ids."""
    killed = []
    for pid in read_marked(prefix):
        with suppress(ProcessLookupError):
            process = os.pidfd_open(pid)
            try:
                # Asked again now that the id cannot pass to another process unnoticed.
                if _is_marked(pid, prefix):
                    signal.pidfd_send_signal(process, signal.SIGKILL)
                    killed.append(pid)
            finally:
                os.close(process)
    return killed


def read_marked(prefix: str) -> list[int]:
    """Processes that carry a lab's prefix in their environment, other than this one."""
    pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]
    return sorted(pid for pid in pids if pid != os.getpid() and _is_marked(pid, prefix))


def _is_marked(pid: int, prefix: str) -> bool:
    try:
        environment = Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return False
    return f"{LAB_VARIABLE}={prefix}".encode() in environment.split(b"\0")

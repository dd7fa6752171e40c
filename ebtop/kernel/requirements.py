"""Without what the engine cannot run, told before it starts."""

import errno
import os
import re
from importlib.util import find_spec
from pathlib import Path

from ebtop.kernel.probe_bpf import create_mappable_array

_CAPABILITIES = {"CAP_NET_ADMIN": 12, "CAP_SYS_ADMIN": 21, "CAP_PERFMON": 38, "CAP_BPF": 39}
_STATUS = Path("/proc/thread-self/status")
_INSTALL_BCC = (
    "apt install python3-bpfcc (Debian, Ubuntu), dnf install python3-bcc (Fedora)"
    " or pacman -S python-bcc (Arch)"
)


def read_missing() -> tuple[str, ...]:
    """One sentence for each thing that is missing; empty if the engine can run. Never raises."""
    capabilities = _read_missing_capabilities()
    bpf = _read_missing_bpf(privileged=not capabilities)
    return tuple(text for text in (capabilities, bpf, _read_missing_bcc()) if text)


def parse_capabilities(status: str) -> frozenset[str]:
    """Which of the capabilities that matter are effective, from the text of /proc/PID/status."""
    found = re.search(r"^CapEff:\s*([0-9a-f]+)$", status, re.MULTILINE)
    mask = int(found.group(1), 16) if found else 0
    return frozenset(name for name, bit in _CAPABILITIES.items() if mask >> bit & 1)


def format_missing_capabilities(held: frozenset[str]) -> str:
    """The sentence for the operator, "" if the held ones suffice."""
    # CAP_PERFMON lets a program subtract two pointers; CAP_SYS_ADMIN includes it and CAP_BPF.
    included = {"CAP_BPF", "CAP_PERFMON"} if "CAP_SYS_ADMIN" in held else set()
    needed = ("CAP_BPF", "CAP_PERFMON", "CAP_NET_ADMIN")
    missing = [name for name in needed if name not in held | included]
    if not missing:
        return ""
    return f"ebtop lacks {', '.join(missing)}: run it as root (sudo ebtop)."


def format_missing_bpf(code: int, *, privileged: bool) -> str:
    """What an errno of the bpf(2) probe means; "" where the lack of privileges explains it."""
    if code == errno.EPERM:
        reason = "the kernel refuses bpf(2): lockdown, seccomp or the container forbids it"
        return f"XDP cannot be used, {reason}." if privileged else ""
    if code == errno.EINVAL:
        return "The kernel is too old: BPF maps that can be mapped need Linux 5.5 or later."
    if code == errno.ENOSYS:
        return "The kernel has no bpf(2): it needs CONFIG_BPF_SYSCALL, on a 64-bit machine."
    return f"XDP cannot be used, the kernel creates no BPF map: {os.strerror(code)}."


def _read_missing_capabilities() -> str:
    try:
        status = _STATUS.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        return f"ebtop cannot read its own capabilities from {_STATUS}: {error.strerror}."
    return format_missing_capabilities(parse_capabilities(status))


def _read_missing_bpf(*, privileged: bool) -> str:
    try:
        os.close(create_mappable_array())
    except OSError as error:
        return format_missing_bpf(error.errno or errno.EIO, privileged=privileged)
    return ""


def _read_missing_bcc() -> str:
    """Looks for bcc without importing it, which loads its library and takes long."""
    try:
        spec = find_spec("bcc")
    except (ImportError, ValueError):
        spec = None
    if spec is None:
        return (
            f"The Python module bcc is not installed for this Python: {_INSTALL_BCC};"
            " a virtual environment sees it with --system-site-packages."
        )
    folders = spec.submodule_search_locations or []
    if not any((Path(folder) / "libbcc").with_suffix(".py").is_file() for folder in folders):
        return (
            f"The Python module bcc at {spec.origin} is another project of that name (PyPI's):"
            f" pip uninstall bcc, then {_INSTALL_BCC}."
        )
    return ""

"""How the kernel chooses among equal-cost paths."""

from pathlib import Path

_POLICY = Path("/proc/sys/net/ipv4/fib_multipath_hash_policy")


def read_multipath_hash_policy() -> int:
    """net.ipv4.fib_multipath_hash_policy: 0 addresses, 1 ports as well (and more).

    A kernel without multipath has no such file and counts as 0.
    """
    try:
        return int(_POLICY.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 0

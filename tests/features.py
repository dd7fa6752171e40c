"""Kernel features that tests may do without: the list, and a probe for each.

The probes run in a network namespace of their own that ends with them.
"""

import functools
import subprocess
from pathlib import Path

FEATURES_FILE = Path(__file__).with_name("kernel_features.txt")

# Names are spelled out: `ip` takes a short one for an abbreviation of a keyword.
_VETH = "ip link add name left type veth peer name right && "
_PROBES = {
    "8021q": _VETH + "ip link add link left name upper type vlan id 5",
    "bond": "ip link add name upper type bond",
    "dummy": "ip link add name upper type dummy",
    "ipvlan": _VETH + "ip link add link left name upper type ipvlan",
    "kprobes": "test -e /sys/bus/event_source/devices/kprobe",
    "macsec": _VETH + "ip link add link left name upper type macsec",
    "netem": _VETH + "tc qdisc add dev left root netem delay 1ms",
    "vrf": "ip link add name upper type vrf table 10",
}


def read_features() -> dict[str, str]:
    """Name -> why a test needs it, of all features that a kernel may lack."""
    lines = FEATURES_FILE.read_text(encoding="utf-8").splitlines()
    rows = [line.split(maxsplit=1) for line in lines if line and not line.startswith("#")]
    return {name: reason.strip() for name, reason in rows}


@functools.cache
def has_feature(name: str) -> bool:
    """Whether this kernel has the feature. KeyError for a name without a probe.

    CalledProcessError when nothing can be probed, as without root: that proves nothing missing.
    """
    aside = ["unshare", "--net", "sh", "-c"]
    subprocess.run([*aside, _VETH + "tc qdisc"], check=True, capture_output=True)
    return subprocess.run([*aside, _PROBES[name]], check=False, capture_output=True).returncode == 0


def missing_feature(name: str) -> str | None:
    """Why a test that needs the feature is skipped; None when this kernel has it.

    ValueError when no test may be skipped for it.
    """
    reason = read_features().get(name)
    if reason is None:
        raise ValueError(f"{name} is not a feature of {FEATURES_FILE.name}")
    return None if has_feature(name) else f"this kernel lacks {name}: {reason}"

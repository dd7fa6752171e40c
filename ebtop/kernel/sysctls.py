"""What /proc/sys/net says of an interface, in the network namespace of the calling thread."""

import os
from dataclasses import dataclass

_CONF = "/proc/sys/net/{family}/conf/{name}/{key}"
_NO_INTERFACE = ("", ".", "..", "all", "default")
IPV6_MINIMUM_MTU = 1280


@dataclass(frozen=True, slots=True, kw_only=True)
class Sysctls:
    """The settings of one interface that forwarding depends on; see model Link."""

    forwarding4: bool = False
    forwarding6: bool = False
    rp_filter: int = 0
    ignore_linkdown: bool = False
    mtu6: int = 0


def read_sysctls(name: str, mtu: int) -> Sysctls:
    """The settings of an interface; a file that is missing means that the feature is off.

    A name that is no file name of its own (the kernel makes no folder for an interface called
    "all") has everything off.
    """
    if name in _NO_INTERFACE or "/" in name or "\0" in name:
        return Sysctls()
    disabled6 = _read_conf("ipv6", name, "disable_ipv6", missing=1)
    forwarding6 = _read_conf("ipv6", "all", "forwarding") or _read_conf(
        "ipv6", name, "force_forwarding"
    )
    return Sysctls(
        forwarding4=_read_conf("ipv4", name, "forwarding") > 0,
        forwarding6=forwarding6 > 0 and disabled6 == 0 and mtu >= IPV6_MINIMUM_MTU,
        # IN_DEV_MAXCONF and IN_DEV_ORCONF, include/linux/inetdevice.h
        rp_filter=max(_read_conf("ipv4", who, "rp_filter") for who in ("all", name)),
        ignore_linkdown=any(
            _read_conf(family, who, "ignore_routes_with_linkdown")
            for family, who in (("ipv4", "all"), ("ipv4", name), ("ipv6", name))
        ),
        mtu6=_read_conf("ipv6", name, "mtu"),
    )


def _read_conf(family: str, name: str, key: str, *, missing: int = 0) -> int:
    path = _CONF.format(family=family, name=name, key=key)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return missing
    try:
        return int(os.read(descriptor, 64))
    except (OSError, ValueError):
        return missing
    finally:
        os.close(descriptor)

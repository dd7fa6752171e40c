"""What steers or blocks forwarded packets beside the routes: IPsec policies, rules, sysctls."""

import errno
import socket
import struct
from pathlib import Path

from ebtop.kernel.probe_netlink import (
    ROUTE,
    XFRM,
    decode_attributes,
    decode_u32,
    read_answer,
    read_messages,
)
from ebtop.model.port import Reason

_GET_POLICY_COUNTS = 0x25  # XFRM_MSG_GETSPDINFO, include/uapi/linux/xfrm.h
_GET_POLICY_DEFAULT = 0x28  # XFRM_MSG_GETDEFAULT, since 5.15
_POLICY_BLOCK = 1
_DIRECTIONS = ("in", "fwd", "out")

_GET_RULE = 34  # RTM_GETRULE
_RULE_HEADER = struct.Struct("=BBBBBBBBI")  # struct fib_rule_hdr
_TO_TABLE = 1  # FR_ACT_TO_TBL
# FRA_PRIORITY, FRA_TABLE, FRA_PROTOCOL and FRA_PAD say nothing about which packets match.
_NEUTRAL_ATTRIBUTES = {6, 15, 21, 18}
_SUPPRESS_PREFIX_LENGTH = 14
_NO_SUPPRESSION = b"\xff\xff\xff\xff"
# (priority, table) in order: local, main, default
_DEFAULT_RULES = {
    socket.AF_INET: [(0, 255), (32766, 254), (32767, 253)],
    socket.AF_INET6: [(0, 255), (32766, 254)],
}
_ABSENT = {errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT, errno.EOPNOTSUPP}
_SYSCTL = Path("/proc/sys/net")


def read_xfrm_reasons() -> list[Reason]:
    """IPsec policies, and a default of xfrm that blocks. Raises OSError."""
    try:
        counts = read_answer(XFRM, _GET_POLICY_COUNTS, bytes(4))
    except OSError as error:
        if error.errno in _ABSENT:  # a kernel without xfrm
            return []
        raise
    policies = decode_policy_count(counts)
    reasons = []
    if policies:
        reasons.append(
            Reason(
                "xfrm",
                f"IPsec policies are installed ({policies}), and XDP would send past them"
                " what they encrypt or refuse.",
                "The kernel goes on forwarding; to let XDP forward, remove them:"
                " ip xfrm policy deleteall",
            )
        )
    return reasons + _xfrm_default_reasons()


def decode_policy_count(payload: bytes) -> int:
    """Policies of a XFRM_MSG_NEWSPDINFO, those of sockets left out."""
    info = decode_attributes(payload, 4).get(1)  # XFRMA_SPD_INFO
    if info is None or len(info) < 12:
        raise OSError(errno.EBADMSG, "the count of xfrm policies is missing")
    return sum(struct.unpack_from("=3I", info))


def _xfrm_default_reasons() -> list[Reason]:
    try:
        default = read_answer(XFRM, _GET_POLICY_DEFAULT, bytes(3))
    except OSError as error:
        if error.errno == errno.EINVAL:  # older than 5.15: the default is always accept
            return []
        raise
    # struct xfrm_userpolicy_default is in, fwd, out
    blocked = [
        direction
        for direction, action in zip(_DIRECTIONS, default, strict=False)
        if action == _POLICY_BLOCK
    ]
    if not blocked:
        return []
    return [
        Reason(
            "xfrm",
            f"The IPsec default policy is block ({', '.join(blocked)}), so the kernel drops what"
            " no policy allows.",
            "Accept by default: ip xfrm policy setdefault"
            + "".join(f" {direction} accept" for direction in blocked),
        )
    ]


def read_rule_reasons() -> list[Reason]:
    """Rules of either family that are not exactly the default ones. Raises OSError."""
    reasons = []
    for family, option in ((socket.AF_INET, "-4"), (socket.AF_INET6, "-6")):
        try:
            messages = read_messages(ROUTE, _GET_RULE, struct.pack("=B11x", family))
        except OSError as error:
            if error.errno in _ABSENT:  # no IPv6, or a kernel without policy routing
                continue
            raise
        if [decode_default_rule(message) for message in messages] != _DEFAULT_RULES[family]:
            reasons.append(
                Reason(
                    "rules",
                    f"The IPv{4 if option == '-4' else 6} routing rules are not the default ones,"
                    " so the main table alone does not decide.",
                    f"Look at ip {option} rule; XDP forwards with the default rules only.",
                )
            )
    return reasons


def decode_default_rule(message: bytes) -> tuple[int, int] | None:
    """(priority, table) of a RTM_NEWRULE that matches every packet, else None."""
    if len(message) < _RULE_HEADER.size:
        raise OSError(errno.EBADMSG, "a rule is cut short")
    header = _RULE_HEADER.unpack_from(message)
    _, to_length, from_length, tos, table, _, _, action, flags = header
    attributes = decode_attributes(message, _RULE_HEADER.size)
    suppression = attributes.pop(_SUPPRESS_PREFIX_LENGTH, _NO_SUPPRESSION)
    if (
        (to_length, from_length, tos, flags, action) != (0, 0, 0, 0, _TO_TABLE)
        or suppression != _NO_SUPPRESSION
        or attributes.keys() - _NEUTRAL_ATTRIBUTES
    ):
        return None
    return decode_u32(attributes.get(6)), decode_u32(attributes.get(15), table)


def read_sysctl_reasons(sysctl: Path = _SYSCTL) -> list[Reason]:
    """Switches of the whole router. Raises OSError; a file that is not there is switched off."""
    reasons = []
    if _read_switch(sysctl / "ipv4/ip_forward_use_pmtu"):
        reasons.append(
            Reason(
                "use-pmtu",
                "Forwarded packets honour the path MTUs that the kernel has learned"
                " (ip_forward_use_pmtu), which XDP does not know.",
                "Switch it off: sysctl -w net.ipv4.ip_forward_use_pmtu=0",
            )
        )
    if _read_switch(sysctl / "ipv6/conf/all/proxy_ndp"):
        reasons.append(
            Reason(
                "proxy-ndp",
                "The router answers neighbour solicitations for others (proxy_ndp), some of"
                " which pass as forwarded packets.",
                "Switch it off: sysctl -w net.ipv6.conf.all.proxy_ndp=0",
            )
        )
    return reasons


def _read_switch(path: Path) -> bool:
    try:
        return path.read_text(encoding="ascii").strip() != "0"
    except FileNotFoundError:
        return False

"""Whether a firewall, NAT or connection tracking would see a forwarded packet."""

import errno
import re
import socket
import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ebtop.kernel.probe_netlink import (
    NETFILTER,
    decode_attribute_list,
    decode_attributes,
    decode_be32,
    decode_string,
    read_messages,
)
from ebtop.model.port import Reason

_SUBSYSTEM = 10 << 8  # NFNL_SUBSYS_NFTABLES
_GET_CHAIN = _SUBSYSTEM | 4  # enum nf_tables_msg_types
_GET_RULE = _SUBSYSTEM | 7
_GET_GENERATION = _SUBSYSTEM | 16
_GET_OBJECT = _SUBSYSTEM | 19
_GET_FLOWTABLE = _SUBSYSTEM | 23
_HEADER_BYTES = 4  # struct nfgenmsg

_FAMILIES = {1: "inet", 2: "ip", 5: "netdev", 10: "ip6"}  # arp and bridge see no routed packet
_INET_HOOKS = dict(
    enumerate(("prerouting", "input", "forward", "output", "postrouting", "ingress"))
)
_NETDEV_HOOKS = {0: "ingress", 1: "egress"}
_LOCAL_HOOKS = {"input", "output"}  # no forwarded packet comes by
_NF_ACCEPT = 1
_ANY_DEVICE = "*"

# A rule that holds one of these turns on connection tracking (and with it defragmentation) for
# the whole namespace, whatever its hook. The last two lines are xtables names inside
# nft_compat's "match" and "target".
_TRACKING = (
    *("ct", "connlimit", "flow_offload", "masq", "nat", "notrack", "redir", "synproxy", "tproxy"),
    *("cluster", "connbytes", "connlabel", "connlimit", "connmark", "conntrack", "helper", "state"),
    *("CONNMARK", "CONNSECMARK", "CT", "DNAT", "MASQUERADE", "NETMAP", "NOTRACK", "REDIRECT"),
    *("SNAT", "SYNPROXY", "TPROXY"),
)
_TRACKING_OBJECTS = {3: "ct helper", 7: "ct timeout", 9: "ct expectation", 10: "synproxy"}

_REMEDY = "The kernel goes on forwarding; to let XDP forward, remove it with nft."
_NETWORK = Path("/proc/thread-self/net")  # /proc/net is the process leader's

_IPVS_HEADER_LINES = 3


def _name_attribute(name: str) -> bytes:
    """NFTA_EXPR_NAME, NFTA_MATCH_NAME and NFTA_TARGET_NAME look the same on the wire."""
    return struct.pack("=HH", 4 + len(name) + 1, 1) + name.encode() + b"\0"


# Searched for in the raw rule: it finds expressions nested in others (dynset) as well, and a rule
# comment made to look like one only errs on the safe side.
_TRACKING_PATTERN = re.compile(b"|".join(re.escape(_name_attribute(name)) for name in _TRACKING))


@dataclass(frozen=True, slots=True)
class Chain:
    """A base chain of nf_tables; `devices` is empty where the hook concerns every device."""

    family: str
    table: str
    name: str
    hook: str
    devices: tuple[str, ...]


def read_netfilter_reasons(names: Mapping[str, int]) -> list[Reason]:
    """Hooked chains, rules that track connections, and flowtables of nf_tables.

    `names` maps the names of the links to their ifindex. Raises OSError.
    """
    if not _has_nftables():
        return []
    messages = _read(_GET_CHAIN)
    reasons = [
        reason
        for message in messages
        if (chain := decode_chain(message)) is not None
        for reason in _chain_reasons(chain, names)
    ]
    everywhere = any(reason.ifindex is None for reason in reasons)
    if not everywhere and any(_has_rules(message) for message in messages):
        reasons += _tracking_rule_reasons(_read(_GET_RULE))
    return reasons + _object_reasons(_read(_GET_OBJECT)) + _flowtable_reasons()


def read_legacy_reasons(network: Path = _NETWORK) -> list[Reason]:
    """Tables of legacy iptables, which nf_tables does not show. Raises OSError."""
    reasons = []
    for command, file in (("iptables", "ip_tables_names"), ("ip6tables", "ip6_tables_names")):
        try:
            tables = (network / file).read_text(encoding="ascii", errors="replace").split()
        except FileNotFoundError:
            continue
        if tables:
            reasons.append(
                Reason(
                    "iptables-legacy",
                    f"Legacy {command} has loaded the table {', '.join(sorted(tables))},"
                    " which may filter or rewrite forwarded packets.",
                    f"Flush it and unload its module (modprobe -r {command[:-1]}_filter, ...);"
                    " where it is built in, it stays until the next boot.",
                )
            )
    return reasons


def read_ipvs_reasons(network: Path = _NETWORK) -> list[Reason]:
    """Virtual services of IPVS: it rewrites forwarded replies with a hook of its own.

    Raises OSError.
    """
    try:
        lines = (network / "ip_vs").read_text(encoding="ascii", errors="replace").splitlines()
    except FileNotFoundError:
        return []
    if len(lines) <= _IPVS_HEADER_LINES:
        return []
    return [
        Reason(
            "ipvs",
            "IPVS balances virtual services, and would not see what XDP forwards.",
            "The kernel goes on forwarding; to let XDP forward, remove the services: ipvsadm -C",
        )
    ]


def decode_chain(message: bytes) -> Chain | None:
    """The base chain in a NFT_MSG_NEWCHAIN, or None if no routed packet can meet it.

    A chain with policy accept and no rule counts as absent: a stock nftables.conf has some.
    """
    family = _family(message)
    attributes = decode_attributes(message, _HEADER_BYTES)
    if family is None or 4 not in attributes:
        return None
    hook_attributes = decode_attributes(attributes[4])
    hooks = _NETDEV_HOOKS if family == "netdev" else _INET_HOOKS
    number = decode_be32(hook_attributes.get(1))
    hook = hooks.get(number, f"hook {number}")
    policy = decode_be32(attributes.get(5), _NF_ACCEPT)
    if hook in _LOCAL_HOOKS or (policy == _NF_ACCEPT and not _has_rules(message)):
        return None
    return Chain(
        family,
        decode_string(attributes.get(1, b"")),
        decode_string(attributes.get(3, b"")),
        hook,
        tuple(_decode_devices(hook_attributes)),
    )


def _has_nftables() -> bool:
    """Whether the kernel has nf_tables at all; no table can exist without it."""
    try:
        _read(_GET_GENERATION, dump=False)
    except OSError as error:
        if error.errno in {errno.EINVAL, errno.EPROTONOSUPPORT, errno.EOPNOTSUPP}:
            return False
        raise
    return True


def _read(message_type: int, *, dump: bool = True) -> list[bytes]:
    header = struct.pack("=BBH", socket.AF_UNSPEC, 0, 0)
    return read_messages(NETFILTER, message_type, header, dump=dump)


def _family(message: bytes) -> str | None:
    return _FAMILIES.get(message[0]) if message else None


def _has_rules(message: bytes) -> bool:
    """NFTA_CHAIN_USE counts rules (and jumps to it, which a base chain cannot have)."""
    return decode_be32(decode_attributes(message, _HEADER_BYTES).get(6), 1) > 0


def _decode_devices(hook_attributes: Mapping[int, bytes]) -> Iterator[str]:
    if 3 in hook_attributes:  # NFTA_HOOK_DEV
        yield decode_string(hook_attributes[3])
    for kind, value in decode_attribute_list(hook_attributes.get(4, b"")):  # NFTA_HOOK_DEVS
        # 1 is NFTA_DEVICE_NAME; newer kinds hold patterns of names.
        yield decode_string(value) if kind == 1 else _ANY_DEVICE


def _chain_reasons(chain: Chain, names: Mapping[str, int]) -> Iterator[Reason]:
    text = (
        f"The nftables chain {chain.family} {chain.table} {chain.name} hooks {chain.hook}"
        " and would not see what XDP forwards."
    )
    remedy = f"{_REMEDY[:-1]}: nft delete chain {chain.family} {chain.table} {chain.name}"
    if not chain.devices or _ANY_DEVICE in chain.devices:
        yield Reason("netfilter", text, remedy)
        return
    for device in dict.fromkeys(chain.devices):
        if device in names:
            yield Reason("netfilter", text, remedy, names[device])


def _tracking_rule_reasons(messages: Iterable[bytes]) -> list[Reason]:
    """One reason for the first rule found: it concerns every port."""
    for message in messages:
        found = _TRACKING_PATTERN.search(message)
        if found is None or _family(message) is None:
            continue
        attributes = decode_attributes(message, _HEADER_BYTES)
        place = " ".join(decode_string(attributes.get(key, b"?")) for key in (1, 2))
        expression = decode_string(found.group()[4:])
        return [
            Reason(
                "netfilter",
                f"An nftables rule in {_family(message)} {place} uses {expression}, which makes"
                " the kernel track every connection, forwarded ones included.",
                _REMEDY,
            )
        ]
    return []


def _object_reasons(messages: Iterable[bytes]) -> list[Reason]:
    """Named objects that track connections; rules refer to them by name only."""
    kinds = {decode_be32(decode_attributes(message, _HEADER_BYTES).get(3)) for message in messages}
    return [
        Reason(
            "netfilter",
            f"nftables holds a {_TRACKING_OBJECTS[kind]} object, which makes the kernel track"
            " every connection, forwarded ones included.",
            _REMEDY,
        )
        for kind in sorted(kinds & _TRACKING_OBJECTS.keys())
    ]


def _flowtable_reasons() -> list[Reason]:
    try:
        messages = _read(_GET_FLOWTABLE)
    except OSError as error:
        if error.errno in {errno.EINVAL, errno.EOPNOTSUPP}:  # kernel without flowtables
            return []
        raise
    names = [
        decode_string(decode_attributes(message, _HEADER_BYTES).get(2, b"?"))
        for message in messages
    ]
    return [
        Reason(
            "netfilter",
            f"The nftables flowtable {name} forwards packets of tracked connections itself.",
            _REMEDY,
        )
        for name in names
    ]

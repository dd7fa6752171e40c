"""Shaping, filters and programs of traffic control, which XDP sends past."""

import errno
import struct
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from ebtop.kernel.probe_bpf import TCX_EGRESS, TCX_INGRESS, read_netfilter_links, read_tcx_programs
from ebtop.kernel.probe_links import LinkFacts
from ebtop.kernel.probe_netlink import (
    ROUTE,
    decode_attributes,
    decode_string,
    decode_u32,
    read_messages,
)
from ebtop.kernel.probe_ports import format_program
from ebtop.model.port import Reason

_GET_QDISC = 38  # RTM_GETQDISC
_GET_FILTER = 46  # RTM_GETTFILTER
_TC_HEADER = struct.Struct("=B3xiIII")  # struct tcmsg
_INGRESS_HOOK = 0xFFFFFFF2  # TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS)
_EGRESS_HOOK = 0xFFFFFFF3
_ROOT = 0xFFFFFFFF  # TC_H_ROOT, the parent of a root qdisc

# They queue, and drop only what the card cannot take: no rate, no class, no mark that an operator
# asked for. XDP frames go straight to the card and wait in none of them. Everything else shapes
# (tbf, htb, cake), delays (netem) or ranks (prio, mqprio) by policy.
_HARMLESS = {"noqueue", "mq", "pfifo", "bfifo", "pfifo_fast", "pfifo_head_drop", "fq", "fq_codel"}
_HOOKS = {"clsact", "ingress"}  # hold filters, no packets
_TAKES_FILTERS = {"fq_codel"}  # the only one of the harmless ones with a filter chain
_FQ_MAX_RATE = 7  # TCA_FQ_FLOW_MAX_RATE: fq shapes forwarded flows too
_NO_RATE = 0xFFFFFFFF
_NETFILTER_FORWARD_HOOKS = {0: "prerouting", 2: "forward", 4: "postrouting"}


@dataclass(frozen=True, slots=True)
class Qdisc:
    """One queueing discipline as RTM_NEWQDISC tells it."""

    ifindex: int
    handle: int
    parent: int
    kind: str
    shapes: bool


def read_tc_reasons(ports: Mapping[int, LinkFacts], own_programs: Collection[int]) -> list[Reason]:
    """Qdiscs that shape, and filters that are not ebtop's. Raises OSError."""
    try:
        messages = read_messages(ROUTE, _GET_QDISC, bytes(_TC_HEADER.size))
    except OSError as error:
        if error.errno == errno.EOPNOTSUPP:  # a kernel without traffic control
            return []
        raise
    qdiscs = [q for q in map(decode_qdisc, messages) if q.ifindex in ports]
    reasons = [
        Reason(
            "qdisc",
            f"The queueing discipline {qdisc.kind} on {ports[qdisc.ifindex].name} shapes or ranks"
            " traffic, and XDP would send past it.",
            f"Remove it: tc qdisc delete dev {ports[qdisc.ifindex].name} root",
            qdisc.ifindex,
        )
        for qdisc in qdiscs
        if qdisc.shapes
    ]
    return reasons + _filter_reasons(qdiscs, ports, own_programs)


def decode_qdisc(message: bytes) -> Qdisc:
    """Raises OSError(EBADMSG)."""
    if len(message) < _TC_HEADER.size:
        raise OSError(errno.EBADMSG, "a queueing discipline is cut short")
    _, ifindex, handle, parent, _ = _TC_HEADER.unpack_from(message)
    attributes = decode_attributes(message, _TC_HEADER.size)
    kind = decode_string(attributes.get(1, b""))  # TCA_KIND
    shapes = kind not in _HARMLESS | _HOOKS
    if kind == "fq":
        rate = decode_attributes(attributes.get(2, b"")).get(_FQ_MAX_RATE)  # TCA_OPTIONS
        shapes = decode_u32(rate, _NO_RATE) != _NO_RATE
    return Qdisc(ifindex, handle, parent, kind, shapes)


def read_tcx_reasons(ports: Mapping[int, LinkFacts], own_programs: Collection[int]) -> list[Reason]:
    """Programs attached with TCX, which tc does not show. Raises OSError."""
    return [
        Reason(
            "tcx",
            f"The BPF program {format_program(program)} sits on the {where} of {port.name} (TCX)"
            " and would not see what XDP forwards.",
            "Find out who attached it: bpftool net",
            port.ifindex,
        )
        for port in ports.values()
        for attach_type, where in ((TCX_INGRESS, "ingress"), (TCX_EGRESS, "egress"))
        for program in read_tcx_programs(port.ifindex, attach_type)
        if program not in own_programs
    ]


def read_netfilter_link_reasons() -> list[Reason]:
    """BPF programs on netfilter hooks that forwarded packets pass. Raises OSError."""
    return [
        Reason(
            "netfilter-bpf",
            f"The BPF program {format_program(link.program_id)} hooks"
            f" {_NETFILTER_FORWARD_HOOKS[link.hook]}, maybe of another network namespace, and"
            " would not see what XDP forwards.",
            "Find out who attached it: bpftool link",
        )
        for link in read_netfilter_links()
        if link.hook in _NETFILTER_FORWARD_HOOKS
    ]


def _filter_reasons(
    qdiscs: Iterable[Qdisc], ports: Mapping[int, LinkFacts], own_programs: Collection[int]
) -> list[Reason]:
    """One reason for each place with a foreign filter."""
    return [
        Reason(
            "tc-filter",
            f"A tc filter ({kind}) at the {where} of {ports[qdisc.ifindex].name} would not see"
            " what XDP forwards.",
            f"Remove it: tc filter delete dev {ports[qdisc.ifindex].name} {where}",
            qdisc.ifindex,
        )
        for qdisc in qdiscs
        for parent, where in _filter_parents(qdisc)
        if (kind := _read_foreign_filter(qdisc.ifindex, parent, own_programs))
    ]


def _filter_parents(qdisc: Qdisc) -> list[tuple[int, str]]:
    """Where on this qdisc filters can be; the same filters never under two parents."""
    if qdisc.kind == "clsact":
        return [(_INGRESS_HOOK, "ingress"), (_EGRESS_HOOK, "egress")]
    if qdisc.kind == "ingress":
        return [(_INGRESS_HOOK, "ingress")]
    if qdisc.kind in _TAKES_FILTERS and (qdisc.handle or qdisc.parent == _ROOT):
        return [(qdisc.handle, "root")]
    return []


def _read_foreign_filter(ifindex: int, parent: int, own_programs: Collection[int]) -> str:
    """Kind of the first filter that is not ebtop's, else ""."""
    body = _TC_HEADER.pack(0, ifindex, 0, parent, 0)
    for message in read_messages(ROUTE, _GET_FILTER, body):
        attributes = decode_attributes(message, _TC_HEADER.size)
        kind = decode_string(attributes.get(1, b"")) or "unknown"
        if kind == "bpf":
            if 2 not in attributes:  # TCA_OPTIONS: this only announces the filters that follow
                continue
            program = decode_attributes(attributes[2]).get(11)  # TCA_BPF_ID, not of classic BPF
            if program is not None and decode_u32(program) in own_programs:
                continue
        return kind
    return ""

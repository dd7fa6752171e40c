"""Preflight where no kernel is needed: decoding, doubt, and what this kernel cannot make."""

import errno
import os
import struct
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ebtop.kernel import (
    preflight,
    probe_links,
    probe_netfilter,
    probe_netlink,
    probe_policy,
    probe_ports,
    probe_tc,
)
from ebtop.kernel.probe_bpf import NetfilterLink
from ebtop.kernel.probe_links import LinkFacts
from ebtop.kernel.probe_netlink import encode_attribute
from ebtop.model.port import Link, Reason

DECODERS: list[Callable[[bytes], object]] = [
    probe_links.decode_link_facts,
    probe_netfilter.decode_chain,
    probe_policy.decode_default_rule,
    probe_policy.decode_policy_count,
    probe_tc.decode_qdisc,
    lambda data: list(probe_netlink._decode_messages(data)),
]
ETH0 = LinkFacts(ifindex=7, name="eth0")
VETH = LinkFacts(ifindex=8, name="veth0", kind="veth", lower=9)
PEER = LinkFacts(ifindex=9, name="peer0", kind="veth", lower=8)


def string(kind: int, text: str) -> bytes:
    return encode_attribute(kind, text.encode() + b"\0")


def be32(kind: int, value: int) -> bytes:
    return encode_attribute(kind, struct.pack("!I", value))


def qdisc(kind: str, options: bytes = b"", handle: int = 0, parent: int = 0xFFFFFFFF) -> bytes:
    header = struct.pack("=B3xiIII", 0, 7, handle, parent, 0)
    return header + string(1, kind) + encode_attribute(2, options)


def names(reasons: list[Reason]) -> list[str]:
    return [reason.name for reason in reasons]


@pytest.mark.parametrize("decoder", DECODERS)
@given(data=st.binary(max_size=200))
def test_hostile_bytes_raise_only_os_errors(
    decoder: Callable[[bytes], object], data: bytes
) -> None:
    with suppress(OSError):
        decoder(data)


@given(st.lists(st.tuples(st.integers(0, 0x3FFF), st.binary(max_size=40))))
def test_attributes_round_trip(pairs: list[tuple[int, bytes]]) -> None:
    data = b"".join(encode_attribute(kind, value) for kind, value in pairs)
    assert list(probe_netlink.decode_attribute_list(data)) == pairs


def test_question_without_answer_is_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> list[Reason]:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    def answer_nonsense() -> list[Reason]:
        raise ValueError("nonsense")

    monkeypatch.setattr(preflight, "read_link_facts", lambda: {7: ETH0})
    monkeypatch.setattr(preflight, "_port_probes", lambda *_: ())
    monkeypatch.setattr(
        preflight,
        "_router_probes",
        lambda *_: (("rules", "its rules", refuse), ("xfrm", "its policies", answer_nonsense)),
    )
    links = {7: Link(ifindex=7, name="eth0", ethernet=True)}
    reasons = preflight.read_reasons(links)
    assert [(reason.name, reason.ifindex) for reason in reasons] == [
        ("rules", None),
        ("xfrm", None),
    ]
    assert "Operation not permitted" in reasons[0].text
    assert "nonsense" in reasons[1].text


def test_no_links_is_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> dict[int, LinkFacts]:
        raise TimeoutError

    monkeypatch.setattr(preflight, "read_link_facts", refuse)
    assert [reason.name for reason in preflight.read_reasons({})] == ["links"]


@pytest.mark.parametrize(
    ("message", "shapes"),
    [
        (qdisc("noqueue"), False),
        (qdisc("clsact"), False),
        (qdisc("fq"), False),
        (qdisc("fq", encode_attribute(7, b"\xff\xff\xff\xff")), False),
        (qdisc("fq", encode_attribute(7, struct.pack("=I", 1_000_000))), True),
        (qdisc("cake"), True),
        (qdisc("netem"), True),
        (qdisc("not heard of"), True),
    ],
)
def test_which_qdiscs_shape(message: bytes, *, shapes: bool) -> None:
    assert probe_tc.decode_qdisc(message).shapes is shapes


@pytest.mark.parametrize(
    ("message", "parents"),
    [
        (qdisc("fq_codel"), [0]),
        (qdisc("fq_codel", handle=0x50000), [0x50000]),
        (qdisc("fq_codel", handle=0x50000, parent=0x10001), [0x50000]),
        (qdisc("fq_codel", parent=0x10001), []),
        (qdisc("mq", handle=0x10000), []),
        (qdisc("clsact"), [0xFFFFFFF2, 0xFFFFFFF3]),
    ],
)
def test_where_filters_are_looked_for(message: bytes, parents: list[int]) -> None:
    found = probe_tc._filter_parents(probe_tc.decode_qdisc(message))
    assert [parent for parent, _ in found] == parents


def test_flowtable_is_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    message = struct.pack("=BBH", 1, 0, 0) + string(1, "t") + string(2, "fast")
    monkeypatch.setattr(probe_netfilter, "_read", lambda _: [message])
    (reason,) = probe_netfilter._flowtable_reasons()
    assert "fast" in reason.text
    assert reason.ifindex is None


@pytest.mark.parametrize(
    ("devices", "found"),
    [
        (string(1, "eth0"), {7}),
        (string(1, "eth0") + string(1, "eth9"), {7}),
        (string(1, "eth9"), set()),
        (string(2, "eth"), {None}),  # a prefix
    ],
)
def test_devices_of_a_netdev_chain(devices: bytes, found: set[int | None]) -> None:
    hook = be32(1, 0) + encode_attribute(4, devices)
    message = struct.pack("=BBH", 5, 0, 0) + string(1, "t") + string(3, "c")
    message += encode_attribute(4, hook) + be32(5, 0) + be32(6, 0)
    chain = probe_netfilter.decode_chain(message)
    assert chain is not None
    reasons = probe_netfilter._chain_reasons(chain, {"eth0": 7})
    assert {reason.ifindex for reason in reasons} == found


@pytest.mark.parametrize(("hook", "found"), [(0, 1), (1, 0), (2, 1), (3, 0), (4, 1)])
def test_netfilter_links_that_forwarded_packets_pass(
    monkeypatch: pytest.MonkeyPatch, hook: int, found: int
) -> None:
    link = NetfilterLink(link_id=1, program_id=0xFFFFFFF0, family=2, hook=hook)
    monkeypatch.setattr(probe_tc, "read_netfilter_links", lambda: [link])
    assert names(probe_tc.read_netfilter_link_reasons()) == ["netfilter-bpf"] * found


@pytest.mark.parametrize(
    ("port", "others", "offload", "found"),
    [
        pytest.param(ETH0, [], (True, True), True, id="card with rxvlan"),
        pytest.param(ETH0, [], (False, True), False, id="card without rxvlan"),
        pytest.param(VETH, [PEER], (True, True), False, id="plain veth"),
        pytest.param(
            VETH,
            [PEER, LinkFacts(ifindex=10, name="v", kind="vlan", lower=9)],
            (True, True),
            True,
            id="veth whose peer has a VLAN above",
        ),
        pytest.param(
            VETH,
            [PEER, LinkFacts(ifindex=10, name="v", kind="vlan", lower=9)],
            (True, False),
            False,
            id="the same with txvlan off",
        ),
        pytest.param(
            VETH,
            [
                LinkFacts(ifindex=9, name="peer0", kind="veth", lower=8, master=11),
                LinkFacts(ifindex=11, name="br0", kind="bridge", vlan_filtering=True),
            ],
            (True, True),
            True,
            id="veth whose peer is in a bridge that tags",
        ),
    ],
)
def test_hidden_vlan_tags(
    monkeypatch: pytest.MonkeyPatch,
    port: LinkFacts,
    others: list[LinkFacts],
    offload: tuple[bool, bool],
    *,
    found: bool,
) -> None:
    monkeypatch.setattr(
        probe_ports, "read_vlan_offload", lambda asked: dict.fromkeys(asked, offload)
    )
    links = {link.ifindex: link for link in (port, *others)}
    reasons = probe_ports.read_vlan_offload_reasons({port.ifindex: port}, links)
    assert names(reasons) == ["vlan-offload"] * found


def test_kernel_that_does_not_tell_features(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> dict[int, frozenset[str]]:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))

    monkeypatch.setattr(probe_ports, "read_xdp_features", missing)
    assert names(probe_ports.read_transmit_reasons({7: ETH0})) == ["transmit"]


def test_unknown_kinds_on_a_port_share_it() -> None:
    links = {
        7: ETH0,
        8: LinkFacts(ifindex=8, name="new0", kind="not heard of", lower=7),
        9: LinkFacts(ifindex=9, name="gre1", kind="gre", lower=7),
        10: LinkFacts(ifindex=10, name="far", kind="vlan", lower=7, lower_elsewhere=True),
    }
    reasons = probe_ports.read_stacking_reasons({7: ETH0}, links)
    assert [(reason.name, "new0" in reason.text) for reason in reasons] == [("upper", True)]


def test_legacy_tables(tmp_path: Path) -> None:
    assert probe_netfilter.read_legacy_reasons(tmp_path) == []
    (tmp_path / "ip_tables_names").write_text("")
    (tmp_path / "ip6_tables_names").write_text("nat\nfilter\n")
    (reason,) = probe_netfilter.read_legacy_reasons(tmp_path)
    assert "ip6tables has loaded the table filter, nat" in reason.text


def test_ipvs_services(tmp_path: Path) -> None:
    assert probe_netfilter.read_ipvs_reasons(tmp_path) == []
    header = "IP Virtual Server version 1.2.1 (size=4096)\nProt ...\n  -> ...\n"
    (tmp_path / "ip_vs").write_text(header)
    assert probe_netfilter.read_ipvs_reasons(tmp_path) == []
    (tmp_path / "ip_vs").write_text(header + "TCP  C0000201:0050 rr\n")
    assert names(probe_netfilter.read_ipvs_reasons(tmp_path)) == ["ipvs"]

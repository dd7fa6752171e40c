"""Each reason appears when its cause is made, and goes when that is undone."""

import socket
import struct
from collections.abc import Callable, Iterator

import pytest

from ebtop.kernel import preflight
from ebtop.kernel.probe_links import read_link_facts
from ebtop.model.port import Reason
from tests.netns.preflight_router import (
    Case,
    Router,
    check_comes_and_goes,
    read_links,
    two_ports,
)

_SOL_PACKET = 263
_PACKET_ADD_MEMBERSHIP = 1
_PACKET_MR_PROMISC = 1


@pytest.fixture
def router() -> Iterator[Router]:
    with two_ports() as router:
        yield router


ROUTER = {
    "xfrm policy": Case(
        "xfrm",
        ("ip xfrm policy add src 192.0.2.0/24 dst 198.51.100.0/24 dir fwd tmpl proto esp",),
        ("ip xfrm policy deleteall",),
    ),
    "xfrm default": Case(
        "xfrm", ("ip xfrm policy setdefault out block",), ("ip xfrm policy setdefault out accept",)
    ),
    "rule added": Case(
        "rules", ("ip rule add from 192.0.2.0/24 table 9",), ("ip rule del table 9",)
    ),
    "rule with fwmark": Case(
        "rules", ("ip rule add fwmark 1 table main",), ("ip rule del fwmark 1",)
    ),
    "rule l3mdev": Case("rules", ("ip rule add l3mdev",), ("ip rule del l3mdev",)),
    "rule suppressing the default": Case(
        "rules",
        ("ip rule add table main suppress_prefixlength 0",),
        ("ip rule del table main suppress_prefixlength 0",),
    ),
    "rule not": Case(
        "rules",
        ("ip rule add not to 192.0.2.0/24 table main",),
        ("ip rule del not to 192.0.2.0/24",),
    ),
    "default rule deleted": Case(
        "rules", ("ip rule del priority 32767",), ("ip rule add priority 32767 table default",)
    ),
    "IPv6 rule": Case(
        "rules", ("ip -6 rule add from 2001:db8::/32 table 9",), ("ip -6 rule del table 9",)
    ),
    "use-pmtu": Case(
        "use-pmtu",
        ("sysctl -w net.ipv4.ip_forward_use_pmtu=1",),
        ("sysctl -w net.ipv4.ip_forward_use_pmtu=0",),
    ),
    "proxy-ndp": Case(
        "proxy-ndp",
        ("sysctl -w net.ipv6.conf.all.proxy_ndp=1",),
        ("sysctl -w net.ipv6.conf.all.proxy_ndp=0",),
    ),
}


def _u32(place: str) -> str:
    return f"tc filter add dev wan {place} protocol ip u32 match u32 0 0 flowid 1:1"


_BPF = "tc filter add dev wan egress bpf bytecode '1,6 0 0 4294967295,' flowid 1:1"
_CLSACT = "tc qdisc add dev wan clsact"
_NO_CLSACT = ("tc qdisc del dev wan clsact",)
_NO_ROOT = ("tc qdisc del dev wan root",)

PORT = {
    "master": Case(
        "master",
        ("ip link add bridge7 type bridge", "ip link set wan master bridge7"),
        ("ip link set wan nomaster",),
    ),
    "macvlan": Case("upper", ("ip link add link wan name up7 type macvlan",), ("ip link del up7",)),
    "vlan": Case(
        "upper",
        ("ip link add link wan name up7 type vlan id 7",),
        ("ip link del up7",),
        feature="8021q",
    ),
    "ipvlan": Case(
        "upper",
        ("ip link add link wan name up7 type ipvlan",),
        ("ip link del up7",),
        feature="ipvlan",
    ),
    "macsec": Case(
        "upper",
        ("ip link add link wan name up7 type macsec",),
        ("ip link del up7",),
        feature="macsec",
    ),
    "vrf": Case(
        "master",
        ("ip link add vrf7 type vrf table 7", "ip link set wan master vrf7"),
        ("ip link set wan nomaster",),
        feature="vrf",
    ),
    "tbf": Case(
        "qdisc",
        ("tc qdisc add dev wan root tbf rate 1mbit burst 10k latency 50ms",),
        _NO_ROOT,
    ),
    "htb": Case("qdisc", ("tc qdisc add dev wan root handle 1: htb",), _NO_ROOT),
    "ingress filter": Case("tc-filter", (_CLSACT, _u32("ingress")), _NO_CLSACT),
    "egress filter": Case(
        "tc-filter", (_CLSACT, _u32("egress")), ("tc filter del dev wan egress",)
    ),
    "classic BPF filter": Case("tc-filter", (_CLSACT, _BPF), _NO_CLSACT),
    "filter of an ingress qdisc": Case(
        "tc-filter",
        ("tc qdisc add dev wan ingress", _u32("parent ffff:")),
        ("tc qdisc del dev wan ingress",),
    ),
    "proxy-arp": Case(
        "proxy-arp",
        ("sysctl -w net.ipv4.conf.wan.proxy_arp=1",),
        ("sysctl -w net.ipv4.conf.wan.proxy_arp=0",),
    ),
    "peer without GRO": Case(
        "transmit", ("ethtool -K host0 gro off",), ("ethtool -K host0 gro on",)
    ),
}

_ALL = ROUTER | {name: case._replace(port="wan") for name, case in PORT.items()}


@pytest.mark.parametrize("case", _ALL.values(), ids=_ALL.keys())
def test_reason_comes_and_goes(
    router: Router, case: Case, skip_without: Callable[[str], None]
) -> None:
    if case.feature:
        skip_without(case.feature)
    check_comes_and_goes(router, case)


HARMLESS = {
    "empty clsact": (_CLSACT,),
    "pfifo": ("tc qdisc add dev wan root pfifo",),
    "pfifo_fast": ("tc qdisc add dev wan root pfifo_fast",),
    "promiscuous by hand": ("ip link set wan promisc on",),
    "xfrm default said aloud": ("ip xfrm policy setdefault in accept fwd accept out accept",),
}


@pytest.mark.parametrize("make", HARMLESS.values(), ids=HARMLESS.keys())
def test_harmless_things_are_no_reason(router: Router, make: tuple[str, ...]) -> None:
    router.run(*make)
    assert router.reasons() == ()


def test_macvlan_of_another_namespace_shows_as_promiscuity(router: Router) -> None:
    other = Router()
    try:
        router.run(
            "ip link add link wan name up7 type macvlan mode passthru",
            f"ip link set up7 netns {other.tid}",
        )
        other.run("ip link set up7 up")
        assert router.found() == {("promiscuous", "wan")}
        other.run("ip link del up7")
        assert router.found() == set()
    finally:
        other.close()


def test_own_capture_explains_promiscuity(router: Router) -> None:
    def capture() -> tuple[int, tuple[Reason, ...]]:
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as sock:
            ifindex = socket.if_nametoindex("wan")
            membership = struct.pack("=iHH8x", ifindex, _PACKET_MR_PROMISC, 0)
            sock.setsockopt(_SOL_PACKET, _PACKET_ADD_MEMBERSHIP, membership)
            promiscuity = read_link_facts()[ifindex].promiscuity
            return promiscuity, preflight.read_reasons(read_links())

    assert router.call(capture) == (1, ())


def test_names_with_dots(router: Router) -> None:
    router.add_port("a.b", "host.9")
    router.run("sysctl -w net/ipv4/conf/a.b/proxy_arp=1")
    (reason,) = router.reasons()
    command = reason.remedy.partition(": ")[2]
    router.run(command)
    assert router.reasons() == ()


def test_tunnel_is_a_reason(router: Router) -> None:
    router.run("ip link add vx7 type vxlan id 7 dstport 4789 dev wan")
    assert ("tunnel", "vx7") in router.found()
    assert not [found for found in router.found() if found[1] == "wan"]


def test_features_follow_the_peer(router: Router) -> None:
    router.run("ethtool -K host0 gro off")
    links = router.call(read_links)
    features = router.call(lambda: preflight.read_interface_features(links))
    by_name = {links[ifindex].name: names for ifindex, names in features.items()}
    assert "ndo-xmit" not in by_name["wan"]
    assert {"basic", "redirect", "ndo-xmit"} <= by_name["lan"]
    assert by_name["lo"] == frozenset()

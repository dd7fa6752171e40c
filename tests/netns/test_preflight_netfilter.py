"""Firewalls, NAT and connection tracking are reasons; what no forwarded packet meets is none."""

from collections.abc import Iterator

import pytest

from tests.netns.preflight_router import Case, Router, check_comes_and_goes, two_ports


@pytest.fixture
def router() -> Iterator[Router]:
    with two_ports() as router:
        yield router


_TABLE = "nft add table inet t"
_REMOVE = ("nft delete table inet t",)


def _chain(hook: str, *rules: str, policy: str = "accept", kind: str = "filter") -> tuple[str, ...]:
    return (
        _TABLE,
        f"nft 'add chain inet t c {{ type {kind} hook {hook} priority 0; policy {policy}; }}'",
        *(f"nft 'add rule inet t c {rule}'" for rule in rules),
    )


_SET = "nft 'add set inet t s { type ipv4_addr; flags dynamic; }'"
_NETDEV = "nft 'add chain netdev t c {{ type filter hook {} device {} priority 0; policy drop; }}'"

NETFILTER = {
    "forward policy drop": Case("netfilter", _chain("forward", policy="drop"), _REMOVE),
    "forward rule": Case("netfilter", _chain("forward", "counter"), _REMOVE),
    "prerouting rule": Case("netfilter", _chain("prerouting", "ip ttl 1 drop"), _REMOVE),
    "postrouting masquerade": Case(
        "netfilter", _chain("postrouting", "masquerade", kind="nat"), _REMOVE
    ),
    "rule deleted, chain stays": Case(
        "netfilter", _chain("forward", "drop"), ("nft flush chain inet t c",)
    ),
    "ip6 forward": Case(
        "netfilter",
        (
            "nft add table ip6 t",
            "nft 'add chain ip6 t c { type filter hook forward priority 0; policy drop; }'",
        ),
        ("nft delete table ip6 t",),
    ),
    "input rule with ct": Case(
        "netfilter", _chain("input", "ct state established accept"), _REMOVE
    ),
    "output rule with notrack": Case("netfilter", _chain("output", "notrack"), _REMOVE),
    "regular chain with ct": Case(
        "netfilter",
        (_TABLE, "nft add chain inet t r", "nft add rule inet t r ct state new accept"),
        _REMOVE,
    ),
    "ct inside a dynamic set": Case(
        "netfilter",
        (*_chain("input"), _SET, "nft 'add rule inet t c add @s { ip saddr ct count over 9 }'"),
        _REMOVE,
    ),
    "iptables-nft conntrack": Case(
        "netfilter",
        ("iptables-nft -A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT",),
        ("iptables-nft -D INPUT 1",),
    ),
    "iptables-nft connmark": Case(
        "netfilter",
        ("iptables-nft -A INPUT -m connmark --mark 1 -j ACCEPT",),
        ("iptables-nft -D INPUT 1",),
    ),
    "ct helper object": Case(
        "netfilter",
        (_TABLE, """nft 'add ct helper inet t h { type "ftp" protocol tcp; }'"""),
        _REMOVE,
    ),
    "netdev ingress": Case(
        "netfilter",
        ("nft add table netdev t", _NETDEV.format("ingress", "wan")),
        ("nft delete table netdev t",),
        port="wan",
    ),
    "netdev egress": Case(
        "netfilter",
        ("nft add table netdev t", _NETDEV.format("egress", "lan")),
        ("nft delete table netdev t",),
        port="lan",
    ),
    "inet ingress": Case(
        "netfilter",
        _chain("ingress device wan", "drop"),
        _REMOVE,
        port="wan",
    ),
}


@pytest.mark.parametrize("case", NETFILTER.values(), ids=NETFILTER.keys())
def test_reason_comes_and_goes(router: Router, case: Case) -> None:
    check_comes_and_goes(router, case)


HARMLESS = {
    "stock nftables.conf": (
        *_chain("forward"),
        "nft 'add chain inet t i { type filter hook input priority 0; }'",
        "nft 'add chain inet t o { type filter hook output priority 0; }'",
    ),
    "input rule without ct": _chain("input", "tcp dport 23 drop", policy="drop"),
    "arp chain": (
        "nft add table arp t",
        "nft 'add chain arp t c { type filter hook input priority 0; policy drop; }'",
    ),
    "bridge chain": (
        "nft add table bridge t",
        "nft 'add chain bridge t c { type filter hook forward priority 0; policy drop; }'",
    ),
    "netdev chain elsewhere": (
        "nft add table netdev t",
        _NETDEV.format("ingress", "host0"),
    ),
}


@pytest.mark.parametrize("make", HARMLESS.values(), ids=HARMLESS.keys())
def test_harmless_things_are_no_reason(router: Router, make: tuple[str, ...]) -> None:
    router.run(*make)
    assert router.reasons() == ()


def test_legacy_tables_are_seen_in_their_own_namespace_only(router: Router) -> None:
    other = Router()
    try:
        router.run("iptables-legacy -L -n", "ip6tables-legacy -L -n")
        assert router.found() == {("iptables-legacy", "")}
        assert len(router.reasons()) == 2
        assert other.found() == set()
    finally:
        other.close()

"""What a filter's text means, against the obvious way to do it."""

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ebtop.model.route import RouteType
from ebtop.tui.filter import Filter, Rejected, parse_filter
from tests.tui.stage import Route, snapshot_of

PREFIXES = [
    "0.0.0.0/0",
    "10.0.0.0/8",
    "10.1.0.0/16",
    "10.17.0.0/16",
    "10.17.3.0/24",
    "10.170.0.0/16",
    "10.17.3.4/32",
    "101.0.0.0/8",
    "192.0.2.0/24",
    "::/0",
    "2001:db8::/32",
    "2001:db8:d::/48",
    "2001:db8:d00::/40",
    "2001:db8:d:0:8000::/65",
    "2001:db80::/32",
    "2001:db8::1/128",
    "fe80::/64",
]
TABLE = {number: Route(prefix=prefix) for number, prefix in enumerate(PREFIXES, start=1)}
SNAPSHOT = snapshot_of(TABLE)
DIGITS = st.text("0123456789abcdef.:/", min_size=1, max_size=12)


def parsed(text: str) -> Filter:
    found = parse_filter(text)
    assert isinstance(found, Filter), found
    return found


def left(text: str, table: dict[int, Route] = TABLE) -> list[str]:
    """The prefixes that a filter leaves, where no port has a name."""
    hits = parsed(text).matches(snapshot_of(table, names={}))
    return [route.prefix for number, route in table.items() if hits[number]]


def numbered(text: str, table: dict[int, Route]) -> list[int]:
    hits = parsed(text).matches(snapshot_of(table))
    return [number for number in table if hits[number]]


@given(st.sampled_from(PREFIXES), st.integers(0, 2**128 - 1), st.booleans())
def test_address_leaves_what_contains_it(prefix: str, host: int, whole: bool) -> None:  # noqa: FBT001  hypothesis draws it
    network = ip_network(prefix)
    address = network[host % network.num_addresses]
    words = address.exploded if whole else str(address)
    expected = [each for each in PREFIXES if address in ip_network(each)]
    assert left(words) == expected


@given(st.sampled_from(PREFIXES), st.integers(0, 128))
def test_prefix_leaves_what_lies_within(prefix: str, length: int) -> None:
    base = ip_network(prefix)
    outer = ip_network((base.network_address, min(length, base.max_prefixlen)), strict=False)
    expected = [
        each
        for each in PREFIXES
        if ip_network(each).version == outer.version and ip_network(each).subnet_of(outer)  # type: ignore[arg-type]
    ]
    assert left(str(outer)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10.17", ["10.17.0.0/16", "10.17.3.0/24", "10.170.0.0/16", "10.17.3.4/32"]),
        ("10.17.", ["10.17.0.0/16", "10.17.3.0/24", "10.17.3.4/32"]),
        ("10.17.3.", ["10.17.3.0/24", "10.17.3.4/32"]),
        ("101", ["101.0.0.0/8"]),
        ("2001:db8:", [prefix for prefix in PREFIXES if prefix.startswith("2001:db8:")]),
        ("2001:DB8", [prefix for prefix in PREFIXES if prefix.startswith("2001:db8")]),
        ("2001:db8:d:", ["2001:db8:d::/48", "2001:db8:d:0:8000::/65"]),
        ("2001:db8:d:0:8", ["2001:db8:d:0:8000::/65"]),
        ("2001:0d", [prefix for prefix in PREFIXES if prefix.startswith("2001:")]),
        (":", [prefix for prefix in PREFIXES if ":" in prefix]),
        ("10.17.3.0/", ["10.17.3.0/24"]),
        ("10.17/16", ["10.17.0.0/16", "10.17.3.0/24", "10.17.3.4/32"]),
    ],
)
def test_part_of_an_address_leaves_what_begins_so(text: str, expected: list[str]) -> None:
    assert left(text, {n: Route(prefix=r.prefix, group=0) for n, r in TABLE.items()}) == expected


@given(st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=8), st.integers(1, 14))
def test_part_of_an_ipv4_address_is_compared_as_it_is_written(
    numbers: list[int], length: int
) -> None:
    prefixes = [f"{ip_address(number)}/32" for number in numbers]
    part = prefixes[0][:length].split("/")[0]
    if part.count(".") == 3 and not part.endswith("."):
        part = part.rpartition(".")[0]
    expected = [prefix for prefix in prefixes if prefix.startswith(part)]

    assert left(part, {n: Route(prefix=p, group=0) for n, p in enumerate(prefixes, 1)}) == expected


def test_host_bits_are_taken_off_and_said() -> None:
    found = parsed("10.1.2.3/8")
    assert found.note == "10.1.2.3/8 has host bits, taken for 10.0.0.0/8"
    assert left("10.1.2.3/8") == left("10.0.0.0/8")
    assert parsed("10.0.0.0/8").note == ""


MIXED = {
    1: Route(prefix="10.1.0.0/16", group=0, protocol=2),  # connected, lan0
    2: Route(prefix="10.2.0.0/16", group=1),  # 192.0.2.1, wan0
    3: Route(prefix="10.3.0.0/16", group=2, protocol=4),  # 192.0.2.1 and 2001:db8::1, both ports
    4: Route(prefix="10.4.0.0/16", group=1, type=RouteType.BLACKHOLE),
    5: Route(prefix="10.5.0.0/16", group=99, protocol=250),
    6: Route(prefix="192.0.2.0/24", group=0, protocol=2),
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("lan0", [1, 3, 6]),
        ("LAN", [1, 3, 6]),
        ("bgp", [2, 4]),
        ("static", [3]),
        ("250", [5]),
        ("hole", [4]),
        ("cast", []),
        ("unicast", [1, 2, 3, 5, 6]),
        ("connected", [1, 6]),
        ("192.0.2", [2, 3, 6]),
        ("via 192.0.2.1", [2, 3]),
        ("via 192.0.2.", [2, 3]),
        ("via 192.0.2.11", []),
        ("via 2001:DB8:0::1", [3]),
        ("via lan0", []),
        ("dev wan0", [2, 3]),
        ("dev bgp", []),
        ("proto kernel", [1, 6]),
        ("proto lan0", []),
        ("lan0 via", [1, 3, 6]),
        ("bgp wan0", [2]),
        ("10.0.0.0/8 lan0", [1, 3]),
        ("10.3.0.1 bgp", []),
        ("nothing", []),
    ],
)
def test_text_matches_next_hop_port_owner_and_type(text: str, expected: list[int]) -> None:
    assert numbered(text, MIXED) == expected


def test_whole_next_hop_is_no_beginning_of_another() -> None:
    table = {1: Route(prefix="10.0.0.0/8", group=1), 2: Route(prefix="10.1.0.0/16", group=3)}
    assert numbered("via 192.0.2", table) == [1, 2]
    assert numbered("via 192.0.2.9", table) == [2]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("10.0.0.0/33", "10.0.0.0/33 is no prefix: IPv4 ends at /32."),
        ("::/129", "::/129 is no prefix: IPv6 ends at /128."),
        ("10.0.0.0/x", "10.0.0.0/x is no prefix: IPv4 ends at /32."),
        ("10.0.0.0/" + "9" * 5000, None),
        ("lan0/24", "lan0/24 is no prefix: lan0 is no address."),
        ("/24", "/24 is no prefix: it lacks an address."),
        ("10.0.0.300", "10.0.0.300 is no IPv4 address."),
        ("10.01.", "10.01. is no IPv4 address."),
        ("10.1.2.3.4", "10.1.2.3.4 is no IPv4 address."),
        ("bgp 10..", "10.. is no IPv4 address."),
        ("2001:db8:::1", "2001:db8:::1 is no IPv6 address."),
        ("1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8:9 is no IPv6 address."),
        ("10.0.0.0/\x1b[2J", "10.0.0.0/[2j is no prefix: IPv4 ends at /32."),
    ],
)
def test_nonsense_is_rejected_by_a_sentence(text: str, message: str | None) -> None:
    found = parse_filter(text)
    assert isinstance(found, Rejected)
    assert message is None or found.message == message


@pytest.mark.parametrize("text", ["", "   ", "via", "dev "])
def test_nothing_is_no_filter(text: str) -> None:
    assert parse_filter(text) is None


@given(st.lists(DIGITS, max_size=3).map(" ".join))
def test_whatever_is_typed_is_a_filter_or_a_sentence(text: str) -> None:
    found = parse_filter(text)
    if isinstance(found, Filter):
        assert len(found.matches(SNAPSHOT)) == len(SNAPSHOT.routes)
    elif found is not None:
        assert found.message.endswith(".")

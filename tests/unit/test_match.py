"""Finding routes around a prefix, against the standard library's own prefixes."""

from ipaddress import IPv4Network, IPv6Network, ip_network

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ebtop.model.match import find_contained, find_covering
from ebtop.model.prefix import parse_prefix
from ebtop.model.snapshot import RouteTable, RowState, empty_table

Network = IPv4Network | IPv6Network


def four(draw: st.DrawFn) -> Network:
    """Few bits differ, so that many hold one another."""
    address = sum(draw(st.integers(0, 3)) << place for place in (0, 12, 14, 22, 24))
    return ip_network((address, draw(st.integers(0, 32))), strict=False)


def six(draw: st.DrawFn) -> Network:
    address = sum(draw(st.integers(0, 3)) << place for place in (58, 64, 108, 112))
    return ip_network((address, draw(st.integers(0, 128))), strict=False)


@st.composite
def networks(draw: st.DrawFn) -> Network:
    return (four if draw(st.booleans()) else six)(draw)


def table_of(rows: list[tuple[Network, RowState]]) -> RouteTable:
    table = empty_table(len(rows) + 1)
    for number, (network, state) in enumerate(rows, start=1):
        prefix = parse_prefix(str(network))
        for name in ("family", "high", "low", "length"):
            table[name][number] = getattr(prefix, name)
        table["state"][number] = int(state)
    return table


def holds(outer: Network, inner: Network) -> bool:
    if isinstance(outer, IPv4Network):
        return isinstance(inner, IPv4Network) and inner.subnet_of(outer)
    return isinstance(inner, IPv6Network) and inner.subnet_of(outer)


tables = st.lists(st.tuples(networks(), st.sampled_from(RowState)), max_size=30)


@given(rows=tables, asked=networks())
def test_covering_routes_are_those_in_use_that_are_shorter_and_hold_the_prefix(
    rows: list[tuple[Network, RowState]], asked: Network
) -> None:
    found = find_covering(table_of(rows), parse_prefix(str(asked)))
    expected = [
        number
        for number, (network, state) in enumerate(rows, start=1)
        if state is RowState.BEST and network != asked and holds(network, asked)
    ]
    assert np.sort(found).tolist() == expected


@given(rows=tables, asked=networks())
def test_contained_routes_are_all_that_lie_within_the_prefix(
    rows: list[tuple[Network, RowState]], asked: Network
) -> None:
    found = find_contained(table_of(rows), parse_prefix(str(asked)))
    expected = [
        number
        for number, (network, state) in enumerate(rows, start=1)
        if state is not RowState.FREE and holds(asked, network)
    ]
    assert np.sort(found).tolist() == expected


@pytest.mark.parametrize("address", ["255.255.255.255", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"])
def test_covering_routes_of_every_length_are_found(address: str) -> None:
    asked = ip_network(address)
    outer = [asked.supernet(new_prefix=length) for length in range(asked.prefixlen)]
    found = find_covering(
        table_of([(network, RowState.BEST) for network in outer]), parse_prefix(address)
    )
    assert np.sort(found).tolist() == list(range(1, asked.prefixlen + 1))

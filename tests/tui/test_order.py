"""Order and columns of the route table, against the obvious way to do it."""

from dataclasses import replace
from ipaddress import ip_network

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ebtop.model.route import RouteType
from ebtop.model.snapshot import RowState, Snapshot
from ebtop.tui.columns import (
    FIELDS,
    SORTABLE,
    Column,
    Sort,
    beside_sort,
    natural_sort,
    next_sort,
    place_columns,
)
from ebtop.tui.order import MAX_APPENDED, Order, arrange, follow
from tests.tui.stage import GROUPS, Route, snapshot_of

PREFIXES = ["10.0.0.0/8", "10.0.0.0/9", "10.1.0.0/16", "9.0.0.0/8", "0.0.0.0/0"]
PREFIXES += ["::/0", "2001:db8::/32", "2001:db8::/48", "2001:db8:0:1::/64"]

routes = st.builds(
    Route,
    prefix=st.sampled_from(PREFIXES),
    pps=st.sampled_from([0.0, 1.0, 2.0, 2.0, 5.5]),
    p99_ns=st.sampled_from([float("nan"), 0.0, 900.0, 1500.0]),
    group=st.integers(0, len(GROUPS)),
    type=st.sampled_from([RouteType.UNICAST, RouteType.BLACKHOLE]),
    state=st.sampled_from([RowState.BEST, RowState.BEST, RowState.SHADOWED]),
    table=st.sampled_from([254, 254, 100, 255]),
    protocol=st.sampled_from([2, 186, 250]),
    born=st.integers(1, 3),
)
tables = st.dictionaries(st.integers(1, 30), routes, max_size=20)


def prefix_key(table: dict[int, Route], number: int) -> tuple[int, int, int, int, int]:
    network = ip_network(table[number].prefix)
    address = int(network.network_address)
    return (network.version, address, network.prefixlen, table[number].table, number)


def shown(table: dict[int, Route]) -> list[int]:
    return [n for n, route in table.items() if route.state is RowState.BEST and route.table != 255]


@given(tables, st.booleans())
def test_by_rate_then_by_prefix(table: dict[int, Route], descending: bool) -> None:  # noqa: FBT001  hypothesis draws it
    sign = -1 if descending else 1
    expected = sorted(shown(table), key=lambda n: (sign * table[n].pps, prefix_key(table, n)))

    order = arrange(snapshot_of(table), Sort(Column.PPS, descending=descending))

    assert order.rows.tolist() == expected


@given(tables, st.booleans())
def test_unmeasured_routes_stand_last_both_ways(table: dict[int, Route], descending: bool) -> None:  # noqa: FBT001  hypothesis draws it
    order = arrange(snapshot_of(table), Sort(Column.P99, descending=descending))
    values = [table[n].p99_ns for n in order.rows.tolist()]
    measured = [value for value in values if not np.isnan(value)]

    assert np.isnan(values[len(measured) :]).all()
    assert measured == sorted(measured, reverse=descending)


@given(tables, st.sampled_from(SORTABLE), st.booleans())
def test_every_sort_shows_every_route_once(
    table: dict[int, Route],
    column: Column,
    descending: bool,  # noqa: FBT001  hypothesis draws it
) -> None:
    order = arrange(snapshot_of(table), Sort(column, descending=descending))

    assert sorted(order.rows.tolist()) == sorted(shown(table))


def test_prefix_order_is_by_number_not_by_text() -> None:
    table = dict(enumerate(PREFIXES, start=1))
    order = arrange(
        snapshot_of({n: Route(prefix=prefix) for n, prefix in table.items()}),
        natural_sort(Column.PREFIX),
    )
    expected = ["0.0.0.0/0", "9.0.0.0/8", "10.0.0.0/8", "10.0.0.0/9", "10.1.0.0/16", *PREFIXES[5:]]

    assert [table[n] for n in order.rows.tolist()] == expected


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        # Names and gateways ascend; what has none stands last.
        (Column.PORT, [1, 2, 3, 4]),
        (Column.NEXT_HOP, [1, 2, 3, 4]),
        (Column.OWNER, [3, 1, 2, 4]),
    ],
)
def test_by_names(column: Column, expected: list[int]) -> None:
    table = {
        1: Route(prefix="10.4.0.0/16", group=0, protocol=2),
        2: Route(prefix="10.3.0.0/16", group=1, protocol=4),
        3: Route(prefix="10.2.0.0/16", group=3, protocol=186),
        4: Route(prefix="10.1.0.0/16", group=1, type=RouteType.BLACKHOLE, protocol=250),
    }
    if column is Column.PORT:
        expected = [1, 3, 2, 4]  # two routes of one port stand by prefix

    assert arrange(snapshot_of(table), natural_sort(column)).rows.tolist() == expected


@given(tables, tables)
def test_follow_keeps_the_living_in_their_order_and_appends_the_new(
    before: dict[int, Route], after: dict[int, Route]
) -> None:
    first = arrange(snapshot_of(before, structure=1), Sort())
    followed = follow(first, snapshot_of(after, structure=2))
    kept = [n for n in first.rows.tolist() if n in shown(after) and after[n].born == before[n].born]
    rows = followed.rows.tolist()

    assert rows[: len(kept)] == kept
    assert sorted(rows) == sorted(shown(after))
    assert followed.complete


def test_follow_leaves_a_flood_of_new_routes_to_the_next_sort() -> None:
    first = arrange(snapshot_of({1: Route(prefix="10.0.0.0/8")}), Sort())
    flood = {n: Route(prefix=f"10.{n >> 8}.{n & 255}.0/24") for n in range(2, MAX_APPENDED + 3)}
    followed = follow(first, snapshot_of({1: Route(prefix="10.0.0.0/8")} | flood, structure=2))

    assert followed.rows.tolist() == [1]
    assert not followed.complete


def test_arrange_trusts_the_order_by_prefix_only_of_the_same_structure() -> None:
    def made(structure: int, previous: Order | None, table: Snapshot) -> list[int]:
        return list(arrange(replace(table, structure=structure), Sort(), previous).rows)

    two = snapshot_of({1: Route(prefix="10.0.0.0/8"), 2: Route(prefix="9.0.0.0/8")})
    first = arrange(two, Sort())
    three = snapshot_of({n: Route(prefix=f"{n}.0.0.0/8") for n in (3, 2, 1)})

    assert made(2, first, three) == [1, 2, 3]
    assert made(2, follow(first, replace(three, structure=2)), three) == [1, 2, 3]
    assert arrange(two, Sort(), first).by_prefix is first.by_prefix


@given(st.integers(10, 300))
def test_columns_fit_their_width_in_order_of_rank(width: int) -> None:
    placed = place_columns(width)
    ends = [place.start + place.width for place in placed]
    ranks = sorted(FIELDS[place.column].rank for place in placed)

    assert ranks == list(range(len(ranks)))
    assert [place.start for place in placed[1:]] == [end + 1 for end in ends[:-1]]
    assert ends[-1] <= max(width, 1 + FIELDS[Column.PREFIX].minimum)
    assert all(
        FIELDS[place.column].minimum <= place.width <= FIELDS[place.column].ideal
        for place in placed
    )


def test_eighty_columns_hold_what_an_operator_asks_first() -> None:
    assert [place.column for place in place_columns(79)] == [
        Column.PREFIX,
        Column.NEXT_HOP,
        Column.PORT,
        Column.PPS,
        Column.BPS,
        Column.P50,
        Column.P99,
        Column.SPARK,
    ]
    extra = {Column.TABLE, Column.PACKETS, Column.SHARE}
    assert {place.column for place in place_columns(119)} == set(Column) - extra
    assert len(place_columns(199)) == len(Column)


def test_wanted_columns_stand_before_all_but_the_prefix() -> None:
    wanted = frozenset({Column.NEXT_HOP, Column.PORT, Column.METRIC})
    assert {Column.PREFIX, *wanted} <= {place.column for place in place_columns(59, wanted)}
    assert Column.METRIC not in {place.column for place in place_columns(79)}


@pytest.mark.parametrize("step", [1, -1])
def test_next_sort_visits_each_shown_column_once(step: int) -> None:
    columns = [place.column for place in place_columns(119)]
    sort = Sort(Column.SHARE)
    visited = []
    for _ in columns[1:]:
        sort = next_sort(sort, columns, step)
        visited.append(sort.column)

    assert sorted(visited) == sorted(set(columns) - {Column.SPARK})
    assert visited[:2] == [Column.PPS, Column.BPS if step == 1 else Column.METRIC]


def test_sort_beside_goes_round_in_the_order_of_the_columns() -> None:
    columns = [place.column for place in place_columns(79)]
    assert beside_sort(Sort(Column.PPS), columns, 1).column is Column.BPS
    assert beside_sort(Sort(Column.PPS), columns, -1).column is Column.PORT
    assert beside_sort(Sort(Column.P99), columns, 1) == natural_sort(Column.PREFIX)

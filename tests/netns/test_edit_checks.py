"""A check says what the kernel would say to a commit, and nobody notices it."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from ebtop.kernel.decode_routes import decode_routes
from ebtop.kernel.route_dump import TableDump
from ebtop.kernel.spare_table import FIRST_SPARE_TABLE, find_spare_table
from ebtop.lab.topology import Lab
from ebtop.model.edit import Edit, Field, RouteKey
from tests.netns.edited_router import (
    EditedRouter,
    add,
    change,
    delete,
    edited_router,
    key,
    listener,
    name_of,
)
from tests.netns.test_edit_routes import CARRIED

_ROUTE_GROUPS = 1 << (7 - 1) | 1 << (11 - 1)  # RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE

GOOD = [
    add("10.1.0.0/16", "10.255.1.2"),
    add("10.1.0.0/16", "10.255.1.2", "p1", 9),
    add("10.1.0.0/16", port="p2"),
    add("10.1.0.0/16", "fe80::2", "p2"),
    add("10.1.0.0/16", "10.255.1.2", table=1000),
    add("10.1.0.0/16", "10.66.0.2", table=1000),
    add("10.66.0.0/24", "10.255.1.2", metric=8, table=1000),
    add("2001:db8::/32", "fd00:0:0:1::2"),
    add("2001:db8::/32", "fe80::2", "p1"),
    add("2001:db8::/32", port="p1"),
    add("2001:db8::/32", "fd66::2", table=1000),
    add("2001:db8::/32", "fd55::2"),
]
BAD = [
    (add("10.1.0.0/16", "10.66.0.2"), Field.GATEWAY, "Nexthop has invalid gateway"),
    (add("10.1.0.0/16", "10.255.1.2", "p2"), Field.GATEWAY, "Nexthop has invalid gateway"),
    (add("10.1.0.0/16", "10.255.1.255"), Field.GATEWAY, "Nexthop has invalid gateway"),
    (add("10.1.0.0/16", "10.67.0.2", table=1000), Field.GATEWAY, "Nexthop has invalid gateway"),
    (add("10.1.0.0/16", port="p3"), Field.PORT, "Device for nexthop is not up"),
    (add("10.1.0.0/16", "fe80::2"), Field.PORT, "Egress device not specified"),
    (add("10.1.0.0/16"), Field.PORT, "No such device"),
    (add("2001:db8::/32", "fd66::2"), Field.GATEWAY, "No route to host"),
    (add("2001:db8::/32", "fd00:0:0:1::2", "p2"), Field.GATEWAY, "No route to host"),
    (add("2001:db8::/32", "fd00:0:0:1::1"), Field.GATEWAY, "Gateway can not be a local address"),
    (add("2001:db8::/32", "fe80::2"), Field.PORT, "Egress device not specified"),
    (add("2001:db8::/32", port="p3"), Field.PORT, "Nexthop device is not up"),
    (add("2001:db8::/32", "ff02::1", "p1"), Field.GATEWAY, "Invalid gateway address"),
]


@pytest.fixture
def router(lab: Lab) -> Iterator[EditedRouter]:
    with edited_router(lab) as router:
        router.ip(
            "link add p3 type veth peer name far3",
            "route add 10.66.0.0/24 dev p1 table 1000",
            "route add fd66::/64 dev p1 table 1000",
            "route add fd55::/64 dev p2 metric 7",
            "route add unreachable ::/0 table 2000",
        )
        router.namespace.read_ip("-6", "rule", "add", "to", "fd55::/64", "lookup", "2000")
        yield router


@pytest.mark.parametrize("edit", GOOD, ids=name_of)
def test_what_the_kernel_takes_passes_the_check(router: EditedRouter, edit: Edit) -> None:
    before = router.everything()
    checked = router.check(edit)
    unchanged = router.everything() == before
    committed = router.commit(edit)

    assert checked.done, checked.message
    assert unchanged
    assert committed.done, committed.message
    assert checked.commands == committed.commands


@pytest.mark.parametrize(("edit", "field", "words"), BAD, ids=name_of)
def test_kernel_refuses_in_its_own_words_at_the_field(
    router: EditedRouter, edit: Edit, field: Field, words: str
) -> None:
    before = router.everything()
    checked, committed = router.check(edit), router.commit(edit)

    assert not checked.done
    assert checked == committed
    assert words in checked.message
    assert checked.field == field
    assert router.everything() == before


@pytest.mark.parametrize(
    "edit",
    [
        add("10.1.0.0/16", "10.255.1.2"),
        change(key("10.2.0.0/16"), "10.255.1.9", "p1"),
        change(key("10.2.0.0/16"), metric=9),
        change(key("2001:db8::/32"), "fd00:0:0:1::9"),
        delete(key("10.2.0.0/16")),
    ],
    ids=name_of,
)
def test_check_happens_only_where_no_packet_is_looked_up(router: EditedRouter, edit: Edit) -> None:
    router.ip("route add 10.2.0.0/16 via 10.255.1.2", "route add 2001:db8::/32 via fd00:0:0:1::2")
    before = router.everything()
    with listener(router, _ROUTE_GROUPS) as read:
        outcome = router.check(edit)
        events = decode_routes(read())
        router.commit(edit)
        heard = decode_routes(read())

    assert outcome.done, outcome.message
    assert set(events.table.tolist()) <= {FIRST_SPARE_TABLE}
    assert len(heard) > 0
    assert router.everything() != before


@pytest.mark.parametrize(("route", "named", "gateway"), CARRIED.values(), ids=CARRIED)
def test_check_of_every_kind_of_route_leaves_nothing(
    router: EditedRouter, route: str, named: RouteKey, gateway: str
) -> None:
    router.ip(f"route add {route}")
    before = router.everything()
    outcomes = [
        router.check(edit)
        for edit in (change(named, gateway, "p1"), change(named, metric=77), delete(named))
    ]

    assert [one.message for one in outcomes] == ["The kernel would take it."] * 3
    assert all(one.commands for one in outcomes)
    assert router.everything() == before


class _Killed(BaseException):
    pass


def test_process_that_dies_in_a_check_leaves_nothing(
    router: EditedRouter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel adds and deletes within one system call, which no signal cuts short."""
    before = router.everything()
    for edit in (GOOD[0], GOOD[5], GOOD[7], GOOD[10], BAD[0][0]):
        monkeypatch.setattr(
            router.desk._writer, "_socket", DyingSocket(router.desk._writer._socket)
        )
        with pytest.raises(_Killed):
            router.check(edit)
        monkeypatch.undo()

        assert router.everything() == before
        drain(router)


class DyingSocket:
    """After its first datagram nothing of the process runs any more."""

    def __init__(self, real: Any) -> None:
        self._real = real

    def sendto(self, *arguments: Any) -> int:
        self._real.sendto(*arguments)
        raise _Killed

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


def drain(router: EditedRouter) -> None:
    """Throws away the answers that the dead one did not read."""
    writer = router.desk._writer
    while True:
        try:
            writer._socket.recv(1 << 16, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return


@pytest.mark.parametrize(
    "line",
    [
        f"route add 192.0.2.0/24 dev p1 table {FIRST_SPARE_TABLE}",
        f"rule add pref 50 lookup {FIRST_SPARE_TABLE}",
    ],
)
def test_table_that_somebody_uses_is_left_alone(router: EditedRouter, line: str) -> None:
    router.ip(line)
    before = router.everything()
    with listener(router, _ROUTE_GROUPS) as read:
        outcome = router.check(GOOD[0])
        events = decode_routes(read())

    assert outcome.done, outcome.message
    assert set(events.table.tolist()) == {FIRST_SPARE_TABLE + 1}
    assert router.everything() == before
    assert router.namespace.run(find_spare_table, 6) == FIRST_SPARE_TABLE


def test_table_that_nobody_ever_used_is_empty(router: EditedRouter) -> None:
    assert [len(router.namespace.run(TableDump, family, 4711)) for family in (4, 6)] == [0, 0]

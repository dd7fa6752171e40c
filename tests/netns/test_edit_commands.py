"""The `ip route` lines that are shown do what the edit does, attribute for attribute."""

import subprocess
from collections.abc import Iterator
from dataclasses import replace

import pytest

from ebtop.kernel.decode_nexthops import RouteAttribute
from ebtop.kernel.route_message import RouteMessage
from ebtop.lab.topology import Lab
from ebtop.model.edit import Edit, RouteKey
from tests.netns.edited_router import (
    EditedRouter,
    add,
    change,
    delete,
    edited_router,
    key,
    name_of,
)
from tests.netns.test_edit_routes import CARRIED, WHOLE, prefix_of


@pytest.fixture
def twins(lab: Lab) -> Iterator[tuple[EditedRouter, EditedRouter]]:
    with edited_router(lab, "r1") as edited, edited_router(lab, "r2") as typed:
        yield edited, typed


def type_lines(router: EditedRouter, lines: tuple[str, ...]) -> None:
    """Types the lines into a shell, as the operator would."""
    for line in lines:
        command = ["nsenter", f"--net=/run/netns/{router.namespace.name}", "bash", "-c", line]
        subprocess.run(command, check=True, capture_output=True)


def held(router: EditedRouter, named: RouteKey) -> list[RouteMessage]:
    """The kernel's messages, without lifetimes, which run down."""
    found = router.messages(str(named.prefix), named.table)
    return [
        replace(
            route,
            attributes={
                kind: value
                for kind, value in route.attributes.items()
                if kind != RouteAttribute.CACHEINFO
            },
        )
        for route in found
    ]


def check_twins(twins: tuple[EditedRouter, EditedRouter], edit: Edit) -> None:
    edited, typed = twins
    outcome = edited.commit(edit)
    type_lines(typed, outcome.commands)

    assert outcome.done, outcome.message
    assert outcome.commands
    assert held(edited, edit.key) == held(typed, edit.key)


@pytest.mark.parametrize(("route", "named", "gateway"), CARRIED.values(), ids=CARRIED)
def test_changes(
    twins: tuple[EditedRouter, EditedRouter], route: str, named: RouteKey, gateway: str
) -> None:
    for twin in twins:
        twin.ip(f"route add {route}")
    lifetimes = [row.get("expires") for row in twins[0].rows(str(named.prefix), str(named.table))]
    check_twins(twins, change(named, gateway, "p1"))
    check_twins(twins, change(named, metric=77))
    left = [row.get("expires") for row in twins[1].rows(str(named.prefix), str(named.table))]
    check_twins(twins, delete(RouteKey(prefix=named.prefix, table=named.table, metric=77)))

    assert [one is None for one in left] == [one is None for one in lifetimes]
    assert held(twins[1], named) == []


@pytest.mark.parametrize("route", WHOLE.values(), ids=WHOLE)
def test_routes_without_a_single_next_hop(
    twins: tuple[EditedRouter, EditedRouter], route: str
) -> None:
    named = key(prefix_of(route), 5)
    for twin in twins:
        twin.ip(f"route add {route}")
    check_twins(twins, change(named, metric=6))

    assert len(held(twins[1], named)) == 1

    check_twins(twins, delete(key(prefix_of(route), 6)))

    assert held(twins[1], named) == []


@pytest.mark.parametrize(
    "edit",
    [
        add("10.1.0.0/16", "10.255.1.2"),
        add("10.1.0.0/16", "10.255.1.2", "p1", 7, table=1000),
        add("10.1.0.0/16", port="p2"),
        add("10.1.0.0/16", "fe80::2", "p1"),
        add("0.0.0.0/0", "10.255.1.2"),
        add("10.1.2.3/32", "10.255.1.2"),
        add("2001:db8::/32", "fd00:0:0:1::2"),
        add("2001:db8::/32", "fe80::2", "p1", 7),
        add("::/0", port="p1"),
    ],
    ids=name_of,
)
def test_additions(twins: tuple[EditedRouter, EditedRouter], edit: Edit) -> None:
    check_twins(twins, edit)

    assert len(held(twins[1], edit.key)) == 1


@pytest.mark.parametrize(
    "name", ["dev", "$(reboot)", "it's", "a;b", "-h", "[bold]", "p\x1b[31m", "zoë", "\udcff"]
)
def test_hostile_interface_name_is_one_word(
    twins: tuple[EditedRouter, EditedRouter], name: str
) -> None:
    raw = name.encode(errors="surrogateescape")
    for twin in twins:
        command = [b"ip", b"-n", twin.namespace.name.encode(), b"link", b"set", b"p2"]
        subprocess.run([*command, b"down"], check=True)
        subprocess.run([*command, b"name", raw], check=True)
        subprocess.run([*command[:-1], b"dev", raw, b"up"], check=True)
    edit = add("10.1.0.0/16", port=name)
    check_twins(twins, edit)
    (line,) = twins[0].check(delete(edit.key)).commands

    assert len(held(twins[1], edit.key)) == 1
    assert line.isascii()
    assert line.isprintable()

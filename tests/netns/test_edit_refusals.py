"""Edits that are refused: the sentence says why, and the kernel's tables stay as they were."""

from collections.abc import Iterator
from typing import Any

import pytest

from ebtop.kernel.route_writer import ReadOnly
from ebtop.lab.topology import Lab
from ebtop.model.edit import Edit, Field, RouteKey
from tests.netns.edited_router import (
    EditedRouter,
    add,
    change,
    delete,
    edited_router,
    key,
    name_of,
)


@pytest.fixture
def router(lab: Lab) -> Iterator[EditedRouter]:
    with edited_router(lab) as router:
        yield router


TUNNEL = "encap ip id 7 dst 10.255.2.2"
FOREIGN = [
    (
        ["nexthop add id 20 via 10.255.1.2 dev p1", "route add 10.1.0.0/16 nhid 20"],
        key("10.1.0.0/16"),
        "The route uses next-hop object 20 (nhid): edit it with `ip nexthop`.",
    ),
    (
        ["nexthop add id 21 via fd00:0:0:1::2 dev p1", "route add 2001:db8::/32 nhid 21"],
        key("2001:db8::/32"),
        "The route uses next-hop object 21 (nhid): edit it with `ip nexthop`.",
    ),
    (
        [f"route add 10.1.0.0/16 {TUNNEL} via 10.255.1.2"],
        key("10.1.0.0/16"),
        "The route has encap ip: edit it with `ip route`.",
    ),
    (
        [f"route add 10.1.0.0/16 nexthop via 10.255.1.2 nexthop {TUNNEL} via 10.255.2.2"],
        key("10.1.0.0/16"),
        "The route has encap ip: edit it with `ip route`.",
    ),
    (
        ["route add 10.1.0.0/16 via 10.255.1.2", "route append 10.1.0.0/16 via 10.255.2.2"],
        key("10.1.0.0/16"),
        "2 routes to 10.1.0.0/16 have metric 0: edit them with `ip route`.",
    ),
    (
        ["route add 10.1.0.0/16 via 10.255.1.2", "route add 10.1.0.0/16 tos 0x10 via 10.255.2.2"],
        key("10.1.0.0/16"),
        "2 routes to 10.1.0.0/16 have metric 0: edit them with `ip route`.",
    ),
    (
        ["route add 10.1.0.0/17 via 10.255.1.2"],
        key("10.1.0.0/16"),
        "The route to 10.1.0.0/16 has gone meanwhile.",
    ),
    (
        ["route add 10.1.0.0/16 via 10.255.1.2 metric 5"],
        key("10.1.0.0/16"),
        "The route to 10.1.0.0/16 has gone meanwhile.",
    ),
]


@pytest.mark.parametrize(("lines", "named", "sentence"), FOREIGN)
def test_route_that_cannot_be_written_back_is_named(
    router: EditedRouter, lines: list[str], named: RouteKey, sentence: str
) -> None:
    router.ip(*lines)
    before = router.everything()
    gateway = "10.255.1.9" if named.prefix.family == 4 else "fd00:0:0:1::9"
    edits = [change(named, gateway, "p1"), change(named, metric=99), delete(named)]
    said = {
        (act(edit).done, act(edit).message)
        for edit in edits
        for act in (router.check, router.commit)
    }

    assert said == {(False, sentence)}
    assert router.everything() == before


TAKEN = "A route to 10.1.0.0/16 with metric 7 exists already: edit it, or choose another metric."


@pytest.mark.parametrize(
    ("edit", "field", "sentence"),
    [
        (add("10.1.0.0/16", "10.255.1.2", metric=7), Field.METRIC, TAKEN),
        (change(key("10.1.0.0/16"), metric=7), Field.METRIC, TAKEN),
        (change(key("10.1.0.0/16"), "10.255.1.2", "p1"), Field.WHOLE, "is like that already."),
        (change(key("10.1.0.0/16"), "10.255.1.2", "p9"), Field.PORT, "There is no port p9 here."),
        (
            change(key("10.1.0.0/16"), "10.255.1.2", "\x1b[31mred"),
            Field.PORT,
            "There is no port [31mred here.",
        ),
        (add("2001:db8::/32", "fd00:0:0:1::2", metric=0), Field.METRIC, "from 1 on"),
        (change(key("10.1.0.0/16"), "10.66.0.2", "p1"), Field.GATEWAY, "has invalid gateway"),
        (
            change(key("10.1.0.0/16"), "10.66.0.2", "p1", metric=8),
            Field.GATEWAY,
            "has invalid gateway",
        ),
    ],
    ids=name_of,
)
def test_edit_that_means_nothing(
    router: EditedRouter, edit: Edit, field: Field, sentence: str
) -> None:
    router.ip(
        "route add 10.1.0.0/16 via 10.255.1.2", "route add 10.1.0.0/16 via 10.255.2.2 metric 7"
    )
    before = router.everything()
    checked, committed = router.check(edit), router.commit(edit)

    assert not checked.done
    assert checked == committed
    assert sentence in checked.message
    assert checked.field == field
    assert router.everything() == before


def test_port_of_another_namespace_is_not_found(router: EditedRouter) -> None:
    outcome = router.commit(add("10.1.0.0/16", port="eth0"))

    assert (outcome.field, outcome.message) == (Field.PORT, "There is no port eth0 here.")


@pytest.mark.parametrize(
    ("route", "warning"),
    [
        ("10.1.0.0/16 via 10.255.1.2", None),
        ("10.1.0.0/16 via 10.255.1.2 proto static", None),
        ("10.1.0.0/16 via 10.255.1.2 proto 213", None),
        ("10.1.0.0/16 via 10.255.1.2 proto bgp", "FRR (vtysh) made this route (bgp)"),
        ("10.1.0.0/16 via 10.255.1.2 proto 196", "FRR (vtysh) made this route (196)"),
        ("10.1.0.0/16 via 10.255.1.2 proto bird", "BIRD (birdc) made this route"),
        ("10.1.0.0/16 via 10.255.1.2 proto dhcp", "DHCP client made this route"),
        ("10.1.0.0/16 dev p1 proto kernel", "change the address instead"),
        ("10.1.0.0/16 via 10.255.1.2 proto 250", "Protocol 250 made this route"),
    ],
)
def test_foreign_owner_is_warned_about_and_stays(
    router: EditedRouter, route: str, warning: str | None
) -> None:
    router.ip(f"route add {route}")
    (before,) = router.rows("10.1.0.0/16")
    edit = change(key("10.1.0.0/16"), "10.255.1.9", "p1")
    checked, committed = router.check(edit), router.commit(edit)
    (after,) = router.rows("10.1.0.0/16")

    assert committed.done, committed.message
    assert checked.warnings == committed.warnings
    assert len(checked.warnings) == (warning is not None)
    assert warning is None or warning in checked.warnings[0]
    assert after["protocol"] == before["protocol"]


def test_read_only_engine_leaves_the_kernel_alone(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    with edited_router(lab, read_only=True) as router:
        router.ip("route add 10.1.0.0/16 via 10.255.1.2")
        before = router.everything()
        sent = SendingSocket(router.desk._writer._socket)
        monkeypatch.setattr(router.desk._writer, "_socket", sent)
        edits = [
            add("10.2.0.0/16", "10.255.1.2"),
            change(key("10.1.0.0/16"), "10.255.1.9", "p1"),
            change(key("10.1.0.0/16"), metric=9),
            delete(key("10.1.0.0/16")),
        ]
        outcomes = [act(edit) for edit in edits for act in (router.check, router.commit)]
        message = router.messages("10.1.0.0/16")[0]
        writer = router.desk._writer
        for write in (writer.add, writer.replace, writer.delete, writer.try_add):
            with pytest.raises(ReadOnly):
                router.namespace.run(write, message)

        assert {(one.done, one.message) for one in outcomes} == {
            (False, "This ebtop is read-only and writes no route.")
        }
        assert all(one.commands for one in outcomes)
        assert sent.count == 0
        assert router.everything() == before


class SendingSocket:
    """Counts what is sent."""

    def __init__(self, real: Any) -> None:
        self._real = real
        self.count = 0

    def sendto(self, *arguments: Any) -> int:
        self.count += 1
        sent: int = self._real.sendto(*arguments)
        return sent

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

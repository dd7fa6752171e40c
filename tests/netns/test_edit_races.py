"""Somebody else changes the table while an edit is written."""

import struct
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from ebtop.kernel.decode_nexthops import RTAX_MTU, RouteAttribute
from ebtop.kernel.netlink import pack_attribute
from ebtop.kernel.route_message import RouteMessage
from ebtop.kernel.route_writer import Answer
from ebtop.lab.topology import Lab
from ebtop.model.edit import Edit
from tests.netns.edited_router import EditedRouter, add, change, delete, edited_router, key, name_of


@pytest.fixture
def router(lab: Lab) -> Iterator[EditedRouter]:
    with edited_router(lab) as router:
        yield router


def before_first(
    router: EditedRouter, monkeypatch: pytest.MonkeyPatch, verb: str, *lines: str
) -> None:
    """Runs `ip` lines just before the writer's first request of a kind goes out."""
    writer = router.desk._writer
    real: Callable[[RouteMessage], Answer] = getattr(writer, verb)
    waiting = list(lines)

    def delayed(route: RouteMessage) -> Answer:
        for line in waiting:
            router.namespace.read_ip(*line.split())
        waiting.clear()
        return real(route)

    monkeypatch.setattr(writer, verb, delayed)


OLD = [
    ("10.1.0.0/16", "via 10.255.1.2 metric 5", "10.255.1.9"),
    ("2001:db8::/32", "via fd00:0:0:1::2 metric 5", "fd00:0:0:1::9"),
]


@pytest.mark.parametrize(("prefix", "rest", "gateway"), OLD)
def test_metric_change_is_taken_back_when_the_old_route_cannot_be_deleted(
    router: EditedRouter,
    monkeypatch: pytest.MonkeyPatch,
    prefix: str,
    rest: str,
    gateway: str,
) -> None:
    untouched = router.everything()
    router.ip(f"route add {prefix} {rest}")
    before_first(router, monkeypatch, "delete", f"route del {prefix} {rest}")
    outcome = router.commit(change(key(prefix, 5), gateway, "p1", metric=6))

    assert not outcome.done
    assert "No such process (the route has gone meanwhile)" in outcome.message
    assert outcome.message.endswith(
        "The old route was not replaced, and the new one was taken back."
    )
    assert router.everything() == untouched


def test_metric_change_is_taken_back_when_the_old_route_became_another(
    router: EditedRouter, monkeypatch: pytest.MonkeyPatch
) -> None:
    router.ip("route add 10.1.0.0/16 via 10.255.1.2 metric 5")
    before_first(router, monkeypatch, "delete", "route change 10.1.0.0/16 via 10.255.2.2 metric 5")
    outcome = router.commit(change(key("10.1.0.0/16", 5), metric=6))
    rows = [(row["gateway"], row["metric"]) for row in router.rows("10.1.0.0/16")]

    assert not outcome.done
    assert rows == [("10.255.2.2", 5)]


@pytest.mark.parametrize(
    "edit",
    [delete(key("10.1.0.0/16")), change(key("10.1.0.0/16"), metric=6)],
    ids=name_of,
)
def test_route_of_another_metric_that_went_instead_is_put_back(
    router: EditedRouter, monkeypatch: pytest.MonkeyPatch, edit: Edit
) -> None:
    """To the kernel a deletion of metric 0 means the first route, whatever its metric."""
    router.ip(
        "route add 10.1.0.0/16 via 10.255.1.2", "route add 10.1.0.0/16 via 10.255.1.2 metric 5"
    )
    before_first(router, monkeypatch, "delete", "route del 10.1.0.0/16 metric 0 via 10.255.1.2")
    outcome = router.commit(edit)
    rows = [(row["gateway"], row["metric"]) for row in router.rows("10.1.0.0/16")]

    assert not outcome.done
    assert "has gone meanwhile" in outcome.message
    assert rows == [("10.255.1.2", 5)]


@pytest.mark.parametrize(("prefix", "rest", "gateway"), OLD)
def test_route_that_went_is_not_replaced(
    router: EditedRouter, monkeypatch: pytest.MonkeyPatch, prefix: str, rest: str, gateway: str
) -> None:
    untouched = router.everything()
    router.ip(f"route add {prefix} {rest}")
    before_first(router, monkeypatch, "replace", f"route del {prefix} {rest}")
    outcome = router.commit(change(key(prefix, 5), gateway, "p1"))

    assert not outcome.done
    assert "gone meanwhile" in outcome.message
    assert router.everything() == untouched


def test_route_that_came_is_not_overwritten(
    router: EditedRouter, monkeypatch: pytest.MonkeyPatch
) -> None:
    router.ip("route add 10.1.0.0/16 via 10.255.1.2")
    before_first(router, monkeypatch, "add", "route add 10.1.0.0/16 via 10.255.2.2 metric 6")
    outcome = router.commit(change(key("10.1.0.0/16"), metric=6))
    rows = [(row["gateway"], row.get("metric", 0)) for row in router.rows("10.1.0.0/16")]

    assert not outcome.done
    assert "File exists (another route has this prefix and metric)" in outcome.message
    assert rows == [("10.255.1.2", 0), ("10.255.2.2", 6)]


def test_what_others_did_to_the_route_meanwhile_stays(router: EditedRouter) -> None:
    router.ip("route add 10.1.0.0/16 via 10.255.1.2")
    edit = change(key("10.1.0.0/16"), "10.255.1.9", "p1")
    router.ip("route change 10.1.0.0/16 via 10.255.1.2 mtu 1300 proto static")
    outcome = router.commit(edit)
    (row,) = router.rows("10.1.0.0/16")

    assert outcome.done, outcome.message
    assert (row["gateway"], row["protocol"], row["metrics"]) == (
        "10.255.1.9",
        "static",
        [{"mtu": 1300}],
    )


def shrink_the_next(router: EditedRouter, monkeypatch: pytest.MonkeyPatch, verb: str) -> None:
    """The kernel gets another MTU than the desk believes, as if it had made it so itself."""
    writer = router.desk._writer
    real: Callable[[RouteMessage], Answer] = getattr(writer, verb)

    def altered(route: RouteMessage) -> Answer:
        metrics = pack_attribute(RTAX_MTU, struct.pack("=I", 1300))
        attributes = {**route.attributes, RouteAttribute.METRICS: metrics}
        return real(replace(route, attributes=attributes))

    monkeypatch.setattr(writer, verb, altered)


@pytest.mark.parametrize("verb", ["add", "replace"])
def test_what_the_kernel_made_of_it_is_said(
    router: EditedRouter, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    router.ip("route add 10.1.0.0/16 via 10.255.1.2 mtu 1400")
    shrink_the_next(router, monkeypatch, verb)
    edits = {
        "add": add("10.2.0.0/16", "10.255.1.2"),
        "replace": change(key("10.1.0.0/16"), "10.255.1.9", "p1"),
    }
    outcome = router.commit(edits[verb])

    assert outcome.done
    assert outcome.message == (
        "The kernel took the route, but changed its path metrics (MTU, ...)."
    )


def test_metric_change_that_the_kernel_made_otherwise_is_taken_back(
    router: EditedRouter, monkeypatch: pytest.MonkeyPatch
) -> None:
    router.ip("route add 10.1.0.0/16 via 10.255.1.2 mtu 1400")
    before = router.everything()
    shrink_the_next(router, monkeypatch, "add")
    outcome = router.commit(change(key("10.1.0.0/16"), metric=6))

    assert not outcome.done
    assert outcome.message.endswith(
        "The old route was not replaced, and the new one was taken back."
    )
    assert router.everything() == before

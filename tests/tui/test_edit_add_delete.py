"""Adding a route in an empty row, and the question before one is deleted."""

import pytest

from ebtop.model.edit import Action, Edit, Field, Outcome, RouteKey
from ebtop.model.prefix import parse_prefix
from ebtop.model.route import RouteType
from ebtop.model.snapshot import RowState
from tests.tui.edit_stage import (
    FOUR,
    TAKEN,
    answer,
    asked,
    begin,
    edit_of,
    fields,
    panel,
    router,
    texts,
    tones,
    typing,
    wait,
)
from tests.tui.stage import Route, Stage, play

DELETION = Edit(action=Action.DELETE, key=RouteKey(prefix=parse_prefix("10.0.0.0/8")))
GONE = {number: FOUR[number] for number in (2, 3, 4)}
DELETES = Outcome(
    done=True,
    commands=("ip route del 10.0.0.0/8 via 192.0.2.1 dev wan0 proto bgp",),
    warnings=("FRR (vtysh) made this route and may write it again.",),
)


def test_route_is_added_in_an_empty_row() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.tell(router())
        await stage.press("down", "a")
        assert texts(stage) == ["", "", "", ""], "nothing is copied"
        assert typing(stage) is Field.PREFIX
        row = stage.routes.region.y - 1
        assert stage.text()[row].split() == ["prefix", "gateway", "port", "metric"]
        assert stage.text()[row + 1].startswith("▌10.0.0.0/8"), "no route is hidden"
        await stage.press(*"10.9.0.0/16", "tab", *"192.0.2.9")
        wanted = edit_of(action=Action.ADD, prefix="10.9.0.0/16", port="")
        assert await answer(stage, TAKEN) == wanted
        await stage.press("enter")
        assert "Review" in panel(stage)
        await stage.press("enter")
        assert await answer(stage, TAKEN, "commit") == wanted
        added = Route(prefix="10.9.0.0/16", group=3)
        await stage.tell(router(FOUR | {5: added}, structure=2))

        assert fields(stage) == {}
        assert stage.routes.selected == 5
        assert "192.0.2.9" in stage.line_with("▌10.9.0.0/16")
        assert stage.text()[stage.routes.region.y].lstrip("▌ ").startswith("10.0.0.0/8")

    play(scenario)


def test_empty_fields_are_no_fault_until_enter() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.tell(router())
        await stage.press("a")
        assert tones(stage, "A route needs a prefix") == {"tone--muted"}
        await stage.press(*"10.9.0.0/16")
        assert tones(stage, "A route needs a gateway") == {"tone--muted"}
        assert "!" not in stage.text()[stage.routes.region.y - 1]
        await stage.press("enter")

        assert tones(stage, "next hop: A route needs a gateway") == {"tone--bad"}
        assert typing(stage) is Field.GATEWAY
        assert asked(stage, "check") == []

    play(scenario)


@pytest.mark.parametrize(
    ("keys", "said", "field"),
    [
        (["10.1.2.3/8"], "10.1.2.3/8 has host bits; 10.0.0.0/8 would do.", Field.PREFIX),
        (["10.9.0.0/33"], "10.9.0.0/33 is no prefix", Field.PREFIX),
        (["10.0.0.0/8", "192.0.2.9"], "with metric 0 exists already", Field.METRIC),
        (["10.9.0.0/16", "", "eth7"], "There is no port eth7 here.", Field.PORT),
        (["2001:db8::/32", "192.0.2.9"], "An IPv6 route needs an IPv6 gateway.", Field.GATEWAY),
    ],
    ids=["host bits", "length", "exists", "port", "family"],
)
def test_complaints_of_a_new_route(keys: list[str], said: str, field: Field) -> None:
    async def scenario(stage: Stage) -> None:
        await stage.tell(router())
        await stage.press("a")
        for number, text in enumerate(keys):
            await stage.press(*["tab"] * (number > 0), *text)
        await stage.press("enter")

        assert said in panel(stage)
        assert typing(stage) is field
        assert asked(stage, "check") == []

    play(scenario, (120, 30))


def test_question_says_what_a_route_carries_and_what_will() -> None:
    async def scenario(stage: Stage) -> None:
        snapshot = router()
        snapshot.routes["packets"][1] = 12_000_000
        await begin(stage, snapshot, "d")
        assert "… The kernel is asked." in panel(stage)
        assert await answer(stage, DELETES) == DELETION

        assert panel(stage).splitlines() == [
            " Delete 10.0.0.0/8?  y deletes it, n keeps it",
            "   via 192.0.2.1 wan0, owner bgp",
            " ! It carries 30 pps, 9.00Mbit/s now; 12.0M packets so far.",
            "   Then its packets take 0.0.0.0/0 via 192.0.2.1 wan0.",
            "   ip route del 10.0.0.0/8 via 192.0.2.1 dev wan0 proto bgp",
            " ! FRR (vtysh) made this route and may write it again.",
        ]
        assert tones(stage, "It carries") == {"tone--warning"}

    play(scenario)


@pytest.mark.parametrize(
    ("others", "said"),
    [
        ({}, "Then no route takes its packets: the kernel drops them."),
        ({5: Route(prefix="10.0.0.0/8", state=RowState.SHADOWED)}, "take 10.0.0.0/8 metric 9 via"),
        ({5: Route(prefix="10.0.0.0/7", type=RouteType.BLACKHOLE)}, "take 10.0.0.0/7 blackhole."),
        ({5: Route(prefix="10.0.0.0/7", group=3)}, "Then no route takes its packets"),
        ({5: Route(prefix="10.0.0.0/7", group=0)}, "Then its packets take 10.0.0.0/7 connected"),
    ],
    ids=["none", "same prefix", "blackhole", "dead", "connected"],
)
def test_question_names_the_route_that_comes_next(others: dict[int, Route], said: str) -> None:
    async def scenario(stage: Stage) -> None:
        snapshot = router({1: Route(prefix="10.0.0.0/8")} | others)
        if 5 in others and others[5].state is RowState.SHADOWED:
            snapshot.routes["metric"][5] = 9
        await stage.tell(snapshot)
        stage.routes.select(1)
        await stage.press("d")

        assert said in panel(stage)
        assert "It carries nothing now; 0 packets so far." in panel(stage)
        assert tones(stage, "It carries") == {"tone--muted"}

    play(scenario)


def test_only_y_deletes_and_only_what_was_there_to_be_read() -> None:
    async def scenario(stage: Stage) -> None:
        await begin(stage, key="d")
        await stage.press("enter")
        assert "Enter deletes nothing: y does." in panel(stage)
        await stage.press("y")
        assert "The kernel is still being asked" in panel(stage)
        await answer(stage, DELETES)
        await stage.press("enter", "space", "x")
        assert asked(stage, "commit") == []
        assert not stage.app.feed.frozen, "what is deleted has to be seen to go"
        await stage.press("y", "y")
        assert await answer(stage, Outcome(done=True), "commit") == DELETION
        assert len(asked(stage, "commit")) == 1
        assert "Written, waiting for the kernel's report." in panel(stage)
        await stage.tell(router(GONE, structure=2))

        assert panel(stage) == " ✓ Deleted 10.0.0.0/8."
        assert stage.routes.selected == 2, "the cursor is on the row that took the place"
        await stage.press("down")
        assert stage.routes.selected == 3, "the table has the keys again"

    play(scenario)


@pytest.mark.parametrize("key", ["n", "escape"])
def test_route_is_kept(key: str) -> None:
    async def scenario(stage: Stage) -> None:
        await stage.tell(router())
        await stage.press("down")
        before = stage.text()
        await stage.press("d")
        await answer(stage, DELETES)
        await stage.press(key)

        assert stage.text() == before
        assert asked(stage, "commit") == []
        assert stage.routes.selected == 1

    play(scenario)


def test_refused_deletion_stays_a_question_that_y_does_not_answer() -> None:
    async def scenario(stage: Stage) -> None:
        await begin(stage, key="d")
        await answer(stage, Outcome(done=False, message="This engine is read-only."))
        await stage.press("y")

        assert "! This engine is read-only." in panel(stage)
        assert asked(stage, "commit") == []

    play(scenario)


def test_question_follows_the_traffic() -> None:
    async def scenario(stage: Stage) -> None:
        await begin(stage, key="d")
        await stage.tell(router(FOUR | {1: Route(prefix="10.0.0.0/8", pps=2e6)}))
        assert "It carries 2.00M pps" in panel(stage)
        await wait(stage, lambda: len(asked(stage, "check")) == 1, "not asked")

    play(scenario)

"""Edits while the world changes: the engine, the route, and how often the screen shows them."""

from ebtop.model.edit import Field
from ebtop.tui.source import LinkState, Phase
from tests.tui.edit_stage import (
    FOUR,
    TAKEN,
    answer,
    asked,
    begin,
    edit_of,
    fields,
    panel,
    retype,
    router,
    texts,
    wait,
)
from tests.tui.stage import Route, Stage, play

DEAD_GATEWAY = Route(prefix="10.0.0.0/8", pps=30, group=3)


def test_read_only_and_no_selection_are_told_at_once() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.press("e", "a")
        assert "The engine is not there" in panel(stage)
        await stage.tell(router())
        await stage.press("e")
        assert "Select a route first" in panel(stage)
        await stage.tell(router(read_only=True, tick=2))
        await stage.press("down")
        for key in ("e", "a", "d"):
            await stage.press(key)
            assert "! This engine is read-only" in panel(stage)

        assert fields(stage) == {}
        assert stage.routes.has_focus
        assert asked(stage, "check") == []

    play(scenario)


def test_lost_engine_leaves_what_was_typed_and_is_asked_again_when_it_is_back() -> None:
    async def scenario(stage: Stage) -> None:
        await begin(stage)
        await retype(stage, "192.0.2.9")
        await answer(stage, TAKEN)
        await stage.press("enter")
        stage.source.tell(LinkState(phase=Phase.LOST, text="The engine has ended."))
        await stage.settle()
        assert "! The engine has gone: what you typed stays" in panel(stage)
        assert "Enter writes it" not in panel(stage)
        await stage.press("enter", "enter")
        assert asked(stage, "commit") == []
        await stage.tell(router(owner="pid 2, ebtop", tick=2))
        assert texts(stage)[0] == "192.0.2.9"
        await answer(stage, TAKEN, number=2)
        assert "gone" not in panel(stage)
        await stage.press("enter", "enter")
        assert await answer(stage, TAKEN, "commit") == edit_of()

    play(scenario)


def test_escape_closes_when_the_engine_is_lost_while_it_writes() -> None:
    async def scenario(stage: Stage) -> None:
        await begin(stage)
        await retype(stage, "192.0.2.9")
        await answer(stage, TAKEN)
        await stage.press("enter", "enter")
        stage.source.tell(LinkState(phase=Phase.LOST, text="The engine has ended."))
        await stage.settle()
        await stage.press("escape")

        assert panel(stage) == ""
        assert stage.routes.has_focus

    play(scenario)


def test_route_that_changes_meanwhile_wants_enter_anew() -> None:
    async def scenario(stage: Stage) -> None:
        await begin(stage)
        await stage.press("tab", "tab", "5")
        await answer(stage, TAKEN)
        await stage.press("enter")
        assert "Review" in panel(stage)
        await stage.tell(router(FOUR | {1: DEAD_GATEWAY}, structure=2))

        assert "! Meanwhile in the kernel: next hop 192.0.2.1 → 192.0.2.9." in panel(stage)
        assert "Review" not in panel(stage)
        assert texts(stage) == ["192.0.2.9", "wan0", "5"], "what was not typed follows"
        assert await answer(stage, TAKEN, number=2) == edit_of(gateway="", port="", metric=5)
        await stage.press("enter")
        assert asked(stage, "commit") == []
        assert "Review" in panel(stage)
        assert "Meanwhile" not in panel(stage)

    play(scenario)


def test_review_does_not_outlive_another_owner() -> None:
    async def scenario(stage: Stage) -> None:
        await begin(stage)
        await retype(stage, "192.0.2.9")
        await answer(stage, TAKEN)
        await stage.press("enter")
        taken_over = Route(prefix="10.0.0.0/8", protocol=11)
        await stage.tell(router(FOUR | {1: taken_over}, structure=2))
        assert "Meanwhile in the kernel: owner bgp → zebra." in panel(stage)
        await stage.press("enter")
        assert asked(stage, "commit") == [], "the edit is the same, the route is not"
        await answer(stage, TAKEN, number=2)
        assert "Review" in panel(stage)

    play(scenario)


def test_question_is_asked_anew_when_its_route_changes() -> None:
    async def scenario(stage: Stage) -> None:
        await begin(stage, key="d")
        await answer(stage, TAKEN)
        await stage.tell(router(FOUR | {1: DEAD_GATEWAY}, structure=2))
        assert "Meanwhile in the kernel: next hop 192.0.2.1 → 192.0.2.9." in panel(stage)
        await stage.press("y")
        assert asked(stage, "commit") == []
        await answer(stage, TAKEN, number=2)
        await stage.press("y")
        assert len(asked(stage, "commit")) == 1

    play(scenario)


def test_route_that_goes_meanwhile_is_told_and_comes_back() -> None:
    async def scenario(stage: Stage) -> None:
        await begin(stage)
        await retype(stage, "192.0.2.9")
        await answer(stage, TAKEN)
        await stage.tell(router({n: FOUR[n] for n in (2, 3, 4)}, structure=2))
        assert "! The kernel has no such route any more." in panel(stage)
        await stage.press("enter", "enter")
        assert asked(stage, "commit") == []
        reborn = Route(prefix="10.0.0.0/8", born=7)
        await stage.tell(router({n: FOUR[n] for n in (2, 3, 4)} | {6: reborn}, structure=3))
        assert "the route had gone, and came back" in panel(stage)
        assert texts(stage)[0] == "192.0.2.9"
        await answer(stage, TAKEN, number=2)
        await stage.press("enter", "enter")
        assert len(asked(stage, "commit")) == 1

    play(scenario)


def test_new_engine_with_other_ids_keeps_the_edit() -> None:
    async def scenario(stage: Stage) -> None:
        await begin(stage)
        await retype(stage, "192.0.2.9")
        ids = {4: FOUR[1], 3: FOUR[2], 2: FOUR[3], 1: FOUR[4]}
        await stage.tell(router(ids, owner="pid 2, ebtop", structure=9))

        assert stage.routes.route_at(0) is not None
        assert "Edit 10.0.0.0/8" in panel(stage)
        assert texts(stage)[0] == "192.0.2.9"
        assert stage.line_with("▌10.0.0.0/8")
        row = stage.text().index(stage.line_with("▌10.0.0.0/8"))
        assert fields(stage)[Field.GATEWAY].region.y == row

    play(scenario)


def test_frozen_table_goes_on_when_a_route_is_edited() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.tell(router())
        await stage.press("down", "space")
        stage.source.push(router(FOUR | {1: DEAD_GATEWAY}, structure=2))
        await stage.settle()
        await stage.press("e")

        assert not stage.app.feed.frozen
        assert texts(stage)[0] == "192.0.2.9", "the kernel's present route is edited"

    play(scenario)


def test_report_is_seen_although_the_screen_is_refreshed_slowly() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.tell(router())
        await stage.press(*["minus"] * 4)
        await stage.press("down", "e")
        await retype(stage, "192.0.2.9")
        await answer(stage, TAKEN)
        await stage.press("enter", "enter")
        await answer(stage, TAKEN, "commit")
        stage.now_s += 0.5
        stage.source.push(router(FOUR | {1: DEAD_GATEWAY}, structure=2))
        await wait(stage, lambda: panel(stage) == "", "it does not close")

        assert stage.routes.selected == 1

    play(scenario)


def test_deleted_row_is_left_when_it_is_seen_to_go() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.tell(router())
        await stage.press(*["minus"] * 4)
        await stage.press("down", "d")
        await answer(stage, TAKEN)
        await stage.press("y")
        await answer(stage, TAKEN, "commit")
        gone = router({n: FOUR[n] for n in (2, 3, 4)}, structure=2)
        stage.now_s += 0.5
        stage.source.push(gone)
        await wait(stage, lambda: panel(stage) == "", "the question stays")
        assert stage.routes.selected == 1, "the table is an older one"
        await stage.tell(gone, later_s=20)

        assert panel(stage) == " ✓ Deleted 10.0.0.0/8."
        assert stage.routes.selected == 2

    play(scenario)


def test_order_and_place_stay_while_a_route_is_edited() -> None:
    async def scenario(stage: Stage) -> None:
        await begin(stage)
        swapped = FOUR | {1: Route(prefix="10.0.0.0/8", pps=1)}
        await stage.tell(router(swapped), later_s=60)
        assert stage.shown == [1, 2, 3, 4]
        await stage.press("escape")
        await stage.tell(router(swapped, tick=2), later_s=60)
        assert stage.shown == [2, 3, 4, 1]

    play(scenario)

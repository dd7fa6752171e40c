"""Edits while the world changes: the engine, the route, the screen, the operator's patience."""

from textual.events import Paste

from ebtop.model.edit import Field, Outcome
from ebtop.tui.source import LinkState, Phase
from tests.tui.edit_stage import (
    FOUR,
    LINE,
    TAKEN,
    answer,
    asked,
    begin,
    edit_of,
    fields,
    panel,
    press_at_once,
    retype,
    router,
    texts,
    typing,
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
        assert await answer(stage, TAKEN, number=2) == edit_of(metric=5)
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


def test_keys_that_come_in_one_piece_reach_the_fields_in_order() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.tell(router())
        keys = ["j", "j", "e", "end", "ctrl+u", *"192.0.2.9", "tab", "end", "ctrl+u", *"lan0"]
        await press_at_once(stage, [*keys, "enter", "enter"])
        await wait(stage, lambda: len(fields(stage)) == 3, "no fields")

        assert stage.routes.selected == 2
        assert texts(stage) == ["192.0.2.9", "lan0", "0"]
        wanted = edit_of(prefix="172.16.0.0/12", port="lan0")
        assert await answer(stage, TAKEN) == wanted
        assert asked(stage, "commit") == []
        assert stage.screen.view is stage.screen.routes, "no digit went to the views"
        await press_at_once(stage, ["escape", "escape", "j", "e"])
        await wait(stage, lambda: "Edit 192.0.2.0/24" in panel(stage), "not the next one")

    play(scenario)


def test_deletion_is_not_agreed_to_by_keys_from_before_the_question() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.tell(router())
        await press_at_once(stage, ["j", "d", "y", "y"])
        await wait(stage, lambda: "Delete 10.0.0.0/8?" in panel(stage), "no question")
        await answer(stage, TAKEN)

        assert asked(stage, "commit") == []

    play(scenario)


def test_click_on_another_row_closes_only_what_nobody_would_miss() -> None:
    async def scenario(stage: Stage) -> None:
        await begin(stage)
        await retype(stage, "192.0.2.9")
        await stage.pilot.click("#routes", offset=(60, 2))
        await stage.settle()
        assert texts(stage)[0] == "192.0.2.9"
        assert typing(stage) is Field.GATEWAY
        assert stage.routes.selected == 1
        await retype(stage, "192.0.2.1")
        await stage.pilot.click("#routes", offset=(60, 2))
        await stage.settle()

        assert fields(stage) == {}
        assert stage.routes.has_focus

    play(scenario)


def test_fields_stay_on_the_row_when_the_terminal_changes() -> None:
    many = {n: Route(prefix=f"10.{n}.0.0/16", pps=100 - n) for n in range(1, 40)}

    async def scenario(stage: Stage) -> None:
        await stage.tell(router(many))
        await stage.press("G", "e")
        await retype(stage, "192.0.2.9")
        for width, height in ((60, 16), (120, 40), (200, 60), (70, 18)):
            await stage.pilot.resize_terminal(width, height)
            await stage.settle()
            row = stage.text().index(stage.line_with("▌10.39.0.0/16"))
            columns = {placed.column: placed for placed in stage.routes.columns}
            cell = fields(stage)[Field.GATEWAY]
            assert cell.input.region.y == row
            assert "192.0.2.9" in stage.text()[row]
            assert len(columns) >= 4
            assert texts(stage)[0] == "192.0.2.9"

    play(scenario)


def test_edit_stays_while_other_views_are_in_front() -> None:
    async def scenario(stage: Stage) -> None:
        await begin(stage)
        await retype(stage, "192.0.2.9")
        await stage.screen.action_show("ports")
        await stage.settle()
        await stage.press("1")
        assert texts(stage) == ["192.0.2.9", "wan0", "0"]
        assert typing(stage) is Field.GATEWAY

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


def test_nothing_hostile_reaches_the_terminal() -> None:
    def unprintable(stage: Stage) -> set[str]:
        return {char for line in stage.text() for char in line if not char.isprintable()}

    async def scenario(stage: Stage) -> None:
        names = {2: "lan0", 3: "w\x1b[31m\u202e[b]n"}
        await begin(stage, router(names=names))
        assert unprintable(stage) == set()
        await retype(stage, "192.0.2.9")
        said = "no \x1b]0;t\x07 [b]way[/b]"
        answered = Outcome(done=False, message=said, commands=(LINE + "\x1b[2J",), warnings=(said,))
        await answer(stage, answered)
        assert panel(stage).count("[b]way[/b]") == 2
        assert LINE in panel(stage)
        assert unprintable(stage) == set()
        stage.app.post_message(Paste("7\x1b[2J8\nsecond"))
        await wait(stage, lambda: texts(stage)[0] == "192.0.2.97[2J8", "not pasted")
        assert unprintable(stage) == set()

    play(scenario)


def test_paste_takes_the_place_of_what_is_selected() -> None:
    async def scenario(stage: Stage) -> None:
        await begin(stage)
        stage.app.post_message(Paste(" 192.0.2.9 "))
        await wait(stage, lambda: texts(stage)[0] == "192.0.2.9", "not pasted")
        await stage.press("end", "left")
        stage.app.post_message(Paste("4"))
        await wait(stage, lambda: texts(stage)[0] == "192.0.2.49", "not where the cursor is")

    play(scenario)

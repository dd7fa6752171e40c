"""Editing a route in its row: what is typed, asked, reviewed, written, and reported."""

import pytest

from ebtop.model.edit import Field, Outcome
from ebtop.model.route import RouteType
from ebtop.model.snapshot import RowState
from ebtop.tui.views.edit_subject import COLUMNS
from tests.tui.edit_stage import (
    FOUR,
    LINE,
    REFUSED,
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
    tones,
    typing,
    wait,
)
from tests.tui.stage import Route, Stage, play


@pytest.mark.parametrize("size", [(60, 16), (80, 24), (120, 40), (200, 60)])
def test_fields_lie_over_the_cells_of_the_row(size: tuple[int, int]) -> None:
    async def scenario(stage: Stage) -> None:
        await begin(stage)

        assert texts(stage) == ["192.0.2.1", "wan0", "0"]
        assert typing(stage) is Field.GATEWAY
        row = stage.routes.region.y
        columns = {placed.column: placed for placed in stage.routes.columns}
        for field, cell in fields(stage).items():
            placed = columns[COLUMNS[field]]
            assert cell.input.region.offset == (placed.start, row)
            assert cell.input.region.width == placed.width
        line = stage.text()[row]
        assert line.startswith("▌10.0.0.0/8"), "the prefix stays to be seen"
        assert " 30" in line, "and so do the rates"

    play(scenario, size)


def test_tab_and_arrows_move_between_the_fields_and_never_out() -> None:
    async def scenario(stage: Stage) -> None:
        await begin(stage)
        seen = []
        for key in ("tab", "tab", "tab", "shift+tab", "down", "up", "up"):
            await stage.press(key)
            seen.append(typing(stage))

        gateway, port, metric = Field.GATEWAY, Field.PORT, Field.METRIC
        assert seen == [port, metric, gateway, metric, gateway, metric, port]
        assert stage.routes.selected == 1

    play(scenario)


def test_what_is_typed_is_checked_before_the_kernel_is_asked() -> None:
    async def scenario(stage: Stage) -> None:
        await begin(stage)
        assert "Nothing is changed yet." in panel(stage)
        assert tones(stage, "Nothing is changed") == {"tone--muted"}
        await retype(stage, "192.0.2.300")

        assert "! next hop: 192.0.2.300 is no IP address." in panel(stage)
        assert "!192.0.2.300" in stage.line_with("▌10.0.0.0/8"), "marked at the field"
        await stage.press("enter")
        assert asked(stage, "check") == []
        await retype(stage, "192.0.2.9")
        assert "!" not in stage.line_with("▌10.0.0.0/8")

    play(scenario)


def test_kernel_is_asked_when_typing_pauses_and_answers_at_the_field() -> None:
    async def scenario(stage: Stage) -> None:
        await begin(stage)
        await retype(stage, "192.0.2.9")
        assert await answer(stage, REFUSED) == edit_of()

        assert len(asked(stage, "check")) == 1
        assert "! next hop: Nexthop has invalid gateway." in panel(stage)
        assert "!192.0.2.9" in stage.line_with("▌10.0.0.0/8")
        await stage.press("tab", "enter")
        assert typing(stage) is Field.GATEWAY, "Enter goes to what is wrong"
        await stage.press("enter")
        assert asked(stage, "commit") == []
        assert "Review" not in panel(stage)

    play(scenario)


def test_route_is_written_after_a_review_and_closes_with_the_report() -> None:
    async def scenario(stage: Stage) -> None:
        await begin(stage)
        await retype(stage, "192.0.2.9")
        await answer(stage, TAKEN)
        assert "✓ The kernel would take it." in panel(stage)
        assert LINE in panel(stage), "the line is there before anything is written"
        await stage.press("enter")
        assert "Review  Enter writes it, Esc goes back" in panel(stage)
        assert "! FRR (vtysh) made this route." in panel(stage)
        assert asked(stage, "commit") == [], "one key writes nothing"
        await stage.press("enter")
        assert await answer(stage, TAKEN, "commit") == edit_of()
        assert "✓ Written, waiting for the kernel's report." in panel(stage)
        await stage.tell(router(tick=2))
        assert "waiting" in panel(stage), "a report from before says nothing"
        await stage.tell(router(FOUR | {1: Route(prefix="10.0.0.0/8", group=3)}, structure=2))

        assert panel(stage) == ""
        assert fields(stage) == {}
        assert stage.routes.selected == 1
        assert stage.routes.has_focus
        assert "192.0.2.9" in stage.line_with("▌10.0.0.0/8")

    play(scenario)


def test_enter_before_the_answer_writes_nothing_and_the_review_follows() -> None:
    async def scenario(stage: Stage) -> None:
        await begin(stage)
        await retype(stage, "192.0.2.9")
        await stage.press("enter", "enter", "enter")
        assert "The kernel is still being asked" in panel(stage)
        await answer(stage, TAKEN)

        assert "Review" in panel(stage)
        assert asked(stage, "commit") == []
        await stage.press("enter", "enter", "enter")
        assert len(asked(stage, "commit")) == 1, "keys while it is written write nothing more"
        assert "It is being written" in panel(stage)
        await stage.press("escape", "x")
        assert "It is being written" in panel(stage)
        assert texts(stage)[0] == "192.0.2.9", "and what is written can no longer be typed over"

    play(scenario)


def test_answers_to_what_is_no_longer_typed_are_passed_over() -> None:
    async def scenario(stage: Stage) -> None:
        await begin(stage)
        await retype(stage, "192.0.2.9")
        await wait(stage, lambda: len(asked(stage, "check")) == 1, "no check")
        await retype(stage, "192.0.2.8")
        stage.source.answer(asked(stage, "check")[0].number, REFUSED)
        await wait(stage, lambda: len(asked(stage, "check")) == 2, "no second check")

        assert "invalid gateway" not in panel(stage)
        assert "The kernel is asked." in panel(stage)

    play(scenario)


def test_escape_steps_back_and_at_last_leaves_no_trace() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.tell(router())
        await stage.press("down")
        before = stage.text()
        await stage.press("e")
        await retype(stage, "192.0.2.9")
        await answer(stage, TAKEN)
        await stage.press("enter", "escape")
        assert "Edit 10.0.0.0/8" in panel(stage)
        assert texts(stage)[0] == "192.0.2.9"
        await stage.press("enter", "8")
        assert "Review" not in panel(stage), "who types in the review is back at typing"
        await stage.press("escape")

        assert stage.text() == before
        assert asked(stage, "commit") == []
        await stage.press("down")
        assert stage.routes.selected == 2

    play(scenario)


def test_cursor_follows_a_route_to_its_new_metric() -> None:
    async def scenario(stage: Stage) -> None:
        await begin(stage)
        await stage.press("tab", "tab", "5", "0")
        await answer(stage, TAKEN)
        await stage.press("enter", "enter")
        assert await answer(stage, TAKEN, "commit") == edit_of(gateway="", port="", metric=50)
        both = FOUR | {5: Route(prefix="10.0.0.0/8", state=RowState.SHADOWED)}
        moved = router(both, structure=2)
        moved.routes["metric"][5] = 50
        await stage.tell(moved)
        assert "waiting" in panel(stage), "the old one has to go as well"
        after = router({number: both[number] for number in (2, 3, 4)} | {5: FOUR[1]}, structure=3)
        after.routes["metric"][5] = 50
        await stage.tell(after)

        assert panel(stage) == ""
        assert stage.routes.selected == 5

    play(scenario)


def test_route_that_packets_do_not_use_is_told_of() -> None:
    async def scenario(stage: Stage) -> None:
        await begin(stage)
        await stage.press("tab", "tab", "5", "0")
        await answer(stage, TAKEN)
        await stage.press("enter", "enter")
        await answer(stage, TAKEN, "commit")
        others = {number: FOUR[number] for number in (2, 3, 4)}
        hidden = Route(prefix="10.0.0.0/8", state=RowState.SHADOWED)
        after = router(others | {5: hidden}, structure=2)
        after.routes["metric"][5] = 50
        await stage.tell(after)

        assert fields(stage) == {}
        assert "reported by the kernel: 10.0.0.0/8 metric 50." in panel(stage)
        assert "Packets use\n   another route" in panel(stage)

    play(scenario)


def test_refused_commit_is_told_at_the_field_and_can_be_mended() -> None:
    async def scenario(stage: Stage) -> None:
        await begin(stage)
        await retype(stage, "192.0.2.9")
        await answer(stage, TAKEN)
        await stage.press("enter", "enter")
        await answer(stage, REFUSED, "commit")

        assert "! next hop: Nexthop has invalid gateway." in panel(stage)
        await stage.press("enter")
        assert len(asked(stage, "commit")) == 1
        await retype(stage, "192.0.2.8")
        assert await answer(stage, TAKEN, number=2) == edit_of(gateway="192.0.2.8")

    play(scenario)


def test_missing_report_is_told_after_five_seconds() -> None:
    async def scenario(stage: Stage) -> None:
        await begin(stage)
        await retype(stage, "192.0.2.9")
        await answer(stage, TAKEN)
        await stage.press("enter", "enter")
        await answer(stage, TAKEN, "commit")
        await stage.tell(router(tick=2), later_s=4)
        assert "waiting for the kernel's report" in panel(stage)
        await stage.tell(router(tick=3), later_s=2)

        assert "! Written, but the kernel has not reported it yet." in panel(stage)
        await stage.press("escape")
        assert panel(stage) == ""

    play(scenario)


def test_fields_of_other_kinds_of_routes_show_what_the_row_shows() -> None:
    kinds = {
        1: Route(prefix="10.0.0.0/8", group=2),
        2: Route(prefix="10.1.0.0/16", type=RouteType.BLACKHOLE, group=99),
        3: Route(prefix="10.2.0.0/16", group=0),
        4: Route(prefix="10.3.0.0/16", group=99),
    }
    shown = {
        1: ["192.0.2.1 +1", "wan0", "0"],
        2: ["blackhole", "", "0"],
        3: ["connected", "lan0", "0"],
        4: ["", "", "0"],
    }

    async def scenario(stage: Stage) -> None:
        await stage.tell(router(kinds))
        for route, wanted in shown.items():
            stage.routes.select(route)
            await stage.press("e")
            assert texts(stage) == wanted
            await stage.press("escape")
        stage.routes.select(1)
        await stage.press("e")
        await retype(stage, "192.0.2.9")
        assert "The route has 2 next hops: only its metric can be edited here" in panel(stage)
        await stage.press("escape", "e", "tab", "tab", "7")
        edit = await answer(stage, Outcome(done=False, message="It uses next-hop object 9."))
        assert (edit.gateway, edit.port, edit.metric) == (None, "", 7), "nothing else is named"
        assert "! It uses next-hop object 9." in panel(stage)

    play(scenario)

"""Edits in the hands of an impatient operator: keys at once, clicks, pastes, resizes."""

from textual.events import Paste

from ebtop.model.edit import Field, Outcome
from ebtop.tui.views.edit_subject import COLUMNS
from tests.tui.edit_stage import (
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


def test_a_metric_ends_where_the_metrics_of_the_column_end() -> None:
    async def scenario(stage: Stage) -> None:
        await begin(stage)
        metric = next(p for p in stage.routes.columns if p.column is COLUMNS[Field.METRIC])
        row, end = stage.routes.region.y, metric.start + metric.width

        def cell() -> str:
            return stage.text()[row][metric.start : end]

        assert cell() == stage.text()[row + 1][metric.start : end] == "0".rjust(metric.width)
        await stage.press("tab", "tab", "end", "ctrl+u", *"120")
        assert cell() == "120 ".rjust(metric.width), "the cursor stands behind it"
        await stage.press("tab")
        assert cell() == "120".rjust(metric.width)

    play(scenario, (120, 40))

"""The route table: its order, the cursor that stays with its route, keys and mouse."""

import pytest
from textual.events import MouseScrollDown

from tests.tui.stage import THREE, Route, Stage, play, snapshot_of


def test_sort_cycles_reverses_and_follows_clicks() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.tell(snapshot_of(THREE))
        assert stage.shown == [2, 3, 1]
        assert "pps▼" in stage.line_with("next hop")
        await stage.press("s")
        assert stage.shown == [1, 3, 2]
        assert "bit/s▼" in stage.line_with("next hop")
        await stage.press("r")
        assert stage.shown == [2, 3, 1]
        await stage.press("s", "s")
        assert "p99▼" in stage.line_with("next hop")
        assert stage.shown == [2, 3, 1], "what was not measured stands last"
        await stage.press("r")
        assert stage.shown == [3, 2, 1], "even the other way round"
        await stage.pilot.click("#heads", offset=(3, 0))
        await stage.settle()
        assert stage.shown == [1, 2, 3]
        assert "prefix▲" in stage.line_with("next hop")
        await stage.pilot.click("#heads", offset=(3, 0))
        await stage.settle()
        assert stage.shown == [3, 2, 1]

    play(scenario)


def test_sorts_no_more_often_than_every_two_seconds_nor_under_a_moving_cursor() -> None:
    swapped = THREE | {1: Route(prefix="10.0.0.0/8", pps=99)}

    async def scenario(stage: Stage) -> None:
        await stage.tell(snapshot_of(THREE))
        await stage.tell(snapshot_of(swapped), later_s=1.9)
        assert stage.shown == [2, 3, 1]
        assert "99" in stage.line_with("10.0.0.0/8"), "the figures are new all the same"
        await stage.press("down")
        await stage.tell(snapshot_of(swapped), later_s=1.9)
        assert stage.shown == [2, 3, 1]
        await stage.tell(snapshot_of(swapped), later_s=0.5)
        assert stage.shown == [1, 2, 3]

    play(scenario)


def test_selection_stays_with_the_route_through_sorts_and_deletions() -> None:
    many = {n: Route(prefix=f"10.{n}.0.0/16", pps=1000 - n) for n in range(1, 101)}

    async def scenario(stage: Stage) -> None:
        await stage.tell(snapshot_of(many))
        await stage.press("down", "down", "down")
        assert stage.routes.selected == 3
        y = stage.text().index(stage.line_with("▌"))
        sunk = many | {3: Route(prefix="10.3.0.0/16", pps=1)}
        await stage.tell(snapshot_of(sunk), later_s=3)

        assert stage.shown[-1] == 3
        assert stage.routes.selected == 3
        # The table ends below it, so its line is the last one.
        assert "10.3.0.0/16" in stage.line_with("▌")
        del sunk[1], sunk[50]
        await stage.tell(snapshot_of(sunk, structure=2), later_s=0.5)
        assert stage.routes.selected == 3
        assert "10.3.0.0/16" in stage.line_with("▌")
        assert {1, 50}.isdisjoint(stage.shown)
        await stage.tell(snapshot_of(many, structure=3), later_s=3)
        assert stage.shown[2] == 3
        assert "10.3.0.0/16" in stage.line_with("▌")
        assert y == stage.text().index(stage.line_with("▌"))

    play(scenario)


@pytest.mark.parametrize(
    "heir",
    [None, Route(prefix="10.66.0.0/16", born=2), Route(prefix="10.66.0.0/16", born=2, pps=99)],
    ids=["id free", "id given to another route", "id given to a busy route"],
)
def test_selection_ends_with_its_route(heir: Route | None) -> None:
    async def scenario(stage: Stage) -> None:
        await stage.tell(snapshot_of(THREE))
        await stage.press("down", "down")
        assert stage.routes.selected == 3
        assert "192.168.0.0/16" in stage.line_with("via 192.0.2.1")
        left = {1: THREE[1], 2: THREE[2]} | ({} if heir is None else {3: heir})
        await stage.tell(snapshot_of(left, structure=2))

        assert stage.routes.selected is None
        assert "▌" not in "\n".join(stage.text())
        assert stage.line_with("192.168.0.0/16 has gone")
        await stage.press("down")
        assert stage.routes.selected is not None
        assert "has gone" not in "\n".join(stage.text())

    play(scenario)


def test_new_routes_show_at_once_and_fall_into_place_later() -> None:
    more = THREE | {4: Route(prefix="10.5.0.0/16", pps=500)}

    async def scenario(stage: Stage) -> None:
        await stage.tell(snapshot_of(THREE))
        await stage.tell(snapshot_of(more, structure=2), later_s=0.5)
        assert stage.shown == [2, 3, 1, 4]
        await stage.tell(snapshot_of(more, structure=2), later_s=2)
        assert stage.shown == [4, 2, 3, 1]

    play(scenario)


def test_keys_move_the_cursor_and_the_view() -> None:
    many = {n: Route(prefix=f"10.{n}.0.0/16", pps=1000 - n) for n in range(1, 201)}

    async def scenario(stage: Stage) -> None:
        await stage.tell(snapshot_of(many))
        page = stage.routes.size.height - 1
        selected = []
        keys = ["j", "j", "k", "pagedown", "pageup", "G", "end", "g", "end", "home", "up"]
        for key in keys:
            await stage.press(key)
            selected.append(stage.routes.selected)
            assert stage.line_with("▌")

        assert selected == [1, 2, 1, 1 + page, 1, 200, 200, 1, 200, 1, 1]
        await stage.press("end", "escape")
        assert stage.routes.selected is None
        assert stage.text()[4].startswith(" 10.1.0.0/16")

    play(scenario)


def test_wheel_and_click() -> None:
    many = {n: Route(prefix=f"10.{n}.0.0/16", pps=1000 - n) for n in range(1, 201)}

    async def scenario(stage: Stage) -> None:
        await stage.tell(snapshot_of(many))
        await stage.pilot.click("#routes", offset=(5, 2))
        await stage.settle()
        assert stage.routes.selected == 3
        await stage.pilot._post_mouse_events([MouseScrollDown], "#routes", offset=(5, 2))
        await stage.settle()
        assert stage.routes.scroll_offset.y > 0
        assert stage.routes.selected == 3

    play(scenario)

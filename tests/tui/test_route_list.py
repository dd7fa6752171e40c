"""The route table: its order, the cursor that stays with its route, keys and mouse."""

import threading
from typing import Any

import pytest
from textual.events import MouseScrollDown

from ebtop.tui.columns import Column
from ebtop.tui.order import arrange
from ebtop.tui.widgets import route_list
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


@pytest.mark.parametrize("routes", [60, 3], ids=["scrolled", "short"])
def test_another_engine_has_other_ids_and_the_same_route_stays_selected(routes: int) -> None:
    many = {n: Route(prefix=f"10.{n}.0.0/16", pps=1000 - n) for n in range(1, routes + 1)}
    chosen = max(many) - 1

    async def scenario(stage: Stage) -> None:
        await stage.tell(snapshot_of(many))
        await stage.press("end", "up")
        assert stage.routes.selected == chosen
        y = stage.text().index(stage.line_with("▌"))
        # The ids run the other way, and structure and births say nothing of that.
        other = {routes + 1 - n: route for n, route in many.items()}
        await stage.tell(snapshot_of(other, owner="pid 2, ebtop run"))

        assert stage.routes.selected == routes + 1 - chosen
        assert f"10.{chosen}.0.0/16" in stage.line_with("▌")
        assert y == stage.text().index(stage.line_with("▌"))
        assert stage.shown == list(other)

    play(scenario)


def test_route_that_another_engine_does_not_have_has_gone_once_it_has_read_all() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.tell(snapshot_of(THREE))
        await stage.press("down", "down")
        assert stage.routes.selected == 3
        engine = {"owner": "pid 2, ebtop run"}
        part = {7: THREE[1]}
        await stage.tell(snapshot_of(part, loading="1 route read", structure=1, **engine))
        assert stage.routes.selected is None
        assert "has gone" not in "\n".join(stage.text()), "it is not read yet"
        whole = {7: THREE[1], 1: THREE[3]}
        await stage.tell(snapshot_of(whole, structure=2, **engine))
        assert stage.routes.selected == 1
        # A metric makes it another route.
        lost = snapshot_of({4: THREE[3], 1: THREE[1]}, structure=2, owner="pid 3, ebtop run")
        lost.routes["metric"][4] = 20
        await stage.tell(lost)
        assert stage.routes.selected is None
        assert stage.line_with("192.168.0.0/16 has gone")

    play(scenario)


def test_order_of_the_engine_before_is_never_shown_for_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The engine changes while a sort is under way in its thread."""
    release = threading.Event()

    def slow(*arguments: Any) -> Any:
        order = arrange(*arguments)
        assert release.wait(20)
        return order

    monkeypatch.setattr(route_list, "arrange", slow)

    async def scenario(stage: Stage) -> None:
        stage.source.push(snapshot_of(THREE))
        other = snapshot_of({2: THREE[1]}, owner="pid 2, ebtop run")
        while stage.app.feed.snapshot is None:
            await stage.pilot.pause()
        stage.now_s += 1
        stage.source.push(other)
        while stage.app.feed.snapshot is not other:
            await stage.pilot.pause()
        assert stage.shown == []
        release.set()
        await stage.settle()
        assert stage.shown == [2]
        assert stage.line_with("10.0.0.0/8")

    play(scenario)


def test_hold_keeps_order_and_place_while_rows_go_on() -> None:
    many = {n: Route(prefix=f"10.{n}.0.0/16", pps=1000 - n) for n in range(1, 101)}

    async def scenario(stage: Stage) -> None:
        await stage.tell(snapshot_of(many))
        await stage.press("down", "down")
        stage.routes.hold(on=True)
        swapped = many | {2: Route(prefix="10.2.0.0/16", pps=5.5)}
        await stage.tell(snapshot_of(swapped), later_s=9)
        assert stage.shown[:3] == [1, 2, 3]
        assert stage.line_with("10.2.0.0/16").split()[3] == "5.5"
        await stage.pilot._post_mouse_events([MouseScrollDown], "#routes", offset=(5, 2))
        await stage.pilot.click("#routes", offset=(5, 6))
        await stage.pilot.click("#heads", offset=(3, 0))
        await stage.settle()
        assert stage.routes.scroll_offset.y == 0
        assert stage.routes.selected == 2
        assert stage.routes.sort.column == "pps"
        stage.routes.hold(on=False)
        await stage.tell(snapshot_of(swapped), later_s=1)
        assert stage.shown[-1] == 2

    play(scenario)


def test_line_of_a_route_is_where_it_stands_on_the_screen() -> None:
    many = {n: Route(prefix=f"10.{n}.0.0/16", pps=1000 - n) for n in range(1, 101)}

    async def scenario(stage: Stage) -> None:
        await stage.tell(snapshot_of(many))
        await stage.press("end")
        line = stage.routes.line_of(99)
        assert line == stage.routes.size.height - 2
        assert "10.99.0.0/16" in stage.text()[stage.routes.region.y + line]
        assert stage.routes.line_of(1) is None, "it is above the screen"
        assert stage.routes.line_of(777) is None, "there is none"

    play(scenario)


def test_wanted_columns_come_and_go() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.tell(snapshot_of(THREE))
        assert "metric" not in stage.line_with("next hop")
        stage.routes.want_columns(frozenset({Column.NEXT_HOP, Column.PORT, Column.METRIC}))
        await stage.settle()
        assert "metric" in stage.line_with("next hop")
        stage.routes.want_columns(frozenset())
        await stage.settle()
        assert "metric" not in stage.line_with("next hop")

    play(scenario)


def test_h_and_l_sort_by_the_columns_beside() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.tell(snapshot_of(THREE))
        heads = []
        for key in ("l", "right", "h", "left", "left", "S", "s"):
            await stage.press(key)
            heads.append(stage.routes.sort.column)
        assert heads == ["bit/s", "p50", "bit/s", "pps", "port", "next hop", "port"]

    play(scenario)

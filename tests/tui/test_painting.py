"""What is painted and when: changed rows only, and every size."""

from typing import Any

import pytest

from ebtop.tui import row
from ebtop.tui.generated import GeneratedRouter
from ebtop.tui.widgets import route_list
from ebtop.tui.widgets.lines import Lines
from ebtop.tui.widgets.route_list import RouteList
from tests.tui.stage import THREE, Route, Stage, play, port_of, snapshot_of


def test_tick_without_change_paints_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(stage: Stage) -> None:
        await stage.tell(snapshot_of(THREE, ports=(port_of(0, "lan0"),)))
        displayed: list[object] = []
        monkeypatch.setattr(stage.app, "_display", lambda _, update: displayed.append(update))
        await stage.tell(snapshot_of(THREE, ports=(port_of(0, "lan0"),), tick=2))
        assert displayed == []
        # The probe sees a change: else it would prove nothing.
        await stage.tell(snapshot_of(THREE, ports=(port_of(0, "lan1"),), tick=3))
        assert displayed != []

    play(scenario, (80, 30))


def test_tick_repaints_only_rows_that_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    painted: list[tuple[str, int]] = []

    def spy(kind: type[RouteList | Lines]) -> None:
        stock = kind.render_line

        def render_line(widget: Any, y: int) -> Any:
            painted.append((widget.id, y))
            return stock(widget, y)

        monkeypatch.setattr(kind, "render_line", render_line)

    async def scenario(stage: Stage) -> None:
        await stage.tell(snapshot_of(THREE))
        spy(RouteList)
        spy(Lines)
        faster = THREE | {3: Route(prefix="192.168.0.0/16", pps=21, bps=6e6, p99_ns=900)}
        await stage.tell(snapshot_of(faster))
        assert sorted(painted) == [("detail", 0), ("routes", 1)], "a row and the sum of all rows"
        painted.clear()
        # A route that comes lays nothing out and moves no other row.
        more = faster | {4: Route(prefix="10.5.0.0/16")}
        await stage.tell(snapshot_of(more, structure=2))
        assert sorted(painted) == [("detail", 0), ("routes", 3)]

    play(scenario)


def test_million_routes_cost_what_is_on_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    formatted: list[int] = []

    def spy(snapshot: Any, route: int, columns: Any) -> Any:
        formatted.append(route)
        return stock(snapshot, route, columns)

    stock = row.format_row
    monkeypatch.setattr(route_list, "format_row", spy)
    router = GeneratedRouter(routes=1_000_000)

    async def scenario(stage: Stage) -> None:
        await stage.tell(router.tick())
        rows = stage.routes.size.height
        assert stage.routes.row_count > 950_000
        for act in ("tick", "end", "pageup", "tick"):
            formatted.clear()
            if act == "tick":
                await stage.tell(router.tick(), later_s=0.5)
            else:
                await stage.press(act)
            assert 0 < len(formatted) <= 2 * rows
        pps = router.tick().routes["pps"]
        await stage.press("home")
        assert stage.routes.selected == max(stage.shown[:50], key=lambda n: float(pps[n or 0]))

    play(scenario, (120, 40))


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (60, 16), (200, 50), (20, 5)])
def test_every_size_is_filled_and_nothing_overflows(size: tuple[int, int]) -> None:
    router = GeneratedRouter(routes=500, ports=6)

    async def scenario(stage: Stage) -> None:
        await stage.tell(router.tick())
        await stage.tell(router.tick())

        assert stage.text()[0].startswith(" ebtop")
        assert len(stage.text()) == size[1]
        if size >= (60, 16):
            columns = stage.routes.columns
            assert columns[-1].start + columns[-1].width <= size[0] - 1
            assert [placed.column for placed in columns][:2] == ["prefix", "next hop"]
            assert ("owner" in [placed.column for placed in columns]) == (size[0] >= 100)
            assert ("share" in [placed.column for placed in columns]) == (size[0] >= 200)
            assert stage.line_with("pps▼")

    play(scenario, size)


def test_resize_while_running() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.tell(snapshot_of(THREE))
        narrow = len(stage.routes.columns)
        await stage.pilot.resize_terminal(140, 40)
        await stage.settle()
        assert len(stage.routes.columns) > narrow
        assert stage.line_with("punt/s")
        await stage.pilot.resize_terminal(80, 24)
        await stage.settle()
        assert len(stage.routes.columns) == narrow

    play(scenario)

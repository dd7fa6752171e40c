"""The first screen on snapshots made by hand: what it says, shows, keeps and repaints."""

from typing import Any

import pytest
from textual.events import MouseScrollDown

from ebtop.model.format import MISSING
from ebtop.model.port import AttachKind, Mode, PortStatus, Reason
from ebtop.model.route import TABLE_LOCAL, RouteType
from ebtop.model.snapshot import RowState, Totals
from ebtop.model.verdict import Verdict
from ebtop.tui import row
from ebtop.tui.generated import GeneratedRouter
from ebtop.tui.widgets import route_list
from ebtop.tui.widgets.lines import Lines
from ebtop.tui.widgets.route_list import RouteList
from tests.tui.stage import Route, Stage, assert_looks_like, play, snapshot_of

THREE = {
    1: Route(prefix="10.0.0.0/8", pps=10, bps=9e6),
    2: Route(prefix="172.16.0.0/12", pps=30, bps=3e6, p99_ns=2500),
    3: Route(prefix="192.168.0.0/16", pps=20, bps=6e6, p99_ns=900),
}


def port(slot: int, name: str, **fields: Any) -> PortStatus:
    standard: dict[str, Any] = {
        "mode": Mode.FORWARD,
        "attach": AttachKind.NATIVE,
        "ifindex": slot + 2,
    }
    return PortStatus(slot=slot, name=name, **standard | fields)


def test_says_that_it_connects_until_a_snapshot_comes() -> None:
    async def scenario(stage: Stage) -> None:
        assert "connecting to the engine…" in stage.text()[0]
        await stage.tell(snapshot_of(THREE))

        assert "connecting" not in "\n".join(stage.text())

    play(scenario)


def test_header_tells_the_router_in_three_lines() -> None:
    reason = Reason("netfilter", "nftables hooks forward.", "Remove it.")
    ports = (port(0, "lan0"), port(1, "wan0", mode=Mode.OBSERVE, reasons=(reason,)))

    async def scenario(stage: Stage) -> None:
        totals = Totals(
            pps=2_000_000, bps=9.87e9, forwarded_pps=1_999_000, punted_pps=990, dropped_pps=10
        )
        snapshot = snapshot_of(THREE, ports=ports, totals=totals, loading="300k routes read")
        await stage.tell(snapshot)
        first, second, third = stage.text()[:3]

        assert "core1" in first
        assert "► FORWARD" in first
        assert "2 ports" in first
        assert "○ 1 observing: nftables hooks forward." in first
        assert "2.00M pps" in second
        assert "9.87Gbit/s" in second
        assert "█ forwarded >99.9%" in second
        assert "▒ punted <0.1%" in second
        assert "░ dropped <0.1%" in second
        assert "lease 2.0s" in third
        assert "300k routes read" in third

    play(scenario)


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"mode": Mode.BYPASS}, "■ BYPASS"),
        ({"mode": Mode.OBSERVE}, "○ OBSERVE"),
        ({"lease_s": -0.5}, "! lease expired: the kernel forwards"),
        ({"notices": ("Set a seed.", "Two.")}, "! (+1 more) Set a seed."),
        ({"totals": Totals()}, f"forwarded {MISSING}"),
        ({"reconciled_s": 75.0}, "compared with the kernel 1m15s ago"),
    ],
    ids=["bypass", "observe", "lease", "notices", "idle", "reconcile"],
)
def test_header_states(fields: dict[str, Any], text: str) -> None:
    async def scenario(stage: Stage) -> None:
        await stage.tell(snapshot_of(THREE, **fields))

        assert stage.line_with(text)

    play(scenario)


def test_table_formats_each_kind_of_route() -> None:
    routes = {
        1: Route(prefix="10.0.0.0/8", group=0, protocol=2),
        2: Route(prefix="10.1.0.0/16", group=2, pps=500, bps=4e6, p99_ns=1500),
        3: Route(prefix="10.2.0.0/16", group=3),
        4: Route(prefix="10.3.0.0/16", type=RouteType.BLACKHOLE),
        5: Route(prefix="2001:db8:aaaa:bbbb:cccc:dddd:eeee::/112", group=0),
        6: Route(prefix="10.4.0.0/16", group=99, protocol=250),
    }

    async def scenario(stage: Stage) -> None:
        await stage.tell(snapshot_of(routes))

        assert stage.line_with("10.0.0.0/8").split()[1:4] == ["connected", "lan0", "kernel"]
        line = stage.line_with("10.1.0.0/16")
        assert "192.0.2.1 +1" in line
        assert line.split()[-4:] == ["500", "4.00M", MISSING, "1.5µs"]
        assert "192.0.2.9!" in stage.line_with("10.2.0.0/16")
        assert "blackhole" in stage.line_with("10.3.0.0/16")
        assert stage.line_with("/112").startswith(" 2001:db8:aaaa:…/112")
        assert stage.line_with("10.4.0.0/16").split()[1:4] == [MISSING, MISSING, "250"]

    play(scenario)


def test_routes_that_carry_no_traffic_of_others_are_hidden() -> None:
    hidden = {
        4: Route(prefix="127.0.0.0/8", table=TABLE_LOCAL),
        5: Route(prefix="10.0.0.0/8", state=RowState.SHADOWED),
        6: Route(prefix="10.9.0.0/16", state=RowState.FREE),
    }

    async def scenario(stage: Stage) -> None:
        await stage.tell(snapshot_of(THREE | hidden))

        assert stage.shown == [2, 3, 1]
        assert stage.line_with("3 routes")

    play(scenario)


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
        await stage.tell(snapshot_of(swapped), later_s=0.2)
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
        await stage.tell(snapshot_of(sunk, structure=2), later_s=0.1)
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


def test_engine_gone_is_said_at_once_and_the_last_state_stays() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.tell(snapshot_of(THREE))
        stage.source.end("The engine (pid 1) was killed.")
        await stage.settle()

        assert "\N{MULTIPLICATION SIGN} ENGINE GONE (was forward)" in stage.text()[0]
        assert "The engine (pid 1) was killed. This is its last state." in stage.text()[3]
        assert "► FORWARD" not in stage.text()[0], "nobody knows that any more"
        await stage.press("down", "s")
        assert stage.routes.selected == 2
        assert stage.line_with("172.16.0.0/12")
        await stage.pilot.press("q")
        assert stage.app.return_code == 0

    play(scenario)


def test_engine_gone_before_its_first_snapshot() -> None:
    async def scenario(stage: Stage) -> None:
        stage.source.end("The engine refused:\x1b[2J no.")
        await stage.settle()

        assert "The engine refused:[2J no." in stage.text()[0]

    play(scenario)


def test_silent_engine_is_said_to_be_silent() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.tell(snapshot_of(THREE))
        stage.now_s += 5
        stage.screen.show_header()
        await stage.settle()
        assert "! SILENT for 5.0s" in stage.text()[0]
        await stage.tell(snapshot_of(THREE))
        assert "► FORWARD" in stage.text()[0]

    play(scenario)


def test_hostile_names_neither_move_cells_nor_become_markup() -> None:
    evil = "\x1b[31m[red]\u202ex\u200b\u0489端"
    ports = (port(0, evil), port(1, "[/]"))

    async def scenario(stage: Stage) -> None:
        reason = Reason("x", "[bold]\x9b why\u2066", "")
        observing = port(2, "lan0", mode=Mode.OBSERVE, reasons=(reason,))
        fields = {"host": evil, "notices": ("[link=x]\x07 notice\r\n",), "loading": "\x1b]0;x\x07"}
        names = {2: evil, 3: "[$error]"}
        await stage.tell(snapshot_of(THREE, ports=(*ports, observing), names=names, **fields))
        text = "\n".join(stage.text())

        assert not [c for c in text if c != "\n" and (ord(c) < 32 or c in "\x9b\u202e\u2066\u200b")]
        assert "[$error]" in stage.line_with("10.0.0.0/8")
        assert "[31m[red]x端" in stage.text()[0]
        assert "[link=x] notice" in text
        assert "[bold] why" in text
        widths = {strip.cell_length for strip in stage.screen._compositor.render_strips()}
        assert widths == {80}

    play(scenario)


def test_ports_say_why_they_do_not_forward() -> None:
    reason = Reason("netfilter", "nftables hooks forward.", "Remove it.")
    before = {int(Verdict.FORWARDED): 100, int(Verdict.PUNT_TTL): 5, 99: 0}
    after = {int(Verdict.FORWARDED): 900, int(Verdict.PUNT_TTL): 25, 99: 10}

    def ports(verdicts: dict[int, int]) -> tuple[PortStatus, ...]:
        observing = port(9, "wan9", mode=Mode.OBSERVE, reasons=(reason, reason))
        forwarding = port(0, "lan0", verdicts=verdicts, received=sum(verdicts.values()))
        return (forwarding, *(port(n, f"lan{n}") for n in range(1, 6)), observing)

    async def scenario(stage: Stage) -> None:
        await stage.tell(snapshot_of(THREE, ports=ports(before), taken_ns=10**9))
        assert "ttl" not in stage.line_with("lan0            ►")
        await stage.tell(snapshot_of(THREE, ports=ports(after), taken_ns=3 * 10**9))

        assert stage.line_with("lan0            ►").endswith("ttl 10, verdict 99 5")
        assert stage.line_with("wan9").endswith("nftables hooks forward. (+1)")
        assert stage.line_with("not forwarded, why").endswith("+3 ports")
        assert len(stage.text()) == 24
        # The engine attached again: its counters say nothing about these two seconds.
        await stage.tell(snapshot_of(THREE, ports=ports(before), taken_ns=5 * 10**9))
        assert "ttl" not in stage.line_with("lan0            ►")

    play(scenario)


def test_tick_without_change_paints_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(stage: Stage) -> None:
        await stage.tell(snapshot_of(THREE, ports=(port(0, "lan0"),)))
        displayed: list[object] = []
        monkeypatch.setattr(stage.app, "_display", lambda _, update: displayed.append(update))
        await stage.tell(snapshot_of(THREE, ports=(port(0, "lan0"),), tick=2))
        assert displayed == []
        # The probe sees a change: else it would prove nothing.
        await stage.tell(snapshot_of(THREE, ports=(port(0, "lan1"),), tick=3))
        assert displayed != []

    play(scenario)


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
        assert painted == [("routes", 1)]
        painted.clear()
        # A route that comes lays nothing out and moves no other row.
        more = faster | {4: Route(prefix="10.5.0.0/16")}
        await stage.tell(snapshot_of(more, structure=2))
        assert sorted(painted) == [("detail", 0), ("routes", 3)]

    play(scenario)


@pytest.mark.parametrize("size", [(80, 24), (200, 50)], ids=["80x24", "200x50"])
def test_million_routes_cost_what_is_on_screen(
    size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
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
                await stage.tell(router.tick(), later_s=0.1)
            else:
                await stage.press(act)
            assert 0 < len(formatted) <= 2 * rows
        pps = router.tick().routes["pps"]
        await stage.press("home")
        assert stage.routes.selected == max(stage.shown[:50], key=lambda n: float(pps[n or 0]))

    play(scenario, size)


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
            assert "share" in [placed.column for placed in columns] or size[0] < 100
            assert stage.line_with("pps▼")

    play(scenario, size)


def test_resize_while_running() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.tell(snapshot_of(THREE))
        narrow = len(stage.routes.columns)
        await stage.pilot.resize_terminal(140, 40)
        await stage.settle()
        assert len(stage.routes.columns) > narrow
        assert stage.line_with("share")
        await stage.pilot.resize_terminal(80, 24)
        await stage.settle()
        assert len(stage.routes.columns) == narrow

    play(scenario)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
def test_picture_of_a_busy_router(size: tuple[int, int]) -> None:
    router = GeneratedRouter(routes=800, ports=5)

    async def scenario(stage: Stage) -> None:
        for _ in range(3):
            await stage.tell(router.tick())
        await stage.press("down", "down")

        assert stage.routes.selected == stage.shown[1]
        assert stage.line_with("○ observe")
        assert_looks_like(stage, f"routes-{size[0]}x{size[1]}")

    play(scenario, size)


def test_picture_of_a_lost_engine() -> None:
    router = GeneratedRouter(routes=800, ports=2)

    async def scenario(stage: Stage) -> None:
        await stage.tell(router.tick())
        stage.source.end("The engine (pid 4711) was killed.")
        await stage.settle()

        assert "ENGINE GONE" in stage.text()[0]
        assert_looks_like(stage, "engine-gone-80x24")

    play(scenario)

"""What the first screen says of router, routes and ports, on snapshots made by hand."""

from typing import Any

import pytest

from ebtop.model.format import MISSING
from ebtop.model.port import Mode, PortStatus, Reason
from ebtop.model.route import TABLE_LOCAL, RouteType
from ebtop.model.snapshot import RowState, Totals
from ebtop.model.verdict import Verdict
from tests.tui.stage import THREE, Route, Stage, play, port_of, snapshot_of


def test_says_that_it_connects_until_a_snapshot_comes() -> None:
    async def scenario(stage: Stage) -> None:
        assert "connecting to the engine…" in stage.text()[0]
        await stage.tell(snapshot_of(THREE))

        assert "connecting" not in "\n".join(stage.text())

    play(scenario)


def test_header_tells_the_router_in_three_lines() -> None:
    reason = Reason("netfilter", "nftables hooks forward.", "Remove it.")
    ports = (port_of(0, "lan0"), port_of(1, "wan0", mode=Mode.OBSERVE, reasons=(reason,)))

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
        assert line.split()[-5:] == ["500", "4.00M", MISSING, "1.5µs", "0"]
        assert "192.0.2.9!" in stage.line_with("10.2.0.0/16")
        assert "blackhole" in stage.line_with("10.3.0.0/16")
        assert stage.line_with("…/112").startswith(" 2001:db8:aaaa:")
        assert stage.line_with("10.4.0.0/16").split()[1:4] == [MISSING, MISSING, "250"]

    play(scenario, (100, 24))


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


@pytest.mark.parametrize(
    ("width", "legend"),
    [
        (80, "█ forwarded 90.0%  ▒ punted 10.0%  ░ dropped 0%"),
        (60, "█ 90.0%  ▒ 10.0%  ░ 0%"),
        (48, "█ 90.0%  ▒ 10.0%  ░ 0%"),
    ],
)
def test_shares_lose_their_words_before_one_of_them_is_cut(width: int, legend: str) -> None:
    async def scenario(stage: Stage) -> None:
        await stage.tell(snapshot_of(THREE))
        assert stage.text()[1].endswith(legend)

    play(scenario, (width, 24))


def test_engine_gone_is_said_at_once_and_the_last_state_stays() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.tell(snapshot_of(THREE))
        stage.source.end("The engine (pid 1) was killed.")
        await stage.settle()

        assert "\N{MULTIPLICATION SIGN} ENGINE GONE: the kernel forwards" in stage.text()[0]
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
    ports = (port_of(0, evil), port_of(1, "[/]"))

    async def scenario(stage: Stage) -> None:
        reason = Reason("x", "[bold]\x9b why\u2066", "")
        observing = port_of(2, "lan0", mode=Mode.OBSERVE, reasons=(reason,))
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
        observing = port_of(9, "wan9", mode=Mode.OBSERVE, reasons=(reason, reason))
        forwarding = port_of(0, "lan0", verdicts=verdicts, received=sum(verdicts.values()))
        return (forwarding, *(port_of(n, f"lan{n}") for n in range(1, 6)), observing)

    async def scenario(stage: Stage) -> None:
        await stage.tell(snapshot_of(THREE, ports=ports(before), taken_ns=10**9))
        assert "ttl" not in stage.line_with("lan0            ►")
        await stage.tell(snapshot_of(THREE, ports=ports(after), taken_ns=3 * 10**9))

        assert stage.line_with("lan0            ►").endswith("ttl 10, verdict 99 5")
        assert stage.line_with("wan9").endswith("nftables hooks forward. (+1)")
        assert stage.line_with("not forwarded, why").endswith("+2 ports")
        assert len(stage.text()) == 30
        # The engine attached again: its counters say nothing about these two seconds.
        again = {int(Verdict.FORWARDED): 10, int(Verdict.PUNT_TTL): 60}
        await stage.tell(snapshot_of(THREE, ports=ports(again), taken_ns=5 * 10**9))
        assert "ttl" not in stage.line_with("lan0            ►")

    play(scenario, (80, 30))

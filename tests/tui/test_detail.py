"""A route in full: what it says, what it does when the route goes, and the way back."""

from dataclasses import replace

import numpy as np
import pytest

from ebtop.model.format import MISSING
from ebtop.model.histogram import BUCKETS, bucket
from ebtop.model.neighbour import Neighbour, NeighbourState
from ebtop.model.port import AttachKind
from ebtop.model.prefix import parse_address
from ebtop.model.route import TABLE_LOCAL, Nexthop, NexthopGroup, RouteType
from ebtop.model.snapshot import HISTORY_SAMPLES, RowState, Snapshot
from ebtop.tui.messages import RouteOpened
from ebtop.tui.paint import width_of
from ebtop.tui.relatives import SHOWN_COVERED, find_relatives
from ebtop.tui.views.detail import DetailView
from ebtop.tui.widgets.scroll_lines import ScrollLines
from tests.tui.stage import Route, Stage, play, port_of, snapshot_of

WAN_GATEWAY, LAN_GATEWAY = parse_address("192.0.2.1"), parse_address("2001:db8::1")
NEIGHBOURS = {
    (3, WAN_GATEWAY): Neighbour(
        3, WAN_GATEWAY, bytes.fromhex("020000000001"), NeighbourState.REACHABLE
    ),
    (2, LAN_GATEWAY): Neighbour(2, LAN_GATEWAY, b"", NeighbourState.FAILED),
}
ROUTES = {
    1: Route(prefix="10.0.0.0/8", pps=100, bps=8e6, group=2, born=7),
    2: Route(prefix="10.1.0.0/16", pps=30),
    3: Route(prefix="0.0.0.0/0", pps=5),
    4: Route(prefix="10.0.0.0/8", state=RowState.SHADOWED),
    5: Route(prefix="198.51.100.0/24", type=RouteType.BLACKHOLE),
    6: Route(prefix="10.9.0.1/32", table=TABLE_LOCAL, type=RouteType.LOCAL),
}


def detailed(tick: int = 1, routes: dict[int, Route] = ROUTES, **fields: object) -> Snapshot:
    """A snapshot in which route 1 has all that a route can have."""
    snapshot = snapshot_of(
        routes, taken_ns=tick * 500_000_000, tick=tick, neighbours=NEIGHBOURS, **fields
    )
    table = snapshot.routes
    table["metric"][4:5] = 200
    table["drops"][5:6] = 1000 * tick
    if 1 in routes:
        own = {"packets": 5000, "bytes": 640_000, "punts": 12, "latency_row": 65, "history_row": 1}
        for name, value in own.items():
            table[name][1] = value
    latency = np.zeros((66, BUCKETS), dtype=np.uint64)
    latency[65, bucket(1500)], latency[65, bucket(9000)] = 995, 5
    history = np.full((2, HISTORY_SAMPLES), 250, dtype=np.float32)
    return replace(snapshot, latency=latency, history=history)


def detail_of(stage: Stage) -> DetailView:
    view = stage.screen.view
    assert isinstance(view, DetailView)
    return view


def lines_of(stage: Stage) -> list[str]:
    """All lines of the view, on the screen or below it."""
    shown = detail_of(stage).query_one(ScrollLines).lines
    return ["".join(text for text, _ in line).rstrip() for line in shown]


def line_with(stage: Stage, word: str) -> str:
    return next(line for line in lines_of(stage) if word in line)


async def open_route(stage: Stage, route: int = 1, born: int = 7) -> None:
    stage.screen.post_message(RouteOpened(route, born))
    await stage.settle()


def test_next_hops_have_mac_state_and_share() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.tell(detailed())
        await open_route(stage)
        good, bad = line_with(stage, "192.0.2.1"), line_with(stage, "2001:db8::1")
        assert good.split() == ["192.0.2.1", "wan0", "02:00:00:00:00:01", "reachable", "50.0%"]
        assert bad.split() == ["!", "2001:db8::1", "lan0", MISSING, "failed", "50.0%"]
        assert line_with(stage, "does not answer")

    play(scenario)


def test_a_dead_next_hop_gets_nothing_and_says_why() -> None:
    members = (
        Nexthop(3, WAN_GATEWAY, weight=3),
        Nexthop(2, LAN_GATEWAY, flags=1),
        Nexthop(3, parse_address("192.0.2.2"), flags=17),
        Nexthop(2),
    )

    async def scenario(stage: Stage) -> None:
        await stage.tell(
            detailed(groups=(*[NexthopGroup(0, (Nexthop(2),))] * 2, NexthopGroup(0, members)))
        )
        await open_route(stage)
        assert line_with(stage, "192.0.2.1").split()[-2:] == ["3", "75.0%"]
        assert line_with(stage, "connected").split()[-2:] == ["1", "25.0%"]
        assert line_with(stage, "2001:db8::1").split()[-1] == "0%"
        assert line_with(stage, "192.0.2.2").split()[-1] == "0%"
        assert line_with(stage, "the port is down")
        assert line_with(stage, "no carrier")

    play(scenario)


def test_counters_stand_with_their_rates() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.tell(detailed())
        await open_route(stage)
        assert line_with(stage, "forwarded").split()[1:] == ["100", "8.00M", "5.00k", "640k"]
        assert line_with(stage, "punted").split()[1:4] == ["0", MISSING, "12"]
        assert "9" in line_with(stage, "next-hop object")
        await open_route(stage, 5, 1)
        assert line_with(stage, "   dropped ").split()[1:] == [MISSING, MISSING, "1.00k", MISSING]
        await stage.tell(detailed(2))
        assert line_with(stage, "   dropped ").split()[1:] == ["2.00k", MISSING, "2.00k", MISSING]
        assert line_with(stage, "dropped without an answer")

    play(scenario)


def test_latency_has_percentiles_a_bound_and_a_histogram() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.tell(detailed())
        await open_route(stage)
        assert "p50 1.5µs  p90 1.5µs  p99 1.5µs  p99.9 9.2µs  max ≤9.2µs" in line_with(stage, "p50")
        assert "1.00k packets" in line_with(stage, "latency histogram")
        assert "99.5%" in line_with(stage, "p50 p90 p99")
        assert any("12.5 % wide" in line for line in lines_of(stage))

    play(scenario)


@pytest.mark.parametrize(
    ("attach", "said"),
    [(AttachKind.NATIVE, "Not measured yet"), (AttachKind.GENERIC, "n/a: generic XDP")],
)
def test_a_route_without_a_histogram_says_why(attach: AttachKind, said: str) -> None:
    async def scenario(stage: Stage) -> None:
        await stage.tell(detailed(ports=(port_of(0, "lan0", attach=attach),)))
        await open_route(stage, 2, 1)
        assert line_with(stage, said)
        assert line_with(stage, "Not kept yet"), "nor has it a history"

    play(scenario)


def test_the_rate_of_five_minutes_is_a_chart() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.tell(detailed())
        await open_route(stage)
        assert "at most 250" in line_with(stage, " rate ")
        assert line_with(stage, "300 ┤")
        assert line_with(stage, "-5m00s").endswith("now")

    play(scenario)


def test_the_prefixes_around_it() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.tell(detailed())
        await open_route(stage)
        lines = lines_of(stage)
        rival, covering, covered = (
            next(number for number, line in enumerate(lines) if line.startswith(head))
            for head in (" also for this prefix", " covered by", " covers 1 route")
        )
        assert lines[rival + 1].split() == ["10.0.0.0/8", "192.0.2.1", "wan0", "200"]
        assert lines[covering + 1].split()[0] == "0.0.0.0/0"
        assert lines[covered + 1].split()[0] == "10.1.0.0/16"
        assert len(lines) == covered + 2, "the kernel's local table is left out"

    play(scenario)


def test_covering_routes_are_the_longest_first_and_of_covered_ones_the_first_are_shown() -> None:
    routes = {
        1: Route(prefix="10.0.0.0/8"),
        2: Route(prefix="::/0"),
        3: Route(prefix="10.0.0.0/12"),
        4: Route(prefix="0.0.0.0/0"),
        5: Route(prefix="10.0.0.0/16"),
    }
    inner = [f"10.0.{third}.0/24" for third in range(200)]
    order = np.random.default_rng(3).permutation(len(inner))
    routes |= {10 + int(place): Route(prefix=inner[number]) for number, place in enumerate(order)}
    snapshot = snapshot_of(routes)
    relatives = find_relatives(snapshot, 5)
    assert relatives.covering == (3, 1, 4)
    assert relatives.covered_count == len(inner)
    assert relatives.covered == tuple(10 + int(place) for place in order[:SHOWN_COVERED])


@pytest.mark.parametrize("prefix", ["203.0.113.0/24", "10.0.0.0/8"], ids=["other", "again"])
def test_it_follows_the_route_and_keeps_its_last_state_when_it_goes(prefix: str) -> None:
    async def scenario(stage: Stage) -> None:
        await stage.tell(detailed())
        await open_route(stage)
        await stage.tell(detailed(2, ROUTES | {1: replace(ROUTES[1], pps=555)}))
        assert "555 pps" in lines_of(stage)[0]
        other = replace(ROUTES[1], prefix=prefix, born=8, pps=9)
        await stage.tell(detailed(3, ROUTES | {1: other}, structure=2))
        assert "10.0.0.0/8 has gone" in lines_of(stage)[0]
        assert line_with(stage, "forwarded").split()[1] == "555"
        assert not any("203.0.113.0" in line for line in lines_of(stage))
        await stage.pilot.resize_terminal(120, 40)
        await stage.settle()
        assert line_with(stage, "forwarded").split()[1] == "555"

    play(scenario)


def test_a_new_engine_gives_the_id_to_another_route() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.tell(detailed())
        await open_route(stage)
        other = replace(ROUTES[1], prefix="203.0.113.0/24")
        await stage.tell(detailed(2, ROUTES | {1: other}, structure=2, owner="pid 2"))
        assert "10.0.0.0/8 has gone" in lines_of(stage)[0]

    play(scenario)


@pytest.mark.parametrize("key", ["escape", "backspace", "h"])
def test_back_to_the_same_place(key: str) -> None:
    many = {number: Route(prefix=f"10.{number}.0.0/16", pps=number) for number in range(1, 90)}

    async def scenario(stage: Stage) -> None:
        await stage.tell(snapshot_of(many))
        await stage.press(*["down"] * 30)
        await stage.press("up", "up")
        before = stage.routes.choice, stage.routes.scroll_offset, stage.text()[4:]
        await open_route(stage, *stage.routes.choice)
        await stage.tell(snapshot_of(many))
        assert lines_of(stage)
        await stage.press("j", key)
        assert stage.app.focused is stage.routes
        assert (stage.routes.choice, stage.routes.scroll_offset, stage.text()[4:]) == before

    play(scenario)


def test_a_frozen_route_can_be_looked_into() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.tell(detailed())
        await stage.press("space")
        stage.source.push(detailed(2, ROUTES | {1: replace(ROUTES[1], pps=555)}))
        await stage.settle()
        await open_route(stage)
        assert "100 pps" in lines_of(stage)[0]
        assert line_with(stage, "p50 1.5µs")

    play(scenario)


def test_the_text_scrolls_and_opens_at_its_top() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.tell(detailed())
        await open_route(stage)
        await stage.press("G")
        assert "10.1.0.0/16" in stage.text()[-2]
        await stage.press("escape")
        await open_route(stage, 2, 1)
        assert "10.1.0.0/16" in stage.text()[3]

    play(scenario, (60, 16))


@pytest.mark.parametrize("size", [(60, 16), (80, 24), (120, 40), (200, 60)])
def test_no_line_is_longer_than_the_screen(size: tuple[int, int]) -> None:
    async def scenario(stage: Stage) -> None:
        await stage.tell(detailed(names={2: "l" * 15, 3: "\N{FULLWIDTH LATIN SMALL LETTER W}" * 7}))
        for route, born in ((1, 7), (2, 1), (5, 1)):
            await open_route(stage, route, born)
            view = detail_of(stage).query_one(ScrollLines)
            assert max(map(width_of, view.lines)) <= view.room

    play(scenario, size)


def test_names_from_outside_are_made_safe() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.tell(detailed(names={2: "[red]x\x1b[2J", 3: "wan0"}))
        await open_route(stage)
        assert "[red]x[2J" in line_with(stage, "2001:db8::1")

    play(scenario)

"""A stage for the screen: a clock that stands still, snapshots made by hand, stored pictures."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from difflib import unified_diff
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
from textual.pilot import Pilot

from ebtop.model.port import AttachKind, Mode, PortStatus
from ebtop.model.prefix import parse_address, parse_prefix
from ebtop.model.route import TABLE_MAIN, Nexthop, NexthopGroup, RouteType
from ebtop.model.snapshot import RowState, Snapshot, Totals, empty_table
from ebtop.tui.app import EbtopApp
from ebtop.tui.recorded import RecordedSource
from ebtop.tui.screens.main import MainScreen
from ebtop.tui.themes import LIGHT
from ebtop.tui.widgets.route_list import RouteList
from tests.tui.pictures.cells import read_runs
from tests.tui.pictures.svg import format_svg

SNAPSHOTS = Path(__file__).parent / "snapshots"
GROUPS = (
    NexthopGroup(0, (Nexthop(2),)),
    NexthopGroup(0, (Nexthop(3, parse_address("192.0.2.1")),)),
    NexthopGroup(
        9, (Nexthop(3, parse_address("192.0.2.1")), Nexthop(2, parse_address("2001:db8::1")))
    ),
    NexthopGroup(0, (Nexthop(3, parse_address("192.0.2.9"), flags=1),)),
)


@dataclass(frozen=True, kw_only=True)
class Route:
    """One row of a table made by hand; `live` goes over the live columns by name."""

    prefix: str
    pps: float = 0.0
    group: int = 1
    type: RouteType = RouteType.UNICAST
    state: RowState = RowState.BEST
    table: int = TABLE_MAIN
    protocol: int = 186
    born: int = 1
    bps: float = 0.0
    p99_ns: float = float("nan")


THREE = {
    1: Route(prefix="10.0.0.0/8", pps=10, bps=9e6),
    2: Route(prefix="172.16.0.0/12", pps=30, bps=3e6, p99_ns=2500),
    3: Route(prefix="192.168.0.0/16", pps=20, bps=6e6, p99_ns=900),
}


def port_of(slot: int, name: str, **fields: Any) -> PortStatus:
    standard: dict[str, Any] = {
        "mode": Mode.FORWARD,
        "attach": AttachKind.NATIVE,
        "ifindex": slot + 2,
    }
    return PortStatus(slot=slot, name=name, **standard | fields)


def snapshot_of(routes: dict[int, Route], **fields: Any) -> Snapshot:
    """A snapshot whose routes stand under the given ids."""
    table = empty_table(max(routes, default=0) + 1)
    for number, route in routes.items():
        prefix = parse_prefix(route.prefix)
        for name in ("family", "high", "low", "length"):
            table[name][number] = getattr(prefix, name)
        for name in ("pps", "group", "type", "state", "table", "protocol", "born", "bps", "p99_ns"):
            table[name][number] = getattr(route, name)
    table["p50_ns"][:] = np.float32("nan")
    standard: dict[str, Any] = {
        "host": "core1",
        "owner": "pid 1, ebtop run",
        "tick": 1,
        "taken_ns": 1,
        "mode": Mode.FORWARD,
        "lease_s": 2.0,
        "structure": 1,
        "totals": Totals(pps=1000.0, bps=8e6, forwarded_pps=900.0, punted_pps=100.0),
        "groups": GROUPS,
        "names": {2: "lan0", 3: "wan0"},
        "routes": table,
    }
    return Snapshot(**standard | fields)


class Stage:
    """The running app, and what a test does with it."""

    def __init__(self, source: RecordedSource, app: EbtopApp, pilot: Pilot[None]) -> None:
        self.source = source
        self.app = app
        self.pilot = pilot
        self.now_s = 100.0

    @property
    def screen(self) -> MainScreen:
        screen = self.app.screen_stack[0]
        assert isinstance(screen, MainScreen)
        return screen

    @property
    def routes(self) -> RouteList:
        return self.screen.query_one(RouteList)

    @property
    def shown(self) -> list[int | None]:
        """Route ids from the top of the table."""
        return [self.routes.route_at(row) for row in range(self.routes.row_count)]

    async def settle(self) -> None:
        """Returns when no sort and no message is under way."""
        await self.pilot.pause()
        await self.app.workers.wait_for_complete()
        await self.pilot.pause()

    async def tell(self, snapshot: Snapshot, *, later_s: float = 0.5) -> None:
        """Moves the clock, pushes the snapshot and returns when it is on the screen."""
        self.now_s += later_s
        self.source.push(snapshot)
        async with asyncio.timeout(20):
            while self.app.feed.snapshot is not snapshot:
                await self.pilot.pause()
        await self.settle()

    async def resize(self, size: tuple[int, int]) -> None:
        """Gives the terminal another size, if it has another one."""
        if self.app.size != size:
            await self.pilot.resize_terminal(*size)
            await self.settle()

    async def press(self, *keys: str) -> None:
        """Presses keys and returns when their effects are on the screen."""
        await self.pilot.press(*keys)
        await self.settle()

    def text(self) -> list[str]:
        """The screen's lines."""
        strips = self.screen._compositor.render_strips()
        return ["".join(segment.text for segment in strip).rstrip() for strip in strips]

    def line_with(self, word: str) -> str:
        """The first line of the screen that holds the word."""
        lines = [line for line in self.text() if word in line]
        assert lines, f"{word!r} is not on the screen:\n" + "\n".join(self.text())
        return lines[0]


class Theme(StrEnum):
    """What a terminal's colours can be like."""

    DARK = "dark"
    LIGHT = "light"
    MONO = "mono"  # the operator set NO_COLOR


def play(
    scenario: Callable[[Stage], Awaitable[None]],
    size: tuple[int, int] = (80, 24),
    theme: Theme = Theme.DARK,
) -> None:
    """Runs a scenario against a real app without a terminal."""

    async def run() -> None:
        source = RecordedSource()
        stages: list[Stage] = []
        app = _make_app(source, lambda: stages[0].now_s if stages else 100.0, theme)
        try:
            async with app.run_test(size=size) as pilot:
                stages.append(Stage(source, app, pilot))
                await stages[0].settle()
                await scenario(stages[0])
        finally:
            source.close()

    asyncio.run(run())


def _make_app(source: RecordedSource, clock_s: Callable[[], float], theme: Theme) -> EbtopApp:
    """A picture is the same wherever it is taken: the environment has no say."""
    os.environ.pop("NO_COLOR", None)
    if theme is Theme.MONO:
        os.environ["NO_COLOR"] = "1"
    try:
        app = EbtopApp(source, clock_s=clock_s)
    finally:
        os.environ.pop("NO_COLOR", None)
    if theme is Theme.LIGHT:
        app.theme = LIGHT
    return app


def assert_looks_like(stage: Stage, name: str) -> None:
    """Compares every cell (text, place, colours, weight) with the stored picture.

    EBTOP_UPDATE_SNAPSHOTS=1 stores what is on the screen instead.
    """
    picture = format_svg(read_runs(stage.app))
    path = SNAPSHOTS / f"{name}.svg"
    if os.environ.get("EBTOP_UPDATE_SNAPSHOTS") == "1":
        path.parent.mkdir(exist_ok=True)
        path.write_text(picture)
    assert path.exists(), f"no picture {path}: set EBTOP_UPDATE_SNAPSHOTS=1 and look at it"
    differences = list(unified_diff(path.read_text().splitlines(), picture.splitlines(), n=0))
    assert not differences, "\n".join(
        [f"{path} looks otherwise now; if it shall, set EBTOP_UPDATE_SNAPSHOTS=1:", *differences]
    )

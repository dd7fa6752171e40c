"""How many bytes a tick may take on its way to the terminal."""

import asyncio
import os
from collections.abc import Iterator

import pytest
from textual.pilot import Pilot

from ebtop.model.snapshot import Snapshot
from ebtop.tui.app import EbtopApp
from ebtop.tui.columns import Column, natural_sort
from ebtop.tui.recorded import RecordedSource
from ebtop.tui.widgets.route_list import RouteList
from tests.tui.calm_router import CalmRouter
from tests.tui.emulator import capturing_driver

TICKS = 8


class Screen:
    """The screen on a router of which a part changes at a tick, and the bytes that it sends."""

    def __init__(self) -> None:
        self.router = CalmRouter(routes=20_000)
        self.source = RecordedSource()
        self.now_s = 100.0
        self.written: list[str] = []
        self.app = EbtopApp(self.source, clock_s=lambda: self.now_s)
        self.app.driver_class = capturing_driver(self.written)

    async def settle(self, pilot: Pilot[None]) -> None:
        """Returns when nothing is left to be done."""
        await pilot.pause()
        await self.app.workers.wait_for_complete()
        await pilot.pause()

    async def tell(self, pilot: Pilot[None], snapshot: Snapshot) -> int:
        """Shows a snapshot; the bytes that it took."""
        self.now_s += 0.5
        self.source.push(snapshot)
        async with asyncio.timeout(20):
            while self.app.feed.snapshot is not snapshot:
                await pilot.pause()
        await self.settle(pilot)
        return self.take()

    def take(self) -> int:
        """Bytes written since the last time."""
        size = sum(len(text.encode()) for text in self.written)
        self.written.clear()
        return size


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Iterator[Screen]:
    for name, value in (("TERM", "xterm-256color"), ("COLORTERM", "truecolor")):
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "TEXTUAL_COLOR_SYSTEM" not in os.environ
    made = Screen()
    yield made
    made.source.close()


@pytest.mark.parametrize(
    ("columns", "rows", "start_bytes", "tick_bytes"),
    [(140, 54, 35_000, 3000), (80, 24, 35_000, 1000)],
)
def test_tick_takes_few_bytes(
    screen: Screen, columns: int, rows: int, start_bytes: int, tick_bytes: int
) -> None:
    async def run() -> tuple[int, list[int]]:
        async with screen.app.run_test(headless=False, size=(columns, rows)) as pilot:
            await screen.settle(pilot)
            first = await screen.tell(pilot, screen.router.tick())
            # In this order no row moves, whatever changes in it.
            screen.app.screen.query_one(RouteList).sort_by(natural_sort(Column.PREFIX))
            await screen.settle(pilot)
            screen.take()
            return first, [await screen.tell(pilot, screen.router.tick()) for _ in range(TICKS)]

    start, sizes = asyncio.run(run())

    assert 0 < start < start_bytes
    assert all(0 < size <= tick_bytes for size in sizes), sizes


def test_nothing_new_takes_no_byte(screen: Screen) -> None:
    async def run() -> int:
        async with screen.app.run_test(headless=False, size=(140, 54)) as pilot:
            await screen.settle(pilot)
            await screen.tell(pilot, screen.router.tick())
            screen.app.refresh(layout=True)
            await screen.settle(pilot)
            return screen.take()

    assert asyncio.run(run()) == 0

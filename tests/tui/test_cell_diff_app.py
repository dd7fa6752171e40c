"""Whatever happens on the screen, the terminal shows what Textual itself would have shown."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from textual import events, messages
from textual.pilot import Pilot

from ebtop.tui.terminal import textual_private as private
from tests.tui.cell_diff_app import THEMES, Dialog, TwiceApp
from tests.tui.emulator import capturing_driver
from tests.tui.small_app import SmallApp

STEPS = 40


async def resize(app: TwiceApp, pilot: Pilot[Any], columns: int, rows: int) -> None:
    """Another size; the terminal garbles what it showed."""
    app.stock.resize(columns, rows)
    app.ours.resize(columns, rows)
    app.ours.feed("\x1b[H" + "garbage" * columns)
    await pilot.resize_terminal(columns, rows)


async def take_step(app: TwiceApp, pilot: Pilot[Any], dice: random.Random) -> None:
    """One of the things that happen on a screen."""
    modal = len(app.screen_stack) > 1
    steps: dict[str, Any] = {
        "tick": app.lines.tick,
        "scroll": lambda: app.scroller.scroll_to(y=dice.randrange(40), animate=False),
        "keys": lambda: pilot.press(*dice.choices(("a", "left", "backspace", "tab", "字"), k=3)),
        "theme": lambda: setattr(app, "theme", dice.choice(THEMES)),
        "refresh": app.refresh,
        "modal": lambda: app.pop_screen() if modal else app.push_screen(Dialog()),
        "palette": lambda: pilot.press("escape" if modal else "ctrl+p"),
        "resize": lambda: resize(app, pilot, dice.randint(20, 90), dice.randint(5, 30)),
        "mouse": lambda: pilot.hover(offset=(dice.randrange(20), dice.randrange(5))),
    }
    chosen = dice.choice([*steps, *["tick"] * 6, "scroll", "keys"])
    done = steps[chosen]()
    if asyncio.iscoroutine(done):
        await done
    await pilot.pause()


def play(seed: int) -> TwiceApp:
    """Runs the app through random steps; raises at the first cell that differs."""
    dice = random.Random(seed)  # noqa: S311  no secret

    async def run() -> TwiceApp:
        app = TwiceApp(dice, 80, 24)
        async with app.run_test(headless=False, size=(80, 24)) as pilot:
            await pilot.pause()
            for _ in range(STEPS):
                await take_step(app, pilot, dice)
        return app

    return asyncio.run(run())


@pytest.mark.parametrize("seed", range(3))
def test_terminal_shows_what_textual_would_have_shown(seed: int) -> None:
    app = play(seed)

    assert not app.different
    assert app.painter is not None
    assert app.frames > STEPS
    assert app.ours_size < app.stock_size / 2


def test_unknown_textual_paints_as_it_always_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(private, "version", lambda _: "9.0.0")
    app = play(0)

    assert not app.different
    assert app.painter is None
    assert app.ours_size >= app.stock_size


def run_small(scenario: Callable[[SmallApp, Pilot[None]], Awaitable[None]]) -> str:
    """What a small app writes while a scenario is played with it."""
    written: list[str] = []

    async def run() -> None:
        app = SmallApp()
        app.driver_class = capturing_driver(written)
        async with app.run_test(headless=False, size=(80, 24)) as pilot:
            await pilot.pause()
            written.clear()
            await scenario(app, pilot)
            await pilot.pause()

    asyncio.run(run())
    return "|".join(written)


def test_resize_to_the_same_size_paints_anew() -> None:
    """A terminal that was made smaller and large again has lost what it showed."""

    async def scenario(app: SmallApp, pilot: Pilot[None]) -> None:
        app.post_message(events.Resize(app.size, app.size))
        await pilot.pause()

    assert "counted 0" in run_small(scenario)


def test_frame_is_one_write_that_is_shown_at_once() -> None:
    async def scenario(app: SmallApp, pilot: Pilot[None]) -> None:
        app.post_message(messages.TerminalSupportsSynchronizedOutput())
        await pilot.pause()
        await pilot.press("c")

    frames = [text for text in run_small(scenario).split("|") if "1" * 80 in text]

    assert len(frames) == 1
    assert frames[0].startswith("\x1b[?2026h")
    assert frames[0].endswith("\x1b[?2026l")

"""Whatever happens on the screen, the terminal shows what Textual itself would have shown."""

import asyncio
import random
from typing import Any

import pytest
from textual.pilot import Pilot

from ebtop.tui.terminal import textual_private as private
from tests.tui.cell_diff_app import THEMES, Dialog, TwiceApp

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

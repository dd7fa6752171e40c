"""When the terminal counts as behind, and when it is asked."""

import asyncio

import pytest
from textual import events
from textual._compositor import ChopsUpdate

from ebtop.tui.terminal.pace import QUESTION, Pace
from tests.tui.clock import Clock
from tests.tui.emulator import capturing_driver
from tests.tui.small_app import SmallApp

FRAME = "x" * 1000


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pace(clock: Clock) -> Pace:
    """Of a terminal that has answered once."""
    made = Pace(clock)
    made.send(FRAME)
    made.answer()
    return made


def test_question_goes_with_a_frame_one_at_a_time(pace: Pace) -> None:
    assert pace.send(FRAME) == FRAME + QUESTION
    assert pace.send(FRAME) == FRAME
    pace.answer()
    assert pace.send(FRAME) == FRAME + QUESTION


def test_small_change_is_not_asked_about(pace: Pace) -> None:
    assert pace.send("x") == "x"
    assert not pace.is_behind


def test_terminal_is_behind_until_it_answers(pace: Pace) -> None:
    pace.send(FRAME)
    assert pace.is_behind
    pace.answer()
    assert not pace.is_behind


def test_line_is_full_after_some_frames(pace: Pace) -> None:
    for _ in range(4):
        assert not pace.is_full
        pace.send(FRAME)
    assert not pace.is_full
    pace.send(FRAME)
    assert pace.is_full
    pace.answer()
    assert not pace.is_full


def test_terminal_that_never_answers_is_never_behind_and_asked_once(clock: Clock) -> None:
    pace = Pace(clock)
    assert pace.send(FRAME) == FRAME + QUESTION
    for _ in range(9):
        clock.now_s += 1
        assert pace.send(FRAME) == FRAME
        assert not pace.is_behind
        assert not pace.is_full


def test_lost_answer_holds_nothing_up_for_ever(pace: Pace, clock: Clock) -> None:
    pace.send(FRAME * 9)
    assert pace.is_full
    clock.now_s += 11
    assert not pace.is_full
    assert pace.send(FRAME) == FRAME + QUESTION


def test_held_frames_become_one_that_shows_the_last_state() -> None:
    written: list[str] = []

    async def run() -> tuple[str, str]:
        app = SmallApp()
        app.driver_class = capturing_driver(written)
        async with app.run_test(headless=False, size=(80, 24)) as pilot:
            await pilot.pause()
            assert app.painter is not None
            app.painter.pace.answer()
            app.painter.pace.send(FRAME * 5)
            written.clear()
            await pilot.press("c", "c", "c")
            held = "".join(written)
            assert app.writer_is_busy
            app.post_message(events.CursorPosition(0, 0))
            async with asyncio.timeout(20):
                while app.painter.is_held:
                    await pilot.pause()
            return held, "".join(written)

    held, shown = asyncio.run(run())

    assert held == ""
    assert "3" * 80 in shown
    assert "1" * 80 not in shown


def test_frame_after_held_ones_shows_what_they_did() -> None:
    written: list[str] = []

    async def run() -> str:
        app = SmallApp()
        app.driver_class = capturing_driver(written)
        async with app.run_test(headless=False, size=(80, 24)) as pilot:
            await pilot.pause()
            assert app.painter is not None
            app.painter.pace.answer()
            app.painter.pace.send(FRAME * 5)
            await pilot.press("c")
            assert app.painter.is_held
            written.clear()
            app.painter.pace.answer()
            app._display(app.screen, ChopsUpdate([], [], []))
            return "".join(written)

    assert "1" * 80 in asyncio.run(run())

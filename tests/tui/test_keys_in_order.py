"""Keys that come all at once do what they would have done one by one."""

import asyncio

import pytest
from textual import events
from textual.keys import _character_to_key

from tests.tui.stage import Route, Stage, play, snapshot_of

MANY = {n: Route(prefix=f"10.{n}.0.0/16", pps=1000 - n) for n in range(1, 40)}
NAMED = {"\r": "enter", "\x1b": "escape"}


async def type_at_once(stage: Stage, text: str) -> None:
    """As a terminal hands over what was typed while nobody read."""
    for character in text:
        key = NAMED.get(character) or _character_to_key(character)
        stage.app.post_message(events.Key(key, character))
    await stage.settle()


@pytest.mark.parametrize("times", range(3))
def test_filter_gets_what_follows_its_key(times: int) -> None:
    async def scenario(stage: Stage) -> None:
        await stage.tell(snapshot_of(MANY))
        for _ in range(times + 1):
            await type_at_once(stage, "/10.23.1.2\r")
            assert stage.routes.selected == 23
            assert stage.screen.view is stage.screen.routes
            await type_at_once(stage, "\x1b\x1b")

    play(scenario)


def test_views_and_moves_keep_their_order() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.tell(snapshot_of(MANY))
        await type_at_once(stage, "2313jjj1jjj")

        assert stage.routes.selected == 3, "only the table moves, and only while it is in front"

    play(scenario)


def test_help_takes_the_keys_at_once() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.tell(snapshot_of(MANY))
        await type_at_once(stage, "?j\x1bj")

        assert stage.app.screen is stage.screen
        assert stage.routes.selected == 1

    play(scenario)


def test_keys_go_on_when_a_widget_goes_with_one() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.tell(snapshot_of(MANY))
        await type_at_once(stage, "e\x1bj")
        async with asyncio.timeout(5):
            while stage.routes.selected is None:
                await stage.pilot.pause()

    play(scenario)

"""The app between source and screen: what keys ask for, and how the link is told."""

import pytest

from ebtop.tui.recorded import Asked
from ebtop.tui.source import LinkState, Phase
from tests.tui.stage import THREE, Stage, play, snapshot_of

CROSS = "\N{MULTIPLICATION SIGN}"


def test_space_freezes_what_is_shown_and_another_one_goes_on() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.tell(snapshot_of(THREE))
        await stage.press("space")
        assert "‖ FROZEN" in stage.text()[0]
        stage.now_s += 2
        stage.source.push(snapshot_of({1: THREE[1]}, tick=2, structure=2))
        await stage.settle()
        assert stage.shown == [2, 3, 1], "a frozen table stays"
        await stage.press("s", "down")
        assert stage.routes.selected is not None, "and can be looked into"
        await stage.press("space")
        assert stage.shown == [1]
        assert "FROZEN" not in "\n".join(stage.text())

    play(scenario)


def test_plus_and_minus_change_the_rate() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.tell(snapshot_of(THREE))
        assert "2 Hz" in stage.text()[2]
        await stage.press("minus", "minus")
        assert "0.5 Hz" in stage.text()[2]
        await stage.press("plus")
        assert "1 Hz" in stage.text()[2]

    play(scenario)


@pytest.mark.parametrize(
    ("link", "line", "words"),
    [
        (LinkState(phase=Phase.CONNECTING), 0, "connecting to the engine…"),
        (LinkState(phase=Phase.LOADING, text="968,428 routes read"), 0, "↻ 968,428 routes read"),
        (LinkState(phase=Phase.LOST, text="No root."), 0, f"{CROSS} No root."),
    ],
    ids=["connecting", "loading", "lost"],
)
def test_before_the_first_snapshot_the_header_tells_the_link(
    link: LinkState, line: int, words: str
) -> None:
    async def scenario(stage: Stage) -> None:
        stage.source.tell(link)
        await stage.settle()

        assert words in stage.text()[line]

    play(scenario)


def test_lost_engine_offers_its_keys_and_only_then() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.tell(snapshot_of(THREE))
        await stage.press("R", "N")
        assert [asked for asked in stage.source.asked if asked.kind != "focus"] == []
        lost = LinkState(phase=Phase.LOST, text="The engine has ended.", restart_s=4.6)
        stage.source.tell(lost)
        await stage.settle()
        assert f"{CROSS} ENGINE GONE: the kernel forwards" in stage.text()[0]
        assert "A new one starts in 5 s (R now, N not)." in stage.text()[3]
        await stage.press("R", "N")
        assert stage.source.asked[-2:] == [Asked("restart"), Asked("hold")]
        await stage.tell(snapshot_of(THREE, owner="pid 2, ebtop"))
        assert "► FORWARD" in stage.text()[0]

    play(scenario)


def test_source_is_told_which_route_the_operator_looks_at() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.tell(snapshot_of(THREE))
        await stage.press("down")
        assert stage.source.asked[-1] == Asked("focus", route=2)
        await stage.press("escape")
        assert stage.source.asked[-1] == Asked("focus", route=0)

    play(scenario)


def test_views_change_by_number_and_keep_their_places() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.tell(snapshot_of(THREE))
        await stage.press("down", "down")
        for key in ("2", "3", "1"):
            await stage.press(key)
            assert [view for view in stage.screen.query("View") if view.display] == [
                stage.screen.view
            ]
        assert stage.screen.view is stage.screen.routes
        assert stage.routes.selected == 3
        await stage.press("down")
        assert stage.routes.selected == 1, "the table has the keys again"

    play(scenario)

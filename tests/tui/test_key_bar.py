"""The keys that are offered are those that work: letters are none while something is typed."""

import pytest

from ebtop.tui.source import LinkState, Phase
from tests.tui.edit_stage import begin, router
from tests.tui.stage import THREE, Stage, play, snapshot_of

LOST = LinkState(phase=Phase.LOST, text="The engine was killed.", restart_s=5.0)


@pytest.mark.parametrize("size", [(60, 16), (80, 24)])
def test_a_field_has_the_digits_and_the_bar_what_works_there(size: tuple[int, int]) -> None:
    async def scenario(stage: Stage) -> None:
        await begin(stage)
        assert " ".join(stage.text()[-1].split()) == "↵ Review Tab Next Esc Back Ctrl+C Quit"
        await stage.press("escape")
        assert stage.text()[-1].startswith(" 1 Routes  2 Ports  3 Verdicts")
        assert stage.text()[-1].endswith("? Help  q Quit")

    play(scenario, size)


def test_a_filter_has_the_digits_as_well_and_a_question_has_not() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.tell(snapshot_of(THREE))
        await stage.press("slash")
        assert " ".join(stage.text()[-1].split()) == "↵ Keep Esc Clear Ctrl+C Quit"
        await stage.press("escape", "down", "d")
        assert stage.text()[-1].startswith(" 1 Routes")
        await stage.press("2")
        assert stage.screen.view.HEADING == "Ports"

    play(scenario)


def test_a_lost_engine_offers_no_letters_while_they_are_typed() -> None:
    async def scenario(stage: Stage) -> None:
        await begin(stage, router())
        stage.source.tell(LOST)
        await stage.settle()
        assert "A new one starts in 5 s." in stage.text()[3]
        await stage.press("escape")
        assert "A new one starts in 5 s (R now, N not)." in stage.text()[3]
        assert stage.text()[-1].startswith(" R Restart")

    play(scenario)

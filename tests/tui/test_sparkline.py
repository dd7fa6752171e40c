"""The last minute in a few cells."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ebtop.model.snapshot import HISTORY_SAMPLES
from ebtop.tui.sparkline import BLOCKS, format_sparkline
from tests.tui.stage import THREE, Stage, play, snapshot_of

NAN = float("nan")
samples = st.lists(st.just(NAN) | st.floats(0, 1e9, width=32), max_size=40)


@pytest.mark.parametrize(
    ("values", "width", "expected"),
    [
        ([0, 1, 2, 3, 4, 5, 6], 7, "▁▂▃▄▅▆▇"),
        ([0, 0.001, 1000], 3, "▁▂▇"),
        ([NAN, 0, 5], 3, " ▁▇"),
        ([0, 0], 2, "▁▁"),
        ([NAN, NAN], 2, "  "),
        ([1, 3, NAN, 4, NAN, NAN], 3, "▄▇ "),
        ([5], 3, "  ▇"),
        ([], 3, "   "),
        ([5, 5], 0, ""),
    ],
)
def test_cells(values: list[float], width: int, expected: str) -> None:
    assert format_sparkline(values, width) == expected


@given(samples, st.integers(0, 40))
def test_zero_unmeasured_and_the_rest_are_told_apart(values: list[float], width: int) -> None:
    text = format_sparkline(values, width)
    assert len(text) == width
    assert set(text) <= {*BLOCKS, " "}
    if width >= len(values):
        tail = text[width - len(values) :]
        for value, cell in zip(values, tail, strict=True):
            assert (cell == " ") == np.isnan(value)
            assert (cell == BLOCKS[0]) == (value == 0)


def test_row_shows_the_last_minute_of_its_own_history() -> None:
    history = np.full((3, HISTORY_SAMPLES), np.nan, dtype=np.float32)
    history[1, -30:] = 0
    history[2, :-30] = 999  # before the last minute
    history[2, -15:] = 7
    snapshot = snapshot_of(THREE, history=history)
    snapshot.routes["history_row"][1:4] = (1, 2, 0)

    async def scenario(stage: Stage) -> None:
        await stage.tell(snapshot)
        cells = [stage.line_with(f"{route.prefix} ")[71:79] for route in THREE.values()]
        assert cells == ["▁" * 8, "    ▇▇▇▇", ""]
        # An engine that is older than the screen may keep none.
        await stage.tell(replace(snapshot, history=None, tick=2))
        assert "▁" not in stage.line_with("10.0.0.0/8")

    play(scenario)

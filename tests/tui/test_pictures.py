"""Every view in every size and theme beside what is true of it, and the screenshots' freshness."""

import re
from collections import Counter
from html import unescape
from pathlib import Path

import pytest

from ebtop.model.verdict import Verdict
from tests.tui.pictures.cells import NO_COLOURS, Look, Run, read_runs
from tests.tui.pictures.png import render_png
from tests.tui.pictures.scenes import SCENES
from tests.tui.pictures.screenshots import SCREENSHOTS, write_screenshots
from tests.tui.pictures.showcase import Showcase
from tests.tui.pictures.svg import format_svg
from tests.tui.stage import SNAPSHOTS, Stage, Theme, assert_looks_like, play

_SIZES = ((80, 24), (120, 40), (200, 60))
_ROOT = Path(__file__).parents[2]
_PUNTED_BY_A_ROUTE = (
    Verdict.PUNT_TTL,
    Verdict.PUNT_LOCAL,
    Verdict.PUNT_UNREACHABLE,
    Verdict.PUNT_PROHIBIT,
    Verdict.PUNT_NEIGHBOUR,
    Verdict.PUNT_MTU,
)


@pytest.mark.parametrize("theme", list(Theme))
@pytest.mark.parametrize("scene", SCENES)
def test_view_looks_as_it_did_at_every_size(scene: str, theme: Theme) -> None:
    async def scenario(stage: Stage) -> None:
        await SCENES[scene].act(stage)
        for size in _SIZES:
            await stage.resize(size)

            SCENES[scene].check(stage)
            lines = read_runs(stage.app)
            assert [line[-1].stop for line in lines] == [size[0]] * size[1]
            colours = {colour for line in lines for run in line for colour in run.look.colours}
            assert colours <= NO_COLOURS if theme is Theme.MONO else len(colours) > 5
            assert_looks_like(stage, f"{scene}-{size[0]}x{size[1]}-{theme}")

    play(scenario, _SIZES[0], theme)


def test_screenshots_are_fresh(tmp_path: Path) -> None:
    write_screenshots(tmp_path)
    names = {f"{shot.name}.{ending}" for shot in SCREENSHOTS for ending in ("svg", "png")}
    assert {path.name for path in tmp_path.iterdir()} == names
    folder = _ROOT / "screenshots"
    stored = {path.name: path.read_bytes() for path in folder.iterdir()}
    stale = {name for name in names | stored.keys() if stored.get(name) != _read(tmp_path / name)}

    assert not stale, f"stale: {', '.join(sorted(stale))}; run ./do screenshots and look at them"


def _read(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


def test_screenshots_ask_nobody_for_fonts() -> None:
    pictures = [*(_ROOT / "screenshots").glob("*.svg"), *Path(__file__).parent.rglob("*.svg")]
    assert pictures
    for picture in pictures:
        addresses = picture.read_text().replace("http://www.w3.org/2000/svg", "")
        assert "http" not in addresses, picture
        assert "@font-face" not in addresses, picture


@pytest.mark.parametrize("tick", [0, 3])
def test_recorded_router_adds_up(tick: int) -> None:
    snapshot = Showcase().snapshot(tick)
    routes, totals = snapshot.routes, snapshot.totals
    counts = Counter[int]()
    for port in snapshot.ports:
        assert port.received == sum(port.verdicts.values())
        counts.update(port.verdicts)

    assert totals.pps == totals.forwarded_pps + totals.punted_pps + totals.dropped_pps
    assert totals.pps == sum(port.rx_pps for port in snapshot.ports)
    assert totals.forwarded_pps == sum(port.forwarded_pps for port in snapshot.ports)
    assert totals.bps == pytest.approx(routes["bps"].sum(dtype=float))
    assert counts[Verdict.FORWARDED] == routes["packets"].sum()
    assert counts[Verdict.PUNT_OBSERVE] == routes["observed_packets"].sum()
    assert counts[Verdict.DROP_BLACKHOLE] == routes["drops"].sum()
    assert sum(counts[verdict] for verdict in _PUNTED_BY_A_ROUTE) == routes["punts"].sum()
    assert snapshot.latency is not None
    assert snapshot.history is not None
    assert (snapshot.latency[0] == snapshot.latency[1 : 1 + len(snapshot.ports)].sum(axis=0)).all()
    assert snapshot.history[0, -1] == totals.pps
    assert (snapshot.history[routes["history_row"][1:], -1] == routes["pps"][1:]).all()


def test_every_character_has_a_glyph_in_the_font() -> None:
    stored = "".join(path.read_text() for path in SNAPSHOTS.glob("*.svg"))
    texts = [unescape(text) for text in re.findall(r"<tspan[^>]*>([^<]*)</tspan>", stored)]
    characters = sorted(set("".join(texts)) - {" "})
    nothing = _draw("\U0010fffd")  # which no font has

    assert len(characters) > 50
    assert [character for character in characters if _draw(character) == nothing] == []


def _draw(character: str) -> bytes:
    return render_png(format_svg([[Run(0, character, Look("#ffffff", "#000000"))]]))

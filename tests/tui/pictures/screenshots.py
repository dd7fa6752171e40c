"""The pictures that people see who have no ebtop yet: which there are, and how they are made."""

from dataclasses import dataclass
from pathlib import Path

from tests.tui.pictures.cells import read_runs
from tests.tui.pictures.png import render_png
from tests.tui.pictures.scenes import SCENES
from tests.tui.pictures.svg import format_svg
from tests.tui.stage import Stage, Theme, play

_SIZE = (120, 36)


@dataclass(frozen=True, slots=True)
class Screenshot:
    """A scene as it is shown; `name` is its file's, without the ending."""

    name: str
    scene: str
    theme: Theme = Theme.DARK
    size: tuple[int, int] = _SIZE


SCREENSHOTS = (
    *(Screenshot(name, name) for name in SCENES),
    Screenshot("routes-light", "routes", Theme.LIGHT),
)


def draw(screenshot: Screenshot) -> str:
    """The screenshot as SVG."""
    pictures: list[str] = []

    async def scenario(stage: Stage) -> None:
        scene = SCENES[screenshot.scene]
        await scene.act(stage)
        scene.check(stage)
        pictures.append(format_svg(read_runs(stage.app)))

    play(scenario, screenshot.size, screenshot.theme)
    return pictures[0]


def write_screenshots(folder: Path) -> None:
    """Makes every screenshot as SVG and PNG; what else lies in the folder stays."""
    folder.mkdir(exist_ok=True)
    for screenshot in SCREENSHOTS:
        svg = draw(screenshot)
        (folder / f"{screenshot.name}.svg").write_text(svg)
        (folder / f"{screenshot.name}.png").write_bytes(render_png(svg))

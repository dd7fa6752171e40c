"""What pictures are taken of: each view as an operator comes to it, with what is true of it then.

A scene ends when the picture may be taken. Its assertions hold at every size and in every theme,
so that a picture can never show something else than its name says.
"""

from collections.abc import Awaitable, Callable

from ebtop.tui.source import LinkState, Phase
from tests.tui.pictures.cells import read_runs
from tests.tui.pictures.showcase import Showcase
from tests.tui.stage import Stage

Scene = Callable[[Stage], Awaitable[None]]

_SHOWCASE = Showcase()
_RESTART_S = 4.0


def text_of(stage: Stage) -> str:
    """All that is on the screen, also of what lies above the main screen."""
    return "\n".join("".join(run.text for run in line) for line in read_runs(stage.app))


async def routes(stage: Stage) -> None:
    """The busiest routes, one of them selected."""
    for tick in range(3):
        await stage.tell(_SHOWCASE.snapshot(tick))
    await stage.press("down", "down", "down")

    assert stage.screen.view is stage.screen.routes
    assert stage.routes.selected == 3
    assert stage.shown[:3] == [1, 2, 3]
    assert "2001:db8:40::/48" in text_of(stage)


async def frozen(stage: Stage) -> None:
    """The table stands still while the router goes on."""
    await routes(stage)
    await stage.press("space")
    stage.now_s += 42
    stage.source.push(_SHOWCASE.snapshot(90))
    stage.screen.show_header()
    await stage.settle()

    assert stage.app.feed.frozen
    assert stage.app.feed.snapshot is not None
    assert stage.app.feed.snapshot.tick == 2
    assert "‖ FROZEN 42s" in text_of(stage)


async def lost(stage: Stage) -> None:
    """The engine was killed; its last state stays."""
    await routes(stage)
    reason = "The engine (pid 812) was killed."
    stage.source.tell(LinkState(phase=Phase.LOST, text=reason, restart_s=_RESTART_S))
    await stage.settle()

    assert stage.app.feed.link.phase is Phase.LOST
    assert "ENGINE GONE" in text_of(stage)
    assert "► FORWARD" not in text_of(stage)


SCENES: dict[str, Scene] = {"routes": routes, "frozen": frozen, "lost": lost}

"""The screen that is measured: `python -m tests.bench.shown_screen ours|stock ROUTES`."""

import dataclasses
import sys
import threading
from itertools import count
from pathlib import Path
from typing import ClassVar

from textual.binding import BindingType
from textual.types import CSSPathType
from textual.widgets import Label

import ebtop.tui.app
from ebtop.tui.app import EbtopApp
from ebtop.tui.generated import TICK_S
from ebtop.tui.recorded import RecordedSource
from ebtop.tui.source import SnapshotSource
from tests.tui.calm_router import CalmRouter

ECHO_KEY = b"\x18"  # Ctrl+X
ECHOES = "\N{ALEMBIC}", "\N{STAFF OF HERMES}"  # nothing else on the screen looks so
_SNAPSHOTS = 4  # made before: a million routes take longer to generate than to show


class MeasuredApp(EbtopApp):
    """Shows another sign in a corner at each press of a key."""

    CSS_PATH: ClassVar[CSSPathType | None] = Path(ebtop.tui.app.__file__).with_name("style.tcss")
    CSS = """
    Screen { layers: base echo; }
    #echo { layer: echo; dock: top; width: 1; height: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [("ctrl+x", "echo", "Echo")]

    def __init__(self, source: SnapshotSource, *, stock: bool) -> None:
        super().__init__(source)
        self._presses = count(1)
        self._sign = Label("", id="echo")
        if stock:
            self.painter = None

    def on_ready(self) -> None:
        self.call_later(self.screen.mount, self._sign)

    def action_echo(self) -> None:
        self._sign.update(ECHOES[next(self._presses) % 2])


def feed(source: RecordedSource, routes: int, quitting: threading.Event) -> None:
    """Two ticks a second, of which each changes a fifth of the routes."""
    router = CalmRouter(routes=routes)
    snapshots = [router.tick() for _ in range(_SNAPSHOTS)]
    for tick in count(1):
        made = snapshots[tick % _SNAPSHOTS]
        source.push(dataclasses.replace(made, tick=tick, taken_ns=int(tick * TICK_S * 1e9)))
        if quitting.wait(TICK_S):
            return


def main() -> int:
    """Runs until Ctrl+C; routes 0: an engine that never says anything."""
    source, quitting = RecordedSource(), threading.Event()
    app = MeasuredApp(source, stock=sys.argv[1] == "stock")
    routes = int(sys.argv[2])
    feeder = threading.Thread(target=feed, args=(source, routes, quitting))
    if routes:
        feeder.start()
    try:
        app.run()
    finally:
        quitting.set()
        if routes:
            feeder.join()
        source.close()
    return app.return_code or 0


if __name__ == "__main__":
    sys.exit(main())

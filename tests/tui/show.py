"""Runs the screen on a generated router, to look at: `python tests/tui/show.py [ROUTES]`."""

import sys
import threading

from ebtop.tui.app import run
from ebtop.tui.generated import TICK_S, GeneratedRouter
from ebtop.tui.recorded import RecordedSource


def main() -> int:
    """Two ticks a second until the operator quits; the exit code is the screen's."""
    router = GeneratedRouter(routes=int(sys.argv[1]) if len(sys.argv) > 1 else 2000, ports=6)
    source = RecordedSource()
    quitting = threading.Event()

    def feed() -> None:
        source.push(router.tick())
        while not quitting.wait(TICK_S):
            source.push(router.tick())

    feeder = threading.Thread(target=feed)
    feeder.start()
    try:
        return run(source)
    finally:
        quitting.set()
        feeder.join()
        source.close()


if __name__ == "__main__":
    sys.exit(main())

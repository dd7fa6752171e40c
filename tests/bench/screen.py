"""What the screen costs a line, and how long a key takes: `./do bench [--json]`.

Ours beside Textual's own painting, in one run. Figures are to be read: nothing passes or fails.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from dataclasses import asdict, dataclass

from ebtop.lab.topology import Lab
from ebtop.tui.generated import TICK_S
from tests.bench.shown_screen import ECHO_KEY, ECHOES
from tests.bench.slow_line import SlowLine, pause_s
from tests.tui.pseudo_terminal import ROOT, PseudoTerminal

SIZE = (140, 54)
PAGE_DOWN = b"\x1b[6~"
PAGES, PAGE_S = 60, 1 / 30  # a key that is held down for two seconds
RATES = (0, 64_000, 16_000)  # bytes a second
LIMIT_S = 30.0
SCREEN = "tests.bench.shown_screen"
COMMANDS = {
    "python -c pass": ("-c", "pass"),
    "ebtop --help": ("-m", "ebtop", "--help"),
}
SCREENS = {
    "smallest Textual app, first frame": ("tests.bench.smallest_app",),
    "ebtop, first frame": ("ebtop",),
}


@dataclass(frozen=True)
class Line:
    """One way of painting on one line."""

    painting: str
    bytes_per_s: int
    bytes_per_tick: int
    keys: int
    echo_p50_ms: float
    echo_max_ms: float
    echo_after_paging_ms: float


@dataclass(frozen=True)
class Start:
    """A command, and how long it takes."""

    what: str
    p50_ms: float
    least_ms: float


def main() -> int:
    """Prints two tables, or one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--routes", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=20.0, help="of keys for each line")
    parser.add_argument("--starts", type=int, default=7, help="of each command")
    options = parser.parse_args()
    lines = [
        measure_line(painting, rate, options.routes, options.seconds)
        for rate in RATES
        for painting in ("ours", "stock")
    ]
    starts = measure_starts(options.starts)
    told = format_json(lines, starts) if options.json else format_tables(lines, starts)
    sys.stdout.write(told + "\n")
    return 0


def measure_line(painting: str, rate: int, routes: int, seconds: float) -> Line:
    """Ticks alone first, then keys among them, then a key after many pages."""
    with SlowLine(SCREEN, painting, str(routes), bytes_per_s=rate, size=SIZE) as line:
        while b"core1" not in line.seen:  # a million routes take a while to generate
            line.read()
        line.read_for(6)
        sent = line.read_for(10 * TICK_S)
        echoes = [echo.encode() for echo in ECHOES]
        times: list[float] = []
        end_s = time.monotonic() + seconds
        while time.monotonic() < end_s:
            line.read_for(pause_s())
            times.append(line.time_key(ECHO_KEY, echoes[(len(times) + 1) % 2], LIMIT_S))
        for _ in range(PAGES):
            line.type(PAGE_DOWN)
            line.read_for(PAGE_S)
        paged = line.time_key(ECHO_KEY, echoes[(len(times) + 1) % 2], LIMIT_S)
    return Line(
        painting=painting,
        bytes_per_s=rate,
        bytes_per_tick=sent // 10,
        keys=len(times),
        echo_p50_ms=statistics.median(times) * 1e3,
        echo_max_ms=max(times) * 1e3,
        echo_after_paging_ms=paged * 1e3,
    )


def measure_starts(count: int) -> list[Start]:
    """From nothing to the end of a command, or to the first frame; in turn, so that all share
    what else the machine does."""
    times_s: dict[str, list[float]] = {what: [] for what in (*COMMANDS, *SCREENS)}
    with Lab() as lab:
        namespace = lab.namespace("start")  # without ports: an engine that starts takes none
        for _ in range(count):
            for what, arguments in COMMANDS.items():
                times_s[what].append(time_command(arguments))
            for what, arguments in SCREENS.items():
                times_s[what].append(namespace.run(time_first_frame, arguments))
    return [Start(what, _p50_ms(times), min(times) * 1e3) for what, times in times_s.items()]


def time_command(arguments: tuple[str, ...]) -> float:
    """Seconds until a command has ended."""
    start_s = time.monotonic()
    subprocess.run([sys.executable, *arguments], cwd=ROOT, check=True, capture_output=True)
    return time.monotonic() - start_s


def time_first_frame(arguments: tuple[str, ...]) -> float:
    """Seconds until a screen's first frame has come."""
    start_s = time.monotonic()
    with PseudoTerminal(*arguments, size=SIZE) as terminal:
        terminal.read_until(lambda: len(terminal.seen) > 1000)
        return time.monotonic() - start_s


def _p50_ms(times_s: list[float]) -> float:
    return statistics.median(times_s) * 1e3


def format_json(lines: list[Line], starts: list[Start]) -> str:
    """Everything as one object."""
    told = {"lines": [asdict(line) for line in lines], "starts": [asdict(s) for s in starts]}
    return json.dumps(told, indent=2)


def format_tables(lines: list[Line], starts: list[Start]) -> str:
    """Two tables with their units."""
    head = f"{'line kB/s':>9} {'painting':8} {'B/tick':>8} {'keys':>5} {'key to echo ms: p50':>20}"
    rows = [f"{head} {'max':>8} {'after paging':>13}"]
    for line in lines:
        rate = f"{line.bytes_per_s / 1e3:.0f}" if line.bytes_per_s else "-"
        rows.append(
            f"{rate:>9} {line.painting:8} {line.bytes_per_tick:8} {line.keys:5}"
            f" {line.echo_p50_ms:20.1f} {line.echo_max_ms:8.1f} {line.echo_after_paging_ms:13.1f}"
        )
    rows += ["", f"{'start':34} {'p50 ms':>7} {'least':>6}"]
    rows += [f"{start.what:34} {start.p50_ms:7.0f} {start.least_ms:6.0f}" for start in starts]
    return "\n".join(rows)


if __name__ == "__main__":
    sys.exit(main())

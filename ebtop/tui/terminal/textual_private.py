"""All that is taken from Textual's private parts, and whether they are as they are known.

Where they are not, Textual paints as it always does.
"""

import os
import select
import signal
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from typing import Any

from rich.color import ColorSystem
from rich.console import Console
from rich.segment import Segment
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.app import App
from textual.screen import Screen
from textual.strip import Strip

from ebtop.tui.terminal.cell_diff import Piece
from ebtop.tui.terminal.cells import decode_cells
from ebtop.tui.terminal.sgr import PLAIN, Look, parse_look

_KNOWN_VERSION = "8.2."
_APP_PARTS = ("_display", "_batch_count", "_closed", "_sync_available", "_background_screens")
_MOUSE_PARTS = (
    "_mouse",
    "_enable_mouse_support",
    "_disable_mouse_support",
    "_in_band_window_resize",
    "_enable_mouse_pixels",
)
_MOUSE_IN_CELLS = "\x1b[?1016l"
_SYNC_START, _SYNC_END = "\x1b[?2026h", "\x1b[?2026l"


def is_known(app: App[Any]) -> bool:
    """Whether this Textual is one whose updates can be read."""
    known = version("textual").startswith(_KNOWN_VERSION)
    return known and all(hasattr(app, part) for part in _APP_PARTS)


def takes_cells(app: App[Any]) -> bool:
    """Whether the app paints a whole terminal of its own now."""
    driver = app._driver  # noqa: SLF001  no public name
    return (
        driver is not None
        and app.is_running
        and not app._closed  # noqa: SLF001  no public name
        and not app._batch_count  # noqa: SLF001  no public name
        and not (driver.is_headless or driver.is_inline or driver.is_web)
    )


def read_pieces(update: object, console: Console) -> Iterator[Piece] | None:
    """The cells of one of Textual's updates; None where it is of an unknown kind."""
    depth = console._color_system or ColorSystem.TRUECOLOR  # noqa: SLF001  as Strip.render does
    if isinstance(update, LayoutUpdate):
        return _layout_pieces(update, depth)
    if isinstance(update, ChopsUpdate):
        return _chops_pieces(update, depth)
    return None


def render_all(app: App[Any], screen: Screen[Any]) -> Any:
    """An update of every cell of the screen."""
    return screen._compositor.render_update(  # noqa: SLF001  no public name
        full=True,
        screen_stack=app._background_screens,  # noqa: SLF001  no public name
    )


def painted_size(screen: Screen[Any]) -> tuple[int, int]:
    """Columns and rows of the updates."""
    return screen._compositor.size  # noqa: SLF001  no public name


def write_frame(app: App[Any], sent: str) -> None:
    """Writes what is shown at once by a terminal that can: mode 2026."""
    driver = app._driver  # noqa: SLF001  no public name
    assert driver is not None
    if app._sync_available:  # noqa: SLF001  no public name
        sent = f"{_SYNC_START}{sent}{_SYNC_END}"
    driver.write(sent)
    driver.flush()


def terminal_session(app: App[Any]) -> object:
    """Another object each time that the terminal was given away and taken again."""
    return _writer(app) or app._driver  # noqa: SLF001  no public name


def queued_frames(app: App[Any]) -> int:
    """How many writes wait for one that the terminal has not taken yet.

    At 30 of them Textual's next write stops the whole app.
    """
    queue = getattr(_writer(app), "_queue", None)
    return 0 if queue is None else int(queue.qsize())


def terminal_is_gone(app: App[Any]) -> bool:
    """Whether the terminal has been closed: nothing can be read from it, or written to it."""
    writer = _writer(app)
    if writer is None:
        return False
    hang_up = select.poll()
    hang_up.register(getattr(app._driver, "fileno", 0), 0)  # noqa: SLF001  no public name
    return not writer.is_alive() or bool(hang_up.poll(0))


def has_mouse(app: App[Any]) -> bool:
    """Whether the terminal reports the mouse."""
    return bool(getattr(app._driver, "_mouse", False))  # noqa: SLF001  no public name


def set_mouse(app: App[Any], *, wanted: bool) -> None:
    """Has the terminal report the mouse, or keep it to itself."""
    driver: Any = app._driver  # noqa: SLF001  no public name
    if not all(hasattr(driver, part) for part in _MOUSE_PARTS):
        return
    # While the driver has no mouse, its calls do nothing.
    driver._mouse = True  # noqa: SLF001  no public name
    if wanted:
        driver._enable_mouse_support()  # noqa: SLF001  no public name
        if driver._in_band_window_resize:  # noqa: SLF001  no public name
            driver._enable_mouse_pixels()  # noqa: SLF001  no public name
    else:
        driver._disable_mouse_support()  # noqa: SLF001  no public name
    driver._mouse = wanted  # noqa: SLF001  no public name


def leave_mouse_format(app: App[Any]) -> None:
    """Takes back the one mode that Textual leaves set behind it: places in pixels."""
    driver: Any = app._driver  # noqa: SLF001  no public name
    if getattr(driver, "_mouse_pixels", False):
        driver.write(_MOUSE_IN_CELLS)


def _writer(app: App[Any]) -> Any:
    return getattr(app._driver, "_writer_thread", None)  # noqa: SLF001  no public name


def stop_job(app: App[Any]) -> None:
    """Gives the terminal back and stops the whole job, as a terminal's Ctrl+Z does.

    Textual stops its own process: a parent in the same job (`ebtop demo`) would wait for it, and
    the shell for the parent. First the terminal: a job that is stopped may not change it.
    """
    driver: Any = app._driver  # noqa: SLF001  no public name
    if driver is None or not driver.can_suspend:
        return
    app._suspend_signal()  # noqa: SLF001  no public name
    driver.suspend_application_mode()
    driver._must_signal_resume = True  # noqa: SLF001  no public name
    os.killpg(0, signal.SIGSTOP)


def retake_terminal(app: App[Any]) -> None:
    """Takes the terminal again after the process was stopped, whichever signal stopped it.

    Textual expects SIGTSTP; after SIGSTOP it would take the terminal twice, and leave it raw.
    """
    driver: Any = app._driver  # noqa: SLF001  no public name
    writer = _writer(app)
    if writer is not None and writer.is_alive():
        driver.suspend_application_mode()
    driver._sigcont_application()  # noqa: SLF001  no public name


def handles_continue(app: App[Any]) -> bool:
    """Whether the driver takes the terminal again by itself."""
    return hasattr(app._driver, "_sigcont_application")  # noqa: SLF001  no public name


def _layout_pieces(update: LayoutUpdate, depth: ColorSystem) -> Iterator[Piece]:
    for row, strips in enumerate(update.strips, update.region.y):
        segments = [segment for strip in strips for segment in strip]
        yield Piece(update.region.x, row, decode_cells(_looks(segments, depth)))


def _chops_pieces(update: ChopsUpdate, depth: ColorSystem) -> Iterator[Piece]:
    for row, left, right in update.spans:
        ends = update.chop_ends[row]
        for end, (column, strip) in zip(ends, update.chops[row].items(), strict=False):
            if strip is None or column > right or end <= left:
                continue
            whole = left <= column < right and end <= right
            shown = strip if whole else strip.crop(0, min(end, right) - column)
            yield Piece(column, row, decode_cells(_looks(shown, depth)))


def _looks(segments: Iterable[Segment], depth: ColorSystem) -> Iterator[tuple[str, Look]]:
    """Texts with their looks."""
    for text, style, _ in segments:
        if style is None:
            yield text, PLAIN
            continue
        codes = style._ansi  # noqa: SLF001  as Strip.render_style does
        if codes is None:
            codes = Strip.render_ansi(style, depth)
        link = style.link
        opened = f"\x1b]8;id={style.link_id};{link}\x1b\\" if link else ""
        yield text, parse_look(codes, opened)

"""Signals after which Textual alone would leave a broken terminal behind."""

import asyncio
import signal
import threading
from collections.abc import Callable

HUNG_UP = 128 + signal.SIGHUP
"""The exit code when the terminal has gone."""

_ENDING = (signal.SIGTERM, signal.SIGHUP)


def call_on_continue(retake: Callable[[], None]) -> None:
    """Calls `retake` when the process goes on after it was stopped."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGCONT, lambda *_: retake())


def end_on_signals(end: Callable[[int], None]) -> None:
    """Calls `end` with 128 + the signal's number, until the event loop is closed."""
    if threading.current_thread() is not threading.main_thread():
        return  # signals reach the main thread's loop alone
    loop = asyncio.get_running_loop()
    for number in _ENDING:
        loop.add_signal_handler(number, end, 128 + number)

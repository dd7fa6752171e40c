"""Looks for the engine of this network namespace, and starts one when it is time to.

In the background, and in the namespace of the thread that made it. Imports little: the first frame
waits for it.
"""

import math
import os
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from ebtop.commands.exits import CommandError, Exit
from ebtop.commands.launch import EngineProcess
from ebtop.commands.restarts import Restarts
from ebtop.engine.connection import (
    Connection,
    NoEngineError,
    OtherVersionError,
    RefusedError,
    SquatterError,
    open_connection,
)
from ebtop.model.errors import EngineGone

_STARTING_S = 0.02  # between looks for an engine that is being started
_LOST_S = 0.5  # for one that somebody else may start
_STUBBORN_S = 5.0  # for another one than the one that turned us away
_RACE_S = 5.0  # a start that somebody else's comes before is tried again for so long
_START_S = 120.0  # until an engine listens, on a busy machine
_CLOSE_S = 1.0


class EngineSearch:
    """Finds connections, one after another: the next one when the last was lost."""

    def __init__(self, arguments: Sequence[str] = (), *, exclusive: bool = False) -> None:
        """Looks once; without an engine, `begin` starts one.

        `arguments` are those of `ebtop run`; `exclusive`: a running engine is a conflict, since
        it may do what they forbid. Raises CommandError when that shows at once.
        """
        self.failure: CommandError | None = None  # why there has never been an engine
        self.text = ""  # why there is none now
        self._arguments = tuple(arguments)
        self._exclusive = exclusive
        self._restarts = Restarts()
        self._process: EngineProcess | None = None
        self._begun_s = time.monotonic()
        self._lived = False  # there has been an engine
        self._proven = False  # the process that was started last has been one
        self._closed = False
        self._namespace = _read_namespace()
        self._found = self._look_once()
        self._searching = self._found is None
        self._pause_s = _STARTING_S
        self._wake = os.eventfd(int(not self._searching), os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="engine-search", daemon=True)

    def begin(self) -> None:
        """Starts an engine where none was found, and looks for it, and for those after it."""
        if self._thread.ident is not None:
            return
        # A thread and a process have the namespace of whoever starts them.
        if _read_namespace() != self._namespace:
            raise RuntimeError("an engine would be started in another network namespace")
        if self._searching:
            self._launch()
        self._thread.start()

    def fileno(self) -> int:
        """Readable when something changed, and while a countdown runs."""
        return self._wake

    @property
    def restart_s(self) -> float | None:
        """Seconds until a new engine is started; None: none is."""
        counting = self._searching and (self._process is None or self._proven)
        return self._restarts.left_s if counting else None

    def take(self) -> Connection | None:
        """A connection that was found, once; makes `fileno` unreadable."""
        with suppress(BlockingIOError):
            os.eventfd_read(self._wake)
        with self._changed:
            found, self._found = self._found, None
            return found

    def confirm(self) -> None:
        """The engine of the connection has sent a snapshot."""
        with self._changed:
            self._lived = self._proven = True
            self.failure, self.text = None, ""
            self._restarts.hold()

    def lose(self, gone: EngineGone, arguments: Sequence[str] | None) -> None:
        """The connection has ended.

        `arguments` are what an engine like the lost one is started with; None where it shall not
        be, or sent no snapshot.
        """
        with self._changed:
            self.text = str(gone)
            self._searching, self._pause_s = True, _STARTING_S
            if isinstance(gone, RefusedError | OtherVersionError):
                self._fail(CommandError(str(gone)))
                self._pause_s = _STUBBORN_S
            elif arguments is not None:
                self._arguments = tuple(arguments)
                self._restarts.lose()
            elif not self._lived and self._process is None:
                self._restarts.start()
            elif self._restarts.left_s is not None:
                self._restarts.lose()
            self._changed.notify()

    def restart(self) -> None:
        """Starts an engine now if there is none."""
        with self._changed:
            self._restarts.start()
            self._changed.notify()

    def hold(self) -> None:
        """Starts none; goes on looking."""
        with self._changed:
            self._restarts.hold()
        self.wake()

    def wake(self) -> None:
        """Makes `fileno` readable."""
        os.eventfd_write(self._wake, 1)

    def close(self) -> None:
        """Ends the search. An engine that nobody has connected to yet is not needed any more."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread.ident is not None:
            self._thread.join(_CLOSE_S)
        if self._found is not None:
            self._found.socket.close()
        if self._process is not None and self._searching:
            self._process.terminate()
        os.close(self._wake)

    def _look_once(self) -> Connection | None:
        try:
            connection = open_connection()
        except NoEngineError:
            self._check_startable()
            return None
        except EngineGone as error:
            raise _as_command_error(error) from error
        if not self._exclusive:
            return connection
        connection.socket.close()
        raise CommandError(
            f"An engine with pid {connection.pid} already runs here: {self._arguments[0]} is for"
            " one that is started. Leave it out to watch.",
            Exit.CONFLICT,
        )

    @staticmethod
    def _check_startable() -> None:
        from ebtop.kernel.requirements import read_missing  # noqa: PLC0415  not to watch

        missing = read_missing()
        if missing:
            raise CommandError(" ".join(missing), Exit.LACKING)

    def _launch(self) -> None:
        self._restarts.hold()
        self._proven = False
        self._begun_s = time.monotonic()
        self._process = EngineProcess(self._arguments)

    def _launch_again(self) -> None:
        """The search outlives a machine that is short of what a process needs."""
        try:
            self._launch()
        except OSError as error:
            self._fail(CommandError(f"The engine cannot be started: {error.strerror}."))

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._searching or self._closed)
                if not self._closed:
                    self._changed.wait(self._pause_s)
                if self._closed:
                    return
            self._step()

    def _step(self) -> None:
        before = self._state()
        try:
            found: Connection | EngineGone | None = open_connection()
        except NoEngineError:
            found = None
        except EngineGone as error:
            found = error
        except OSError as error:
            found = EngineGone(f"The engine cannot be looked for: {error.strerror}.")
        with self._changed:
            self._note_end()
            if isinstance(found, EngineGone):
                self._fail(_as_command_error(found))
            elif found is not None:
                self._offer(found)
            elif self._process is None and self._restarts.due:
                self._launch_again()
            self._pause_s = _STARTING_S if self._process else _LOST_S
            if not self._closed and self._state() != before:
                self.wake()

    def _state(self) -> tuple[object, ...]:
        left_s = self.restart_s
        return self.text, self.failure, self._found, left_s and math.ceil(left_s)

    def _offer(self, connection: Connection) -> None:
        """Takes a connection, unless it is to another engine than the one that has to be ours."""
        own = self._process is not None and self._process.pid == connection.pid
        if self._exclusive and not (own or self._lived):
            connection.socket.close()
        else:
            self._found, self._searching = connection, False

    def _note_end(self) -> None:
        """What became of the process that was started last."""
        if self._process is None:
            return
        end = self._process.ended()
        late_s = time.monotonic() - self._begun_s
        if end is None and not self._proven and late_s > _START_S:
            self._process.terminate()
            end = CommandError("The engine did not start in time.")
        if end is None:
            return
        self._process = None
        if self._proven:
            self.text = self.text if end.code is Exit.DONE else str(end)
        elif self._is_race(end) and late_s < _RACE_S:
            self._restarts.start()
        else:
            self._fail(end)

    def _is_race(self, end: CommandError) -> bool:
        """Whether somebody else's engine was first, or ended with its last watcher."""
        return end.code is Exit.DONE or (end.code is Exit.CONFLICT and not self._exclusive)

    def _fail(self, error: CommandError) -> None:
        """No engine, for this reason; one that was lost is tried again later."""
        self.text = str(error)
        if self._lived:
            self._restarts.lose()
        else:
            self.failure = error


def _read_namespace() -> int:
    """The network namespace of the calling thread."""
    return Path("/proc/thread-self/ns/net").stat().st_ino


def _as_command_error(error: EngineGone) -> CommandError:
    """The same sentence; a squatter is a conflict."""
    code = Exit.CONFLICT if isinstance(error, SquatterError) else Exit.FAILED
    return CommandError(str(error), code)

"""Edits that clients ask for, done by the kernel's room, which is imported when the first comes."""

from collections.abc import Callable
from typing import Protocol

from ebtop.engine.requests import Check, Commit
from ebtop.model.edit import Edit, Outcome


class Desk(Protocol):
    """Checks and writes edits; see ebtop.edit.desk."""

    def check(self, edit: Edit) -> Outcome:
        """Whether the kernel would take it."""
        ...

    def commit(self, edit: Edit) -> Outcome:
        """Writes it."""
        ...

    def close(self) -> None:
        """Gives up its sockets."""
        ...


class Edits:
    """Does what was asked for, and survives it."""

    def __init__(self, open_desk: Callable[[], Desk]) -> None:
        self._open_desk = open_desk
        self._desk: Desk | None = None

    def do(self, request: Check | Commit) -> Outcome:
        """What came of it. Never raises: no edit is worth the forwarding of an engine."""
        try:
            if self._desk is None:
                self._desk = self._open_desk()
            if isinstance(request, Commit):
                return self._desk.commit(request.edit)
            return self._desk.check(request.edit)
        except Exception as error:  # noqa: BLE001  see above
            said = str(error) or type(error).__name__
            return Outcome(done=False, message=f"The kernel could not be asked: {said}.")

    def close(self) -> None:
        """Gives up what the edits needed."""
        if self._desk is not None:
            self._desk.close()


def open_desk(*, read_only: bool) -> Desk:
    """The real one. Raises what it cannot open."""
    from ebtop.edit.desk import EditDesk  # noqa: PLC0415  takes 0.2 s, of a lease of 3

    return EditDesk(read_only=read_only)

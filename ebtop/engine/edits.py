"""Edits that clients ask for, done by the kernel's room, which is imported when the first comes."""

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

    def __init__(self) -> None:
        self._desks: dict[bool, Desk] = {}  # by whether they are read-only

    def do(self, request: Check | Commit, *, read_only: bool) -> Outcome:
        """What came of it. Never raises: no edit is worth the forwarding of an engine."""
        try:
            if read_only not in self._desks:
                self._desks[read_only] = open_desk(read_only=read_only)
            desk = self._desks[read_only]
            commits = isinstance(request, Commit)
            return desk.commit(request.edit) if commits else desk.check(request.edit)
        except Exception as error:  # noqa: BLE001  see above
            said = str(error) or type(error).__name__
            return Outcome(done=False, message=f"The kernel could not be asked: {said}.")

    def close(self) -> None:
        """Gives up what the edits needed."""
        for desk in self._desks.values():
            desk.close()


def open_desk(*, read_only: bool) -> Desk:
    """The real one. Raises what it cannot open."""
    from ebtop.edit.desk import EditDesk  # noqa: PLC0415  few engines edit, and all start

    return EditDesk(read_only=read_only)

"""Where edits are checked with the kernel, and written."""

from ebtop.model.edit import Edit, Outcome

READ_ONLY = "This ebtop is read-only and writes no route: type the command yourself."


class EditDesk:
    """Checks and commits edits in the network namespace of the thread that made it.

    Neither raises anything on a refusal: the outcome says it. OSError and MalformedMessage mean
    that the kernel could not be asked.
    """

    def __init__(self, *, read_only: bool = False) -> None:
        self._read_only = read_only

    def close(self) -> None:
        """Give the socket back."""

    def check(self, edit: Edit) -> Outcome:
        """What `commit` would say, as far as a dry run can tell; no packet notices it."""
        return self.commit(edit)

    def commit(self, edit: Edit) -> Outcome:
        """Writes the edit, and says what the kernel made of it."""
        if self._read_only:
            return Outcome(done=False, message=READ_ONLY)
        return Outcome(done=False, message=f"{edit.action.capitalize()} is not written yet.")

"""Exit codes and the one way in which a command fails."""

from enum import IntEnum


class Exit(IntEnum):
    """Documented in the README; scripts rely on them."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    LACKING = 3  # a privilege, a package or a kernel feature
    CONFLICT = 4  # another engine or an edit is in the way
    ROLLED_BACK = 5


class CommandError(Exception):
    """One sentence for the operator, and the exit code."""

    def __init__(self, message: str, code: Exit = Exit.FAILED) -> None:
        super().__init__(message)
        self.code = code

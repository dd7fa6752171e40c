"""How far the terminal is behind: it is asked where its cursor is, and answers when it gets there.

Nothing nearer tells: a pseudo terminal takes some 20 kB before a write has to wait, reports none
of it (TIOCOUTQ), and behind it an SSH connection takes megabytes.
"""

from collections.abc import Callable

QUESTION = "\x1b[6n"
"""Device status report: the terminal answers with the place of its cursor (ECMA-48 8.3.35)."""

_FULL_BYTES = 4096  # on the way: a frame more would keep a key waiting for the ones before
_WORTH_ASKING_BYTES = 256
_PATIENCE_S = 2.0  # a terminal that has never answered by then does not answer at all
_LOST_S = 10.0  # an answer that takes so long has been lost


class Pace:
    """The bytes on their way to the terminal."""

    def __init__(self, clock_s: Callable[[], float]) -> None:
        self._clock_s = clock_s
        self._answers = False  # the terminal has answered before
        self._asked_s: float | None = None
        self._before = 0  # bytes sent up to the question
        self._after = 0  # bytes sent since

    @property
    def is_waiting(self) -> bool:
        """Whether a question is on its way."""
        return self._asked_s is not None and self._clock_s() - self._asked_s < self._limit_s

    @property
    def is_behind(self) -> bool:
        """Whether something is on its way to a terminal that tells when it has arrived."""
        return self._answers and self.is_waiting

    @property
    def is_full(self) -> bool:
        """Whether so much is on its way that another frame would arrive late."""
        return self.is_behind and self._before + self._after >= _FULL_BYTES

    def send(self, sent: str) -> str:
        """What has to be sent for this: a question goes with it where it is worth one.

        One at a time is on its way, and none to a terminal that has left one unanswered.
        """
        size = len(sent.encode())
        if self.is_waiting or (self._asked_s is not None and not self._answers):
            self._after += size
            return sent
        self._before, self._after = self._before + self._after + size, 0
        if self._before < _WORTH_ASKING_BYTES:
            return sent
        self._asked_s = self._clock_s()
        return sent + QUESTION

    def answer(self) -> None:
        """The terminal has come to the question."""
        self._answers = True
        self._asked_s = None
        self._before, self._after = self._after, 0

    def restart(self) -> None:
        """Another terminal, or the same one after it was given away: nothing is on its way."""
        self._asked_s = None
        self._before = self._after = 0

    @property
    def _limit_s(self) -> float:
        return _LOST_S if self._answers else _PATIENCE_S

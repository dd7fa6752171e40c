"""Where the screen's snapshots come from, and where its questions go."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from ebtop.model.edit import Edit, Outcome
from ebtop.model.snapshot import Snapshot


class Phase(StrEnum):
    """How the screen and its engine stand to each other."""

    CONNECTING = "connecting"  # no engine has answered yet
    LOADING = "loading"  # it answers, and reads the kernel's table
    LIVE = "live"
    LOST = "lost"  # it has gone or hangs; the last snapshot is all there is


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkState:
    """The phase, and one sentence or less about it."""

    phase: Phase
    text: str = ""  # LOADING: what is being loaded; LOST: why
    restart_s: float | None = None  # LOST: until a new engine is started; None: none will be


@dataclass(frozen=True, slots=True)
class Answer:
    """What the engine said to `check` or `commit` of that number."""

    number: int
    outcome: Outcome


class SnapshotSource(Protocol):
    """An engine's client, a recording or a generator, as the screen sees it. Nothing blocks."""

    def open(self) -> None:
        """The first frame stands: from here on an engine is looked for, or started.

        Not before: its start takes the processor that paints.
        """
        ...

    def fileno(self) -> int:
        """The descriptor that is readable when `receive` has something; the same for life."""
        ...

    def receive(self) -> Snapshot | None:
        """The newest snapshot that waits (older ones are dropped), None: nothing new.

        Takes in answers and changes of the link as well. Raises nothing.
        """
        ...

    @property
    def link(self) -> LinkState:
        """How things stood at the last `receive`."""
        ...

    def answers(self) -> list[Answer]:
        """Those that came since the last call. A lost engine answers: not done."""
        ...

    def focus(self, route: int, born: int) -> None:
        """The operator looks at a route (id 0: at none): its latency is measured."""
        ...

    def check(self, edit: Edit) -> int:
        """Asks whether the kernel would take the edit; the number of the answer."""
        ...

    def commit(self, edit: Edit) -> int:
        """Asks for the edit to be written; the number of the answer."""
        ...

    def restart(self) -> None:
        """LOST: starts a new engine at once."""
        ...

    def hold(self) -> None:
        """LOST: starts no engine; goes on looking for one that somebody else starts."""
        ...

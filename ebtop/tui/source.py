"""Where the screen's snapshots come from."""

from typing import Protocol

from ebtop.model.snapshot import Snapshot


class SnapshotSource(Protocol):
    """An engine's client, a recording or a generator, as the screen sees it."""

    def fileno(self) -> int:
        """The descriptor that is readable when a tick waits; an event loop watches it."""
        ...

    def receive(self) -> Snapshot | None:
        """The newest snapshot that waits (older ones are dropped), None: nothing new.

        Never blocks. Raises EngineGone when no further snapshot will come.
        """
        ...

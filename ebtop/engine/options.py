"""How an engine is asked to run."""

from dataclasses import dataclass

from ebtop.engine.wire import Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What `ebtop run` was told."""

    ports: frozenset[str] = frozenset()  # empty: all
    observe: bool = False
    read_only: bool = False  # takes no edits
    transient: bool = False  # ends with its last watcher

    @property
    def origin(self) -> Origin:
        """What a watcher has to know to start another one like it."""
        arguments = [word for name in sorted(self.ports) for word in ("--port", name)]
        arguments += ["--observe"] * self.observe + ["--read-only"] * self.read_only
        return Origin(self.transient, tuple(arguments))

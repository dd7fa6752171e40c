"""The base of every app that paints on a real terminal."""

from textual.app import App


class TerminalApp(App[None]):
    """A Textual app that sends little, and leaves the terminal as it was."""

    ascii_only = False

    @property
    def writer_is_busy(self) -> bool:
        """Whether the terminal has not taken what was sent already."""
        return False

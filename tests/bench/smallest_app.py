"""The smallest app that Textual can run."""

from textual.app import App, ComposeResult
from textual.widgets import Label


class SmallestApp(App[None]):
    """A label."""

    def compose(self) -> ComposeResult:
        yield Label("x" * 2000)


if __name__ == "__main__":
    SmallestApp().run()

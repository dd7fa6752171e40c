"""A small app on a terminal, for what its terminal is to survive: `python -m ... [nomouse]`."""

import sys
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Footer, Label

from ebtop.tui.terminal.app import TerminalApp


class SmallApp(TerminalApp):
    """Counts up at a key, and fails at another one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("c", "count", "Count ↑"),
        ("f", "fail", "Fail"),
        ("m", "toggle_mouse", "Mouse"),
        ("q", "quit", "Quit"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.animation_level = "none"
        self.count = 0
        self.label = Label(told(0))

    def compose(self) -> ComposeResult:
        yield self.label
        yield Footer()

    def action_count(self) -> None:
        self.count += 1
        self.label.update(told(self.count))

    def action_fail(self) -> None:
        raise ValueError("failed on purpose")


def told(count: int) -> str:
    """Several lines that all change with the count."""
    sign = "\N{MULTIPLICATION SIGN}"
    return f"counted {count} {sign} ░▒▓ 漢字 é\n" + f"{count % 10}" * 400


if __name__ == "__main__":
    app = SmallApp()
    app.run(mouse="nomouse" not in sys.argv)
    sys.exit(app.return_code)

"""What is said below the table; it takes the keys where a question is asked."""

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from ebtop.tui.paint import Line
from ebtop.tui.widgets.lines import Lines

if TYPE_CHECKING:
    from textual.timer import Timer


class EditPanel(Lines):
    """Lines whose height is theirs; nothing to say, nothing to see."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("space", "stay", "Stay", show=False)]

    def __init__(self, *, widget_id: str | None = None) -> None:
        super().__init__(widget_id=widget_id)
        self.display = False
        self._silence: Timer | None = None

    def action_stay(self) -> None:
        """Does nothing: a frozen table would not show what comes of the answer."""

    def say(self, lines: tuple[Line, ...]) -> None:
        """Shows lines until others are shown, or it is closed."""
        self._stop()
        self.show(lines)
        self.display = True

    def say_for(self, lines: tuple[Line, ...], seconds: float) -> None:
        """Shows lines for a while."""
        self.say(lines)
        self._silence = self.set_timer(seconds, self.close)

    def close(self) -> None:
        """Says nothing any more, and takes no keys."""
        self._stop()
        self.display = self.can_focus = False

    def _stop(self) -> None:
        if self._silence is not None:
            self._silence.stop()
        self._silence = None

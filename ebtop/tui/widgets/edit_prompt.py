"""Widgets that take keys in the order in which they were pressed.

Textual gives a key to the widget that has the focus when the key is read, and runs a binding a
few messages later. Keys that come faster than that (a slow line hands them over in one piece)
would reach the wrong widget, or overtake a binding.
"""

from typing import TYPE_CHECKING

from textual import events
from textual.binding import Binding
from textual.widget import Widget

if TYPE_CHECKING:
    from textual.timer import Timer

_OPENING_S = 1.0


async def run_key(event: events.Key, prompt: Widget, owner: Widget) -> None:
    """What a prompt does with a key before anything else: runs its owner's and its own bindings.

    A key that came too late, after the prompt had lost the focus, it hands on.
    """
    focused = prompt.screen.focused
    if focused is not None and focused is not prompt:
        _end(event)
        pass_on(event, focused)
    elif not prompt.check_consume_key(event.key, event.character):
        for node in (owner, prompt):
            for binding in bindings_of(type(node)).get(event.key, ()):
                if await prompt.app.run_action(binding.action, node):
                    _end(event)
                    return


def pass_on(event: events.Key, widget: Widget) -> None:
    """Gives a key to a widget as if it had had the focus when the key was read."""
    # The app would give a key that nobody forwarded to whoever has the focus, once more.
    widget._forward_event(events.Key(event.key, event.character))  # noqa: SLF001  no public way


def _end(event: events.Key) -> None:
    """Nobody else shall take the key."""
    event.stop()
    event.prevent_default()


def bindings_of(kind: type[Widget]) -> dict[str, list[Binding]]:
    """A class's bindings by key, those of the class itself before those that it inherits."""
    found: dict[str, list[Binding]] = {}
    for each in kind.__mro__:
        for binding in Binding.make_bindings(each.__dict__.get("BINDINGS", ())):
            found.setdefault(binding.key, []).append(binding)
    return found


class KeyHold:
    """Keys that came between the one that opens a prompt and the prompt."""

    def __init__(self, widget: Widget) -> None:
        self._widget = widget
        self._keys: list[events.Key] | None = None
        self._giving_up: Timer | None = None

    def begin(self) -> None:
        """A key was pressed that opens a prompt; should it not, keys go their way again soon."""
        self._keys = []
        self._giving_up = self._widget.set_timer(_OPENING_S, self.end)

    def keep(self, event: events.Key) -> bool:
        """Whether the key has to wait, and does."""
        if self._keys is None:
            return False
        _end(event)
        self._keys.append(event)
        return True

    def end(self, prompt: Widget | None = None) -> None:
        """Gives the keys to the prompt that they were meant for; None: there is none."""
        keys, self._keys = self._keys or [], None
        if self._giving_up is not None:
            self._giving_up.stop()
        for key in keys if prompt is not None else ():
            assert prompt is not None
            pass_on(key, prompt)

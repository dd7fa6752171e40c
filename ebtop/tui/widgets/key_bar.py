"""The last line: the views, and the keys that work now."""

from dataclasses import dataclass

from textual import events
from textual.binding import ActiveBinding
from textual.dom import DOMNode
from textual.message import Message

from ebtop.tui.paint import Line, Part, width_of
from ebtop.tui.widgets.lines import Lines


@dataclass(frozen=True, slots=True)
class Key:
    """A key with the word for what it does, and the action that a click runs."""

    name: str
    word: str
    action: str
    node: DOMNode | None = None  # whose action it is; None: the screen's
    current: bool = False  # the view that is shown


class KeyBar(Lines):
    """One line; what does not fit is left out from the middle: the last keys always stay."""

    @dataclass
    class Pressed(Message):
        """A key's word was clicked."""

        key: Key

    def __init__(self, *, widget_id: str | None = None) -> None:
        super().__init__(widget_id=widget_id)
        self._spans: list[tuple[int, int, Key]] = []

    def show_keys(self, keys: list[Key], last: list[Key]) -> None:
        """The keys from the left as far as they fit, then those that always stay."""
        room = self.size.width - sum(width_of(_parts(key)) for key in last)
        parts: list[Part] = []
        self._spans = []
        used = 0
        for key in keys:
            width = width_of(_parts(key))
            if used + width > room:
                continue
            self._add(parts, key, used)
            used += width
        for key in last:
            self._add(parts, key, used)
            used += width_of(_parts(key))
        self.show((tuple(parts),))

    def _add(self, parts: list[Part], key: Key, start: int) -> None:
        line = _parts(key)
        parts += line
        self._spans.append((start, start + width_of(line), key))

    def on_click(self, event: events.Click) -> None:
        """Asks for the action under the pointer."""
        for start, stop, key in self._spans:
            if start <= event.x < stop:
                self.post_message(self.Pressed(key))
                return


def keys_of(bindings: dict[str, ActiveBinding]) -> list[Key]:
    """The keys that a bar shows, in the order in which they were bound, each action once."""
    keys: dict[str, Key] = {}
    for active in bindings.values():
        binding = active.binding
        if binding.show and active.enabled and binding.action not in keys:
            name = binding.key_display or binding.key
            keys[binding.action] = Key(name, binding.description, binding.action, active.node)
    return list(keys.values())


def _parts(key: Key) -> Line:
    tone = "tone--sorted" if key.current else "tone--muted"
    return ((f" {key.name}", "tone--title"), (f" {key.word} ", tone))

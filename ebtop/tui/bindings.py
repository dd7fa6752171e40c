"""The bindings in force, as help and palette tell them."""

from collections.abc import Iterable
from dataclasses import dataclass

from textual.app import App
from textual.binding import ActiveBinding
from textual.dom import DOMNode
from textual.keys import format_key
from textual.screen import Screen

_NAMES = {
    "escape": "Esc",
    "enter": "↵",
    "space": "␣",
    "tab": "Tab",
    "backspace": "Bksp",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "home": "Home",
    "end": "End",
    "delete": "Del",
}
_WORDS = {
    "command_palette": "Find a command by its name",
    "app.focus_next": "The next part of the screen",
    "app.focus_previous": "The part before",
}
"""Instead of Textual's own descriptions."""
_NOT_OURS = {"screen.copy_text", "copy_text"}
"""Of Textual's own bindings: nothing here can be selected with the mouse."""


@dataclass(frozen=True, slots=True)
class Command:
    """An action with all its keys."""

    keys: tuple[str, ...]  # as a person reads them
    name: str
    action: str
    node: DOMNode  # whose action it is

    @property
    def everywhere(self) -> bool:
        """Whether it works in every view."""
        return isinstance(self.node, App | Screen)


def commands_in_force(bindings: Iterable[ActiveBinding]) -> list[Command]:
    """Each action that a key runs now, in the order in which they were bound."""
    found: dict[tuple[str, DOMNode], list[str]] = {}
    words: dict[str, str] = {}
    for active in bindings:
        binding = active.binding
        if not active.enabled or not binding.description or binding.action in _NOT_OURS:
            continue
        keys = found.setdefault((binding.action, active.node), [])
        name = format_key_name(binding.key)
        keys += [name] if name not in keys else []
        words.setdefault(binding.action, _WORDS.get(binding.action, binding.description))
    return [
        Command(tuple(sorted(keys, key=len)), words[action], action, node)
        for (action, node), keys in found.items()
    ]


def format_key_name(key: str) -> str:
    """A key as a person reads it: "Ctrl+P", "Esc", "?"."""
    *modifiers, last = key.split("+")
    name = _NAMES.get(last) or format_key(last)
    if modifiers:
        name = name.upper() if len(name) == 1 else name
    return "+".join([*(modifier.capitalize() for modifier in modifiers), name])

"""The palette's commands: all that keys do now, and what has no key of its own."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from functools import partial

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from ebtop.tui.bindings import Command, commands_in_force
from ebtop.tui.columns import SORTABLE, natural_sort
from ebtop.tui.screens.main import MainScreen
from ebtop.tui.themes import THEMES

_MOTIONS = {"move", "page", "edge", "focus_next", "focus_previous", "command_palette"}
"""Actions that one does not look up by name."""
_NAME_CELLS = 34


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the palette. Its words come from this program alone, never from outside."""

    name: str
    run: Callable[[], Awaitable[object] | None]
    keys: str = ""


class EbtopCommands(Provider):
    """Views, sorts, freeze, filter, edits, themes and the mouse."""

    async def discover(self) -> Hits:
        """All of them, in the order of the help."""
        for entry in self._entries():
            yield DiscoveryHit(_label(entry), entry.run, text=entry.name)

    async def search(self, query: str) -> Hits:
        """Those whose name holds the query's letters in their order."""
        matcher = self.matcher(query)
        for entry in self._entries():
            score = matcher.match(entry.name)
            if score > 0:
                label = _label(entry, matcher.highlight(entry.name))
                yield Hit(score, label, entry.run, text=entry.name)

    def _entries(self) -> Iterator[Entry]:
        screen = self.screen
        if isinstance(screen, MainScreen):
            yield from self._bound(screen)
            yield from _sorts(screen)
        for name, theme in THEMES.items():
            yield Entry(f"Theme: {name}", partial(setattr, self.app, "theme", theme))
        yield Entry("Mouse on or off", partial(self.app.run_action, "app.toggle_mouse"))

    def _bound(self, screen: MainScreen) -> Iterator[Entry]:
        """What has a key, the views first; their names say that they are views."""
        commands = commands_in_force(screen.active_bindings.values())
        named = [(_action_name(command), command) for command in commands]
        named.sort(key=lambda pair: pair[0] != "show")
        for action, command in named:
            if action not in _MOTIONS:
                name = f"View: {command.name}" if action == "show" else command.name
                run = partial(self.app.run_action, command.action, command.node)
                yield Entry(name, run, " ".join(command.keys))


def _action_name(command: Command) -> str:
    """The action without its namespace and parameters."""
    return command.action.partition("(")[0].rpartition(".")[2]


def _sorts(screen: MainScreen) -> Iterator[Entry]:
    for column in SORTABLE:
        sort_by = partial(screen.routes.routes.sort_by, natural_sort(column))
        yield Entry(f"Sort routes by {column}", partial(_in_routes, screen, sort_by))


async def _in_routes(screen: MainScreen, run: Callable[[], object]) -> None:
    """Runs something of the route table, which comes to the front for it."""
    await screen.action_show("routes")
    run()


def _label(entry: Entry, name: Content | None = None) -> Content:
    """Name and keys in two columns."""
    shown = name if name is not None else Content(entry.name)
    gap = " " * max(_NAME_CELLS - len(entry.name), 2)
    return Content.assemble(shown, gap, entry.keys) if entry.keys else shown

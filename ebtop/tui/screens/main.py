"""The main screen: the router in three lines, one view, and the keys that work now.

ebtop core1  ► FORWARD   4 ports          header
...
prefix       next hop    pps  bit/s ...   the view: routes, a route, ports, verdicts
10.0.0.0/8   192.0.2.1    12   4.1k
...
1 Routes 2 Ports  / Filter  ? Help        keys
"""

import time
from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.screen import Screen
from textual.widgets import Input

from ebtop.tui.feed import Feed
from ebtop.tui.header import format_header
from ebtop.tui.messages import Answered, DetailClosed, RouteOpened
from ebtop.tui.source import Phase
from ebtop.tui.views.routes import RoutesView
from ebtop.tui.views.view import View
from ebtop.tui.widgets.key_bar import Key, KeyBar, keys_of
from ebtop.tui.widgets.lines import Lines

_TABS = ("routes", "ports", "verdicts")
_LOST_ACTIONS = {"restart", "hold"}  # of use while the engine has gone, and then first of all
_LAST_KEYS = (Key("?", "Help", "app.help"), Key("q", "Quit", "app.quit"))
_LAST_KEYS_TYPING = (Key("Ctrl+C", "Quit", "app.quit"),)  # other keys are letters


class MainScreen(Screen[None]):
    """Shows what the feed shows; it asks nobody for anything."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("1", "show('routes')", "Routes", show=False),
        Binding("2", "show('ports')", "Ports", show=False),
        Binding("3", "show('verdicts')", "Verdicts", show=False),
    ]

    def __init__(self, feed: Feed, clock_s: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._feed = feed
        self.routes = RoutesView(clock_s)
        self._views: dict[str, View] = {"routes": self.routes}
        self._shown = "routes"
        self._back = "routes"
        self._header = Lines(widget_id="header")
        self._body = Container(self.routes, id="body")
        self._keys = KeyBar(widget_id="keys")

    def compose(self) -> ComposeResult:
        """From top to bottom."""
        yield self._header
        yield self._body
        yield self._keys

    def on_mount(self) -> None:
        """Looks once a second at what changes with time alone."""
        self.set_interval(1.0, self.show_header)
        self.screen.bindings_updated_signal.subscribe(self, self._on_other_keys)
        self.view.focus_target().focus()

    def _on_other_keys(self, _: Screen[None]) -> None:
        self.show_header()
        self._show_keys()

    def on_resize(self) -> None:
        """Every line depends on the width."""
        self.call_after_refresh(self.adopt)

    @property
    def view(self) -> View:
        """The view in front."""
        return self._views[self._shown]

    def adopt(self) -> None:
        """Shows what the feed shows now."""
        self.show_header()
        self.view.adopt(self._feed)
        self._show_keys()

    @property
    def is_typing(self) -> bool:
        """Whether letters and digits are text."""
        return isinstance(self.focused, Input)

    def show_header(self) -> None:
        """The lines that change with time alone, too."""
        lines = format_header(self._feed, self.size.width, typing=self.is_typing)
        self._header.show(lines)

    def take(self, answered: Answered) -> None:
        """An answer to what a view asked."""
        for view in self._views.values():
            view.take(answered)

    async def action_show(self, name: str) -> None:
        """Brings a view to the front."""
        if name not in self._views:
            self._views[name] = _make_view(name)
            await self._body.mount(self._views[name])
        if name == self._shown:
            return
        self._back, self._shown = self._shown, name
        for other, view in self._views.items():
            view.display = other == name
        self.view.focus_target().focus()
        self.call_after_refresh(self.adopt)

    @on(View.Placed)
    def _fill(self) -> None:
        """A view that comes to the front has no width before."""
        self.view.adopt(self._feed)

    @on(RouteOpened)
    async def _open_route(self, event: RouteOpened) -> None:
        from ebtop.tui.views.detail import DetailView  # noqa: PLC0415  as below

        await self.action_show("detail")
        detail = self.view
        assert isinstance(detail, DetailView)
        detail.open(event.route, event.born)

    @on(DetailClosed)
    async def _close_route(self) -> None:
        await self.action_show(self._back)

    @on(KeyBar.Pressed)
    async def _press(self, event: KeyBar.Pressed) -> None:
        await self.app.run_action(event.key.action, event.key.node or self)

    def _show_keys(self) -> None:
        keys = keys_of(self.active_bindings)
        if self.is_typing:
            self._keys.show_keys(keys, list(_LAST_KEYS_TYPING))
            return
        tabs = [
            Key(str(number), name.capitalize(), f"show('{name}')", self, name == self._shown)
            for number, name in enumerate(_TABS, start=1)
        ]
        urgent = [key for key in keys if key.action in _LOST_ACTIONS]
        lost = self._feed.link.phase is Phase.LOST
        shown_elsewhere = {key.word for key in (*_LAST_KEYS, *urgent)}
        own = [key for key in keys if key.word not in shown_elsewhere]
        self._keys.show_keys([*(urgent if lost else ()), *tabs, *own], list(_LAST_KEYS))


def _make_view(name: str) -> View:
    """A view that was not wanted yet: its modules are not for the first frame."""
    match name:
        case "detail":
            from ebtop.tui.views.detail import DetailView  # noqa: PLC0415  see above

            return DetailView()
        case "ports":
            from ebtop.tui.views.ports import PortsView  # noqa: PLC0415  see above

            return PortsView()
        case "verdicts":
            from ebtop.tui.views.verdicts import VerdictsView  # noqa: PLC0415  see above

            return VerdictsView()
    raise KeyError(name)

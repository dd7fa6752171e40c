"""Each port: what it does, why not more, and what to do about it."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widget import Widget

from ebtop.model.port import PortStatus
from ebtop.tui.feed import Feed
from ebtop.tui.port_lines import describe_port, format_port, format_port_heads
from ebtop.tui.source import Phase
from ebtop.tui.views.view import View
from ebtop.tui.widgets.lines import Lines
from ebtop.tui.widgets.scroll_lines import ScrollLines


class PortList(ScrollLines, inherit_bindings=True):
    """The ports; Enter goes on to what is said of the selected one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,right", "screen.focus('#port-detail')", "Details", key_display="↵"),
    ]


class PortDetail(ScrollLines, inherit_bindings=True):
    """All of one port; Esc goes back to the list."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,left", "screen.focus('#port-list')", "Ports", key_display="Esc"),
    ]


class PortsView(View):
    """The ports by slot, and below them the selected one in full; the selection is a slot."""

    HEADING = "Ports"

    def __init__(self) -> None:
        super().__init__(id="ports-view")
        self._feed: Feed | None = None
        self._heads = Lines(widget_id="port-heads")
        self._list = PortList(widget_id="port-list", cursor=True)
        self._detail = PortDetail(widget_id="port-detail")
        self._slots: list[int] = []

    def compose(self) -> ComposeResult:
        """From top to bottom."""
        yield self._heads
        yield self._list
        yield self._detail

    def focus_target(self) -> Widget:
        """The list."""
        return self._list

    def adopt(self, feed: Feed) -> None:
        """Shows what the feed shows."""
        self._feed = feed
        if feed.snapshot is None or not self._list.room:
            return
        ports = sorted(feed.snapshot.ports, key=lambda port: port.slot)
        chosen = self._chosen_slot()
        self._slots = [port.slot for port in ports]
        past = feed.link.phase is Phase.LOST
        room = self._list.room
        self._heads.show((((" ", "tone--head"), *format_port_heads(room)),))
        self._list.show(tuple(format_port(port, feed.verdicts, room, past=past) for port in ports))
        self._list.styles.height = max(min(len(ports), self.size.height // 2), 1)
        if chosen in self._slots and self._slots.index(chosen) != self._list.selected:
            self._list.select(self._slots.index(chosen))
        self._show_detail()

    def _chosen_slot(self) -> int | None:
        selected = self._list.selected
        return None if selected is None or not self._slots else self._slots[selected]

    def _chosen_port(self) -> PortStatus | None:
        snapshot = self._feed.snapshot if self._feed else None
        slot = self._chosen_slot()
        ports = snapshot.ports if snapshot else ()
        return next((port for port in ports if port.slot == slot), None)

    @on(ScrollLines.Changed, "#port-list")
    def _show_detail(self) -> None:
        port = self._chosen_port()
        if port is None or self._feed is None:
            self._detail.show(((),))
            return
        lines = describe_port(port, self._feed.verdicts, self._detail.room)
        self._detail.show(((), *lines))

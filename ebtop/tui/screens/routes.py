"""The first screen: the router in three lines, its routes, its ports."""

import time
from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.screen import Screen
from textual.widgets import Footer

from ebtop.model.snapshot import Snapshot
from ebtop.tui.columns import natural_sort
from ebtop.tui.header import Link, format_header
from ebtop.tui.paint import Line
from ebtop.tui.ports import Rates, format_ports, verdict_rates
from ebtop.tui.row import describe_route
from ebtop.tui.widgets.column_heads import ColumnHeads
from ebtop.tui.widgets.lines import Lines
from ebtop.tui.widgets.route_list import RouteList


class RoutesScreen(Screen[None]):
    """Shows what it is given; it asks nobody for anything."""

    AUTO_FOCUS: ClassVar[str | None] = "#routes"

    def __init__(self, clock_s: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock_s = clock_s
        self.snapshot: Snapshot | None = None  # what is shown
        self._adopted_at_s = 0.0
        self._gone = ""
        self._rates: Rates = {}
        self._header = Lines(widget_id="header")
        self._heads = ColumnHeads(widget_id="heads")
        self._routes = RouteList(widget_id="routes", clock_s=clock_s)
        self._detail = Lines(widget_id="detail")
        self._ports = Lines(widget_id="ports")

    def compose(self) -> ComposeResult:
        """From top to bottom."""
        yield self._header
        yield self._heads
        yield self._routes
        yield self._detail
        yield self._ports
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Looks once a second whether the engine still speaks."""
        self.set_interval(1.0, self.show_header)

    def on_resize(self) -> None:
        """Every line depends on the width."""
        self._show()

    def adopt(self, snapshot: Snapshot) -> None:
        """Shows another snapshot."""
        self._rates = verdict_rates(self.snapshot, snapshot)
        self.snapshot = snapshot
        self._adopted_at_s = self._clock_s()
        self._routes.adopt(snapshot)
        self._show()

    def lose_engine(self, message: str) -> None:
        """Says that no further snapshot will come; what is shown stays."""
        self._gone = message or "The engine has gone."
        self._show()

    def show_header(self) -> None:
        """The lines that change with time alone, too."""
        silent_s = self._clock_s() - self._adopted_at_s if self.snapshot else 0.0
        link = Link(gone=self._gone, silent_s=silent_s)
        self._header.show(format_header(self.snapshot, link, self.size.width))

    @on(RouteList.Changed)
    def _show_selection(self) -> None:
        self._heads.show_columns(self._routes.columns, self._routes.sort)
        self._detail.show((self._detail_line(),))

    @on(ColumnHeads.Clicked)
    def _sort_by(self, event: ColumnHeads.Clicked) -> None:
        """Another click on the sorted column turns it round."""
        sort = self._routes.sort
        again = sort.column is event.column
        self._routes.sort_by(sort.reversed() if again else natural_sort(event.column))

    def _show(self) -> None:
        self.show_header()
        self._show_selection()
        if self.snapshot is not None:
            lines = format_ports(
                self.snapshot,
                self._rates,
                rows=_port_rows(self.size.height),
                width=self.size.width,
                past=bool(self._gone),
            )
            self._ports.show(lines)

    def _detail_line(self) -> Line:
        """The selected route in full, or how many there are."""
        selected = self._routes.selected
        if self._routes.departed:
            return ((f" {self._routes.departed} has gone", "tone--warning"),)
        if self.snapshot is not None and selected is not None:
            return ((" ", ""), *describe_route(self.snapshot, selected))
        if self.snapshot is None:
            return ()
        count = self._routes.row_count
        return ((f" {count:,} route{'' if count == 1 else 's'}", "tone--muted"),)


def _port_rows(height: int) -> int:
    """Ports to show at most: a sixth of the screen, four at 24 lines."""
    return max(1, height // 6)

"""One route in full: next hops, counters, latency, rate, and the prefixes around it."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widget import Widget

from ebtop.model.prefix import Prefix
from ebtop.model.snapshot import RowState, Snapshot
from ebtop.tui.detail_lines import Detail, format_detail
from ebtop.tui.feed import Feed
from ebtop.tui.messages import DetailClosed
from ebtop.tui.paint import Line
from ebtop.tui.relatives import Relatives, find_relatives, prefix_of
from ebtop.tui.views.view import View
from ebtop.tui.widgets.scroll_lines import ScrollLines

_NEVER_SEEN: Line = ((" This route has gone.", "tone--bad"),)


class DetailView(View):
    """Follows one route (id and birth) until it is closed or the route goes."""

    HEADING = "Route"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,backspace,h", "close", "Back", key_display="Esc"),
    ]

    def __init__(self) -> None:
        super().__init__(id="detail-view")
        self._lines = ScrollLines(widget_id="detail-lines")
        self._feed: Feed | None = None
        self._choice = (0, 0)  # route id, born
        self._last: Snapshot | None = None  # in which the route lives, or did so last
        self._drop_pps = float("nan")
        self._relatives = Relatives()
        self._relatives_of = -1  # structure
        self._gone = False

    def compose(self) -> ComposeResult:
        """From top to bottom."""
        yield self._lines

    def focus_target(self) -> Widget:
        """The text scrolls."""
        return self._lines

    def open(self, route: int, born: int) -> None:
        """Shows this route from now on."""
        self._choice = (route, born)
        self._last, self._gone = None, False
        self._drop_pps, self._relatives_of = float("nan"), -1
        self._lines.action_edge(0)
        if self._feed is not None:
            self.adopt(self._feed)

    def adopt(self, feed: Feed) -> None:
        """Shows what the feed shows."""
        self._feed = feed
        if feed.snapshot is not None:
            self._take_in(feed.snapshot)
        if not self._lines.room:
            return
        if self._last is None:
            self._lines.show((_NEVER_SEEN,) if self._gone else ())
            return
        detail = Detail(
            snapshot=self._last,
            route=self._choice[0],
            relatives=self._relatives,
            drop_pps=self._drop_pps,
            gone=self._gone,
        )
        self._lines.show(format_detail(detail, self._lines.room))

    def _take_in(self, snapshot: Snapshot) -> None:
        """The snapshot, if the route still lives in it."""
        self._gone = self._gone or not self._lives_in(snapshot)
        if self._gone or snapshot is self._last:
            return
        if snapshot.structure != self._relatives_of:
            self._relatives = find_relatives(snapshot, self._choice[0])
            self._relatives_of = snapshot.structure
        if self._last is not None:
            self._drop_pps = _drop_pps(self._last, snapshot, self._choice[0])
        self._last = snapshot

    def _lives_in(self, snapshot: Snapshot) -> bool:
        """Another engine counts its ids anew: there the prefix has to be the same as well."""
        route, born = self._choice
        routes = snapshot.routes
        return (
            0 < route < len(routes)
            and int(routes["state"][route]) != RowState.FREE
            and int(routes["born"][route]) == born
            and (self._last is None or _key(self._last, route) == _key(snapshot, route))
        )

    def action_close(self) -> None:
        """Back to where the operator came from."""
        self.post_message(DetailClosed())


def _key(snapshot: Snapshot, route: int) -> tuple[Prefix, int, int]:
    """What the kernel tells routes apart by."""
    table, metric = (int(snapshot.routes[name][route]) for name in ("table", "metric"))
    return prefix_of(snapshot.routes, route), table, metric


def _drop_pps(before: Snapshot, after: Snapshot, route: int) -> float:
    """Dropped per second between two snapshots of one engine; NaN where that is not known."""
    seconds = (after.taken_ns - before.taken_ns) / 1e9
    drops = int(after.routes["drops"][route]) - int(before.routes["drops"][route])
    if before.owner != after.owner or seconds <= 0 or drops < 0:
        return float("nan")
    return drops / seconds

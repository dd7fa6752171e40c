"""The headings of the route table; a click sorts by the column."""

from textual import events
from textual.message import Message

from ebtop.model.format import clip
from ebtop.tui.columns import FIELDS, SORTABLE, Column, Placed, Sort
from ebtop.tui.paint import Part, fill
from ebtop.tui.widgets.lines import Lines


class ColumnHeads(Lines):
    """One line above the table, placed as its columns are."""

    class Clicked(Message):
        """A sortable column's heading was clicked."""

        def __init__(self, column: Column) -> None:
            super().__init__()
            self.column = column

    def __init__(self, *, widget_id: str | None = None) -> None:
        super().__init__(widget_id=widget_id)
        self._columns: tuple[Placed, ...] = ()

    def show_columns(self, columns: tuple[Placed, ...], sort: Sort) -> None:
        """Shows the headings with an arrow at the sorted one."""
        self._columns = columns
        parts: list[Part] = []
        end = 0
        for placed in columns:
            is_sorted = placed.column is sort.column
            arrow = ("▼" if sort.descending else "▲") if is_sorted else ""
            text = clip(placed.column, placed.width - len(arrow)) + arrow
            padded = fill(text, placed.width, right=FIELDS[placed.column].right)
            parts.append((" " * (placed.start - end), "tone--head"))
            parts.append((padded, "tone--sorted" if is_sorted else "tone--head"))
            end = placed.start + placed.width
        self.show(((*parts, (" " * max(self.size.width - end, 0), "tone--head")),))

    def on_click(self, event: events.Click) -> None:
        """Asks for the column under the pointer."""
        for placed in self._columns:
            within = placed.start <= event.x <= placed.start + placed.width
            if within and placed.column in SORTABLE:
                self.post_message(self.Clicked(placed.column))
                return

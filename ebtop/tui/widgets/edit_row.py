"""The fields of one row. They are no container: what lies between them stays to be seen."""

from collections.abc import Mapping

from textual.widget import Widget
from textual.widgets import Input

from ebtop.model.edit import Field
from ebtop.tui.columns import FIELDS, Column, Placed
from ebtop.tui.widgets.edit_cell import EditCell, FieldInput

HINTS = {
    Field.PREFIX: "prefix",
    Field.GATEWAY: "gateway",
    Field.PORT: "port",
    Field.METRIC: "metric",
}
"""What an empty field shows."""


class EditRow:
    """Mounts its fields in a parent that has a layer for them, and takes them away again."""

    def __init__(
        self, parent: Widget, columns: Mapping[Field, Column], texts: Mapping[Field, str]
    ) -> None:
        self._parent = parent
        self._columns = columns
        self.cells = {
            field: EditCell(field, texts.get(field, ""), HINTS[field], right=FIELDS[column].right)
            for field, column in columns.items()
        }

    async def mount(self) -> None:
        """Returns when the fields take keys."""
        await self._parent.mount(*self.cells.values())

    def remove(self) -> None:
        """Takes the fields off the screen."""
        for cell in self.cells.values():
            cell.remove()

    @property
    def texts(self) -> dict[Field, str]:
        """What stands in the fields."""
        return {field: cell.input.value for field, cell in self.cells.items()}

    @property
    def focused(self) -> FieldInput:
        """The field that has the focus, or would have it."""
        inputs = [cell.input for cell in self.cells.values()]
        return next((each for each in inputs if each.has_focus), inputs[0])

    def show(self, texts: Mapping[Field, str]) -> None:
        """Puts other texts in the fields, as if nobody had typed."""
        for field, text in texts.items():
            cell = self.cells[field].input
            if cell.value != text:
                with cell.prevent(Input.Changed):
                    cell.value = text

    def place(self, columns: tuple[Placed, ...], line: int) -> None:
        """Puts each field over its column."""
        placed = {each.column: each for each in columns}
        for field, cell in self.cells.items():
            cell.place(placed.get(self._columns[field]), line)

    def mark(self, blamed: Field | None) -> None:
        """Marks one field as the one to blame, or none."""
        for field, cell in self.cells.items():
            cell.mark(blamed=field is blamed)

    def focus(self, field: Field | None = None) -> None:
        """Gives the keys to a field, or to the first one."""
        cell = self.cells.get(field) if field else None
        target = cell or next(iter(self.cells.values()))
        target.screen.set_focus(target.input, scroll_visible=False)

    def move(self, step: int) -> None:
        """Gives the keys to the next field, round the ends."""
        fields = list(self.cells)
        here = next((f for f in fields if self.cells[f].input.has_focus), fields[0])
        self.focus(fields[(fields.index(here) + step) % len(fields)])

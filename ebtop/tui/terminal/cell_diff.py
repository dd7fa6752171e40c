"""Sends only the cells that differ from those on the terminal."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ebtop.tui.terminal.cells import CONTINUED, Cells, is_sure
from ebtop.tui.terminal.motion import Place, format_move
from ebtop.tui.terminal.sgr import PLAIN, Look, format_change

_MAX_GAP = 8  # cells; to write more of them over again is never shorter than to move
_UNKNOWN = ""  # the text of a cell of which nothing is known


@dataclass(frozen=True, slots=True)
class Piece:
    """Cells to be shown from a place on."""

    column: int
    row: int
    cells: Cells


class CellDiff:
    """What the terminal shows, and what has to be sent to make it show something else."""

    def __init__(self) -> None:
        self._size = (0, 0)
        self._rows: list[Cells] = []
        self._cursor: Place | None = None

    def knows(self, size: tuple[int, int]) -> bool:
        """Whether the cells of a terminal of that many columns and rows are known."""
        return bool(self._rows) and size == self._size

    def forget(self) -> None:
        """The terminal may show anything: the next pieces have to cover all of it."""
        self._rows = []

    def paint(self, pieces: Iterable[Piece], size: tuple[int, int], cursor: Place) -> str:
        """What makes the terminal show the pieces and have its cursor there; "": it does."""
        if not self.knows(size):
            self._start(size)
        changed = self._adopt(pieces)
        if not changed and cursor == self._cursor:
            return ""
        pen = _Pen(size[0])
        for row in sorted(changed):
            for start, end in _runs(sorted(changed[row])):
                pen.write(self._rows[row], row, start, end)
        pen.finish(cursor)
        self._cursor = cursor
        return "".join(pen.sent)

    def _start(self, size: tuple[int, int]) -> None:
        columns, rows = size
        self._size = size
        self._rows = [Cells([_UNKNOWN] * columns, [PLAIN] * columns) for _ in range(rows)]
        self._cursor = None

    def _adopt(self, pieces: Iterable[Piece]) -> dict[int, set[int]]:
        """Takes the pieces in; the columns that changed, by row."""
        columns, rows = self._size
        changed: dict[int, set[int]] = {}
        for piece in pieces:
            if piece.row < rows:
                found = _replace(self._rows[piece.row], piece.cells, piece.column, columns)
                if found:
                    changed.setdefault(piece.row, set()).update(found)
        return changed


def _replace(row: Cells, new: Cells, start: int, columns: int) -> list[int]:
    """Puts cells into a row; the columns in which they differ from what stood there."""
    end = min(start + len(new), columns)
    if end <= start:
        return []
    texts, looks = new.texts[: end - start], new.looks[: end - start]
    old_texts, old_looks = row.texts[start:end], row.looks[start:end]
    if texts == old_texts and looks == old_looks:
        return []
    halves = _cut_halves(row, start, end)
    row.texts[start:end] = texts
    row.looks[start:end] = looks
    cells = zip(texts, old_texts, looks, old_looks, strict=True)
    return halves + [
        column
        for column, (text, old_text, look, old_look) in enumerate(cells, start)
        if look is not old_look or text != old_text
    ]


def _cut_halves(row: Cells, start: int, end: int) -> list[int]:
    """Blanks what is left of wide characters across the edges of what is replaced; where."""
    halves: list[int] = []
    if row.texts[start].startswith(CONTINUED):
        halves.append(start - 1)
    if end < len(row) and row.texts[end].startswith(CONTINUED):
        halves.append(end)
    for column in halves:
        row.texts[column] = " "
    return halves


def _runs(columns: list[int]) -> Iterator[tuple[int, int]]:
    """Neighbouring columns as half-open ranges."""
    start = previous = columns[0]
    for column in columns[1:]:
        if column != previous + 1:
            yield start, previous + 1
            start = column
        previous = column
    yield start, previous + 1


class _Pen:
    """Where the cursor is and how it writes, while a frame is put together."""

    def __init__(self, columns: int) -> None:
        self.sent: list[str] = []
        self._columns = columns
        self._look = PLAIN
        # Others may have written to the terminal since: the first move is an absolute one.
        self._place: Place | None = None

    def write(self, cells: Cells, row: int, start: int, end: int) -> None:
        """Writes cells of a row."""
        self._go(cells, row, start)
        column = start
        while column < end:
            column += self._write_cell(cells, row, column)

    def finish(self, cursor: Place) -> None:
        """Leaves the cursor there, and no look to whatever others write."""
        self.sent += (format_change(self._look, PLAIN), format_move(self._place, cursor))

    def _write_cell(self, cells: Cells, row: int, column: int) -> int:
        """Writes what stands in a cell; how many cells it takes."""
        text, look = cells.texts[column], cells.looks[column]
        if look is not self._look:
            self.sent.append(format_change(self._look, look))
            self._look = look
        self.sent.append(text)
        after = column + 1
        while after < self._columns and cells.texts[after] == CONTINUED + text:
            after += 1
        # In the last column the cursor stays or wraps, and over others' widths there is no dispute.
        sure = after < self._columns and is_sure(text)
        self._place = (after, row) if sure else None
        if not sure and after < self._columns:
            self._go_on(row, after)
        return after - column

    def _go_on(self, row: int, column: int) -> None:
        """Whatever width the terminal gave to the last character, the next one stands right."""
        self.sent.append(format_move(None, (column, row)))
        self._place = (column, row)

    def _go(self, cells: Cells, row: int, column: int) -> None:
        """Moves there, or writes what stands between over again where that is shorter."""
        look = cells.looks[column]
        moved = format_move(self._place, (column, row))
        gap = self._gap(cells, row, column)
        if gap is not None:
            written, last = gap
            cost = len(written.encode()) + len(format_change(last, look))
            if cost <= len(moved) + len(format_change(self._look, look)):
                self._look = last
                moved = written
        self.sent.append(moved)
        self._place = (column, row)

    def _gap(self, cells: Cells, row: int, column: int) -> tuple[str, Look] | None:
        """What writes the cells up to there over again, and the look that it ends with."""
        if self._place is None or self._place[1] != row:
            return None
        start = self._place[0]
        if not 0 < column - start <= _MAX_GAP:
            return None
        last = self._look
        parts: list[str] = []
        for text, look in zip(cells.texts[start:column], cells.looks[start:column], strict=True):
            if not text or not is_sure(text):
                return None
            parts += (format_change(last, look), text)
            last = look
        return "".join(parts), last

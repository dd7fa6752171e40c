"""The shortest way of the cursor from one cell to another."""

Place = tuple[int, int]
"""Column and row, both from 0."""


def format_move(start: Place | None, end: Place) -> str:
    """The shortest sequence that puts the cursor there; a start of None is not known."""
    if start == end:
        return ""
    absolute = _format_absolute(end)
    if start is None:
        return absolute
    relative = _format_rows(end[1] - start[1]) + _format_columns(start[0], end[0])
    return min(relative, absolute, key=len)


def _format_absolute(place: Place) -> str:
    column, row = place
    if column:
        return f"\x1b[{row + 1};{column + 1}H"
    return f"\x1b[{row + 1}H" if row else "\x1b[H"


def _format_rows(count: int) -> str:
    return _format_steps(abs(count), "B" if count > 0 else "A")


def _format_columns(start: int, end: int) -> str:
    if end and end >= start:
        return _format_steps(end - start, "C")
    if not end:
        return "\r" if start else ""
    return min("\b" * (start - end), _format_steps(start - end, "D"), key=len)


def _format_steps(count: int, direction: str) -> str:
    if not count:
        return ""
    return f"\x1b[{direction}" if count == 1 else f"\x1b[{count}{direction}"

"""Route exceptions come as snapshots only; this turns them into events, and joins them to dumps."""

import numpy as np

from ebtop.kernel.exceptions import read_exceptions
from ebtop.model.columns import RouteColumns, RouteEvent, concatenate, empty_columns, select


class ExceptionWatch:
    """What was known at the last reading."""

    def __init__(self) -> None:
        self._known = empty_columns()

    def read_changes(self) -> RouteColumns:
        """Events since the last call. Raises OSError when the kernel refuses."""
        before, now = self._known, read_exceptions()
        self._known = now
        keys_before, keys_now = _keys(before), _keys(now)
        gone = select(before, np.array([key not in keys_now for key in keys_before], dtype=bool))
        gone.event[:] = RouteEvent.DELETED
        born = select(now, np.array([key not in keys_before for key in keys_now], dtype=bool))
        return concatenate([gone, born])

    def join(self, dump: RouteColumns) -> RouteColumns:
        """A dump of all routes and what is known beside them."""
        return concatenate([dump, self._known]) if len(self._known) else dump


def _keys(columns: RouteColumns) -> dict[tuple[int, int, int], None]:
    triples = zip(columns.family.tolist(), columns.high.tolist(), columns.low.tolist(), strict=True)
    return dict.fromkeys(triples)

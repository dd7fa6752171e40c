"""What a change of the RIB means for the FIB."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ebtop.fib.prefixes import PrefixColumns, empty_prefixes


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RibChange:
    """Give each one to Fib.update, once and in order."""

    prefixes: PrefixColumns  # distinct: every prefix whose answer may have changed
    before: NDArray[np.uint32]  # the row that answered for each of them, 0: none
    after: NDArray[np.uint32]  # the row that answers now; may be the same with another answer
    born: NDArray[np.uint32]  # ids given out
    gone: NDArray[np.uint32]  # ids released, not to be given out before Rib.reclaim()
    confused: bool = False  # an event did not fit what is held: a dump is needed

    def __bool__(self) -> bool:
        return bool(len(self.prefixes) or len(self.born) or len(self.gone) or self.confused)


def no_change() -> RibChange:
    """Nothing happened."""
    none = np.zeros(0, dtype=np.uint32)
    return RibChange(prefixes=empty_prefixes(), before=none, after=none, born=none, gone=none)

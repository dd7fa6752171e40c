"""A RIB, a FIB and maps in step, for named cases."""

from ebtop.fib.adjacencies import Surroundings
from ebtop.fib.fib import Fib
from ebtop.fib.layout import FIRST_SET, Capacity
from ebtop.fib.rib import Rib
from ebtop.model.columns import RouteEvent
from ebtop.model.prefix import Prefix, parse_address
from ebtop.model.route import Nexthop
from tests.unit.fib_maps import Maps
from tests.unit.kernel_tables import Route, columns

CAPACITY = Capacity(routes=4096, blocks=256, sets=2048, members=4096, adjacencies=4096)
A, B = (Nexthop(port, parse_address(f"10.0.{port}.1")) for port in (1, 2))
AROUND = Surroundings(
    {1: 0, 2: 1},
    {0: bytes([2, 0, 0, 0, 0, 1]), 1: bytes([2, 0, 0, 0, 0, 2])},
    {
        (hop.ifindex, hop.gateway): bytes([2, 0, 0, 0, 9, hop.ifindex])
        for hop in (A, B)
        if hop.gateway
    },
)
ADDED, DELETED = RouteEvent.ADDED, RouteEvent.DELETED
APPENDED, REPLACED = RouteEvent.APPENDED, RouteEvent.REPLACED
Event = tuple[RouteEvent, Route]
FORWARD = -1


class Router:
    """Rib, Fib and maps with every patch installed."""

    def __init__(self, *start: Event, capacity: Capacity = CAPACITY) -> None:
        self.rib, self.fib, self.maps = Rib(capacity.routes), Fib(capacity), Maps(capacity)
        self.around = AROUND
        self.now_s = 0.0
        self.confused = False
        self.say(*start)

    def say(self, *events: Event) -> int:
        """Apply events; how many words were published."""
        change = self.rib.apply(columns(list(events)), self.now_s)
        self.confused = change.confused
        patch = self.fib.update(self.rib, change, self.around)
        self.maps.install(patch)
        return sum(len(store.words) for store in patch.publish)

    def answer(self, text: str) -> tuple[str, int]:
        """The answering prefix with its metric, and its verdict or FORWARD."""
        address = parse_address(text)
        row, number = self.maps.lookup(address)
        assert (row, number) == self.fib.lookup(address)
        if not row:
            return "", number
        held = self.rib.columns
        prefix = Prefix(*(int(held[n][row]) for n in ("family", "high", "low", "length")))
        return f"{prefix} {held['metric'][row]}", number if number < FIRST_SET else FORWARD

"""What the monitor knows of next-hop objects (RTM_*NEXTHOP)."""

import struct
from dataclasses import dataclass, field, replace

import numpy as np

from ebtop.kernel.decode_nexthops import decode_nexthop_object
from ebtop.kernel.netlink import MessageType, index_messages, read_dump
from ebtop.model.columns import RouteColumns

_HEADER = struct.Struct("=BBBxI")  # nhmsg


@dataclass(slots=True)
class NexthopObjects:
    """Tells routes whose next hops say all from those whose object does more.

    A resilient group picks its member by bucket, which a route's own next hops do not show.
    """

    _plain: dict[int, bool] = field(default_factory=dict)  # by id: see NexthopObject
    _used: set[int] = field(default_factory=set)  # ids that routes named since the last dump

    def read(self) -> None:
        """Ask the kernel for all objects; forget what routes used. Raises OSError."""
        dump = read_dump(MessageType.GETNEXTHOP, _HEADER.pack(0, 0, 0, 0))
        self._plain.clear()
        self._used.clear()
        for kind, body in index_messages(dump.buffer).bodies():
            if kind == MessageType.NEWNEXTHOP:
                self.note_new(body)

    def note_new(self, body: memoryview) -> bool:
        """Note RTM_NEWNEXTHOP; whether it changed an object that routes use."""
        found = decode_nexthop_object(body)
        self._plain[found.nexthop_id] = found.plain
        return found.nexthop_id in self._used

    def note_deleted(self, body: memoryview) -> bool:
        """Note RTM_DELNEXTHOP; whether routes used the object, which are gone without a word."""
        nexthop_id = decode_nexthop_object(body).nexthop_id
        self._plain.pop(nexthop_id, None)
        return nexthop_id in self._used

    def refuse(self, columns: RouteColumns) -> RouteColumns:
        """The routes, unsupported where their object is not known to be plain."""
        ids = [group.nexthop_id for group in columns.groups]
        self._used.update(ids)
        strange = [bool(one) and not self._plain.get(one, False) for one in ids]
        if not any(strange):
            return columns
        refused = np.array(strange, dtype=np.bool_)[columns.group]
        return replace(columns, unsupported=columns.unsupported | refused)

"""A router in a namespace of its own with a monitor on it, and `ip` as the oracle."""

import json
import time
import uuid
from collections.abc import Callable
from select import select as wait_readable
from typing import Any

from ebtop.kernel.monitor import (
    LinksRead,
    Message,
    Monitor,
    NeighboursRead,
    RoutesChanged,
    RoutesDumped,
)
from ebtop.kernel.pacer import Clock
from ebtop.lab.namespace import Namespace
from ebtop.model.columns import RouteColumns, RouteEvent, select
from ebtop.model.neighbour import Neighbour
from ebtop.model.port import Link
from ebtop.model.prefix import format_prefix, parse_address
from ebtop.model.route import NexthopGroup, RouteType

PATIENCE_S = 10.0
QUIET = {
    f"net/ipv6/conf/{scope}/{key}": 0
    for scope in ("all", "default")
    for key in ("accept_dad", "accept_ra", "router_solicitations")
}
Row = dict[str, Any]


class MonitoredRouter:
    """Two ports, wan and lan, with a far end each in a second namespace."""

    def __init__(self) -> None:
        name = f"ebtop-{uuid.uuid4().hex[:8]}"
        self.namespace = Namespace(name)
        self.far = Namespace(f"{name}-far")
        self.monitor: Monitor | None = None

    def create(self) -> None:
        self.namespace.create()
        self.far.create()
        for side in (self.namespace, self.far):
            side.apply_sysctls(QUIET)
            side.ip("link set lo up")
        for port, number in (("wan", 1), ("lan", 2)):
            peer = f"{port} type veth peer name {port} netns {self.far.name}"
            self.namespace.ip(
                f"link add {peer}", f"link set {port} addrgenmode none", f"link set {port} up"
            )
            self.far.ip(
                f"link set {port} addrgenmode none",
                f"link set {port} up",
                f"address add 10.0.{number}.2/24 dev {port}",
                f"address add fd00:{number}::2/64 dev {port} nodad",
                f"address add fe80::2/64 dev {port} nodad",
            )
            self.namespace.ip(
                f"address add 10.0.{number}.1/24 dev {port}",
                f"address add fd00:{number}::1/64 dev {port} nodad",
                f"address add fe80::1/64 dev {port} nodad",
            )

        self._wait_for_carrier()

    def _wait_for_carrier(self) -> None:
        """The kernel tells of carrier a while after it has it; afterwards it is silent."""
        deadline_s = time.monotonic() + PATIENCE_S
        for side in (self.namespace, self.far):
            states: set[str] = set()
            while states != {"UP"}:
                assert time.monotonic() < deadline_s
                links = json.loads(side.read_ip("-j", "link", "show", "type", "veth"))
                states = {link["operstate"] for link in links}

    def watch(
        self, *, receive_buffer_bytes: int = 1 << 20, clock: Clock = time.monotonic
    ) -> list[Message]:
        """Start the monitor; its first dump."""
        self.monitor = self.namespace.run(
            lambda: Monitor(receive_buffer_bytes=receive_buffer_bytes, clock=clock)
        )
        return self.call(Monitor.dump_all)

    def settle(self) -> None:
        """Start the monitor and read until it has nothing left to say of what was before."""
        self.watch()
        self.namespace.ip("route add 1.1.1.1 dev lo")
        self.read_until(lambda messages: any(isinstance(one, RoutesChanged) for one in messages))

    def call(self, method: Callable[[Monitor], Any]) -> list[Message]:
        """Call the monitor in its namespace; all that it yields."""
        monitor = self.monitor
        assert monitor is not None
        return self.namespace.run(lambda: list(method(monitor)))

    def read_until(self, wanted: Callable[[list[Message]], bool]) -> list[Message]:
        """Read as an engine would, until the messages so far hold what is wanted."""
        return self.namespace.run(self._read_until, wanted)

    def _read_until(self, wanted: Callable[[list[Message]], bool]) -> list[Message]:
        assert self.monitor is not None
        messages: list[Message] = []
        deadline_s = time.monotonic() + PATIENCE_S
        while not wanted(messages):
            left_s = deadline_s - time.monotonic()
            assert left_s > 0, f"only {[type(message).__name__ for message in messages]}"
            due_s = self.monitor.due_s()
            timeout_s = left_s if due_s is None else min(due_s, left_s)
            wait_readable([self.monitor], [], [], timeout_s)
            messages += self.monitor.read()
        return messages

    def routes_until_equal(self) -> list[str]:
        """Read until a dump and the events behind it say what `ip` says."""
        messages = self.read_until(lambda messages: self._lines(messages) == self.read_routes())
        return self._lines(messages)

    def _lines(self, messages: list[Message]) -> list[str]:
        dumps = [row for row, one in enumerate(messages) if isinstance(one, RoutesDumped)]
        lines: set[str] = set()
        for message in messages[dumps[-1] :] if dumps else []:
            if isinstance(message, RoutesDumped | RoutesChanged):
                gone = message.columns.event == RouteEvent.DELETED
                lines -= set(self.rows_of(select(message.columns, gone)))
                lines |= set(self.rows_of(select(message.columns, ~gone)))
        return sorted(lines)

    def ifindex(self, name: str) -> int:
        found: int = json.loads(self.namespace.read_ip("-j", "link", "show", name))[0]["ifindex"]
        return found

    def read_routes(self) -> list[str]:
        """The kernel's routes as `ip` shows them, each as one line, sorted."""
        rows = []
        for family in ("-4", "-6"):
            shown = self.namespace.read_ip(
                "-j", "-N", "-d", family, "route", "show", "table", "all"
            )
            rows += [_line_of_json(family, row) for row in json.loads(shown or "[]")]
        return sorted(rows)

    def rows_of(self, columns: RouteColumns) -> list[str]:
        """Columns in the same form."""
        links = json.loads(self.namespace.read_ip("-j", "link", "show"))
        names = {link["ifindex"]: link["ifname"] for link in links}
        return sorted(_line_of_row(columns, row, names) for row in range(len(columns)))

    def delete(self) -> None:
        if self.monitor is not None:
            self.monitor.close()
        for side in (self.namespace, self.far):
            side.delete()


def last(messages: list[Message], kind: type[Any]) -> Any:
    """The last message of a kind."""
    return [message for message in messages if isinstance(message, kind)][-1]


def link_named(messages: list[Message], name: str) -> Link | None:
    """The link in the last LinksRead."""
    reads = [message for message in messages if isinstance(message, LinksRead)]
    found = [link for link in reads[-1].links.values() if link.name == name] if reads else []
    return found[0] if found else None


def neighbour_of(messages: list[Message], address: str) -> Neighbour | None:
    """The entry in the last NeighboursRead."""
    reads = [message for message in messages if isinstance(message, NeighboursRead)]
    entries = reads[-1].neighbours.values() if reads else []
    found = [entry for entry in entries if entry.address == parse_address(address)]
    return found[0] if found else None


def group_of(columns: RouteColumns, row: int) -> NexthopGroup:
    group: NexthopGroup = columns.groups[int(columns.group[row])]
    return group


def prefixes_of(columns: RouteColumns) -> list[str]:
    return [
        format_prefix(*(int(column[row]) for column in _destination(columns)))
        for row in range(len(columns))
    ]


def rows_with(columns: RouteColumns, prefix: str) -> list[int]:
    return [row for row, found in enumerate(prefixes_of(columns)) if found == prefix]


def _destination(columns: RouteColumns) -> tuple[Any, Any, Any, Any]:
    return columns.family, columns.high, columns.low, columns.length


def _line(*parts: object) -> str:
    return " ".join(str(part) for part in parts)


def _line_of_row(columns: RouteColumns, row: int, names: dict[int, str]) -> str:
    source = columns.family, columns.source_high, columns.source_low, columns.source_length
    group = group_of(columns, row)
    members = [
        (names.get(one.ifindex, one.ifindex), str(one) if one.gateway else "", one.weight)
        for one in group.members
    ]
    return _line(
        RouteType(int(columns.type[row])).name.lower(),
        format_prefix(*(int(column[row]) for column in _destination(columns))),
        format_prefix(*(int(column[row]) for column in source)),
        columns.table[row],
        columns.metric[row],
        columns.tos[row],
        columns.protocol[row],
        columns.mtu[row],
        group.nexthop_id,
        members,
    )


def _line_of_json(family: str, row: Row) -> str:
    everything = "0.0.0.0/0" if family == "-4" else "::/0"
    bits = "/32" if family == "-4" else "/128"

    def prefix(text: str) -> str:
        if text == "default":
            return everything
        return text if "/" in text else text + bits

    members = row.get("nexthops", [row] if "dev" in row or "gateway" in row else [])
    mtus = [metric["mtu"] for metric in row.get("metrics", []) if "mtu" in metric]
    return _line(
        row["type"] if not row["type"].isdigit() else RouteType(int(row["type"])).name.lower(),
        prefix(row["dst"]),
        prefix(row.get("from", "default")),
        row.get("table", 254),
        row.get("metric", 0),
        int(row.get("tos", "0"), 16),
        row["protocol"],
        mtus[0] if mtus else 0,
        row.get("nhid", 0),
        [
            (
                one["dev"],
                one.get("gateway", one.get("via", {}).get("host", "")),
                one.get("weight", 1),
            )
            for one in members
        ],
    )

"""A router whose routes are edited at a desk, and `ip` as the oracle."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from socket import MSG_DONTWAIT
from typing import Any

from ebtop.edit.desk import EditDesk
from ebtop.kernel.netlink import open_socket
from ebtop.kernel.route_dump import TableDump
from ebtop.kernel.route_message import RouteMessage
from ebtop.lab.namespace import Namespace
from ebtop.lab.topology import Lab
from ebtop.model.edit import Action, Edit, Outcome, RouteKey
from ebtop.model.prefix import Address, parse_address, parse_prefix
from ebtop.model.route import TABLE_MAIN

Row = dict[str, Any]


class EditedRouter:
    """Ports p1 (10.255.1.1/24, fd00:0:0:1::1/64) and p2, hosts at .2, and a desk."""

    def __init__(self, namespace: Namespace, *, read_only: bool = False) -> None:
        self.namespace = namespace
        self.desk = namespace.run(lambda: EditDesk(read_only=read_only))

    def check(self, edit: Edit) -> Outcome:
        return self.namespace.run(self.desk.check, edit)

    def commit(self, edit: Edit) -> Outcome:
        return self.namespace.run(self.desk.commit, edit)

    def ip(self, *lines: str) -> None:
        self.namespace.ip(*lines)

    def messages(self, prefix: str, table: int = TABLE_MAIN) -> list[RouteMessage]:
        wanted = parse_prefix(prefix)
        return self.namespace.run(lambda: TableDump(wanted.family, table).find(wanted))

    def rows(self, prefix: str, table: str = "main") -> list[Row]:
        """What `ip` shows of a prefix, each with its details."""
        family = "-6" if ":" in prefix else "-4"
        shown = self.namespace.read_ip(
            family, "-d", "-j", "route", "show", "exact", prefix, "table", table
        )
        rows: list[Row] = json.loads(shown or "[]")
        return rows

    def everything(self) -> str:
        """All routes of both families in all tables, but for lifetimes that run down."""
        shown = [
            self.namespace.read_ip(family, "-d", "route", "show", "table", "all")
            for family in ("-4", "-6")
        ]
        return re.sub(r"expires \d+sec", "expires", "".join(shown))


@contextmanager
def edited_router(lab: Lab, name: str = "r1", *, read_only: bool = False) -> Iterator[EditedRouter]:
    router = EditedRouter(
        lab.router(name, ports=2, host_prefix=f"{name}h").namespace, read_only=read_only
    )
    try:
        yield router
    finally:
        router.desk.close()


def key(prefix: str, metric: int | None = None, table: int = TABLE_MAIN) -> RouteKey:
    parsed = parse_prefix(prefix)
    usual = 0 if parsed.family == 4 else 1024
    return RouteKey(prefix=parsed, table=table, metric=usual if metric is None else metric)


def add(
    prefix: str, gateway: str = "", port: str = "", metric: int | None = None, table: int = 254
) -> Edit:
    named = key(prefix, metric, table)
    return Edit(
        action=Action.ADD,
        key=named,
        gateway=_address(gateway),
        port=port,
        metric=named.metric,
    )


def change(named: RouteKey, gateway: str = "", port: str = "", metric: int | None = None) -> Edit:
    return Edit(
        action=Action.REPLACE,
        key=named,
        gateway=_address(gateway),
        port=port,
        metric=named.metric if metric is None else metric,
    )


def delete(named: RouteKey) -> Edit:
    return Edit(action=Action.DELETE, key=named)


def name_of(value: object) -> str | None:
    """How an edit is called among a test's parameters."""
    if not isinstance(value, Edit):
        return None
    hop = [str(value.gateway or ""), value.port, f"table {value.key.table}"]
    return " ".join([value.action, str(value.key.prefix), *filter(None, hop)])


def _address(text: str) -> Address | None:
    return parse_address(text) if text else None


@contextmanager
def listener(router: EditedRouter, groups: int) -> Iterator[Callable[[], bytes]]:
    """Reads the route events that the kernel sent since the last call; `groups` is a mask."""
    listening = router.namespace.run(open_socket)
    with listening:
        listening.bind((0, groups))

        def read() -> bytes:
            received = bytearray()
            while True:
                try:
                    received += listening.recv(1 << 16, MSG_DONTWAIT)
                except BlockingIOError:
                    return bytes(received)

        yield read

"""What the operator wants changed in the kernel's table, and what came of it.

An edit names a route by the keys that the kernel tells routes apart by, and the values that its
fields shall have. Everything that it does not name stays as the kernel holds it.
"""

from dataclasses import dataclass
from enum import StrEnum

from ebtop.model.prefix import Address, Prefix
from ebtop.model.route import TABLE_MAIN


class Action(StrEnum):
    """The three edits."""

    ADD = "add"
    REPLACE = "replace"
    DELETE = "delete"


class Field(StrEnum):
    """What of a route the operator types; WHOLE is for what no single field is to blame for."""

    WHOLE = ""
    PREFIX = "prefix"
    GATEWAY = "gateway"
    PORT = "port"
    METRIC = "metric"


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteKey:
    """Which route: what a person names it by."""

    prefix: Prefix
    table: int = TABLE_MAIN
    metric: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One change.

    ADD makes the route `key` with the next hop; REPLACE gives the route `key` another next hop
    or another metric; DELETE wants nothing more than `key`.
    """

    action: Action
    key: RouteKey
    gateway: Address | None = None  # None: straight out of the port
    port: str = ""  # interface name; "": the kernel finds it by the gateway
    metric: int = 0  # of the result; REPLACE with another than the key's moves the route


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What the engine says of an edit that was checked or committed."""

    done: bool  # the kernel took it (a check: would take it)
    field: Field = Field.WHOLE  # what is to blame when it did not
    message: str = ""  # one sentence; the kernel's own words where it refused
    commands: tuple[str, ...] = ()  # the `ip route` lines that do the same
    warnings: tuple[str, ...] = ()  # one sentence each

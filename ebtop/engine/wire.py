"""The messages of the engine's socket: one JSON object a packet, with a schema number and a kind.

The engine sends "loading" (what it does before it can be watched), "columns" (with the descriptor
of the shared columns), "tick" (all of a Snapshot but the columns), "answer" (to a request) and
"refused" (why the connection ends). A tick carries `groups`, `names` and `neighbours` only when
the client has not seen them yet. What clients send is in engine/requests.py.
"""

import json
from dataclasses import asdict, dataclass
from typing import Any

from ebtop.model.edit import Field, Outcome
from ebtop.model.neighbour import Neighbour, NeighbourState
from ebtop.model.port import AttachKind, Mode, PortStatus, Reason
from ebtop.model.prefix import Address, parse_address
from ebtop.model.route import Nexthop, NexthopGroup
from ebtop.model.snapshot import Snapshot, Totals

SCHEMA = 1
_PLAIN = ("host", "owner", "tick", "taken_ns", "loading", "lease_s", "reconciled_s", "structure")


class WireError(ValueError):
    """A message that is none of ours."""


@dataclass(frozen=True, slots=True)
class Origin:
    """How an engine was started."""

    transient: bool  # by a screen, and to end with its last one
    arguments: tuple[str, ...] = ()  # of `ebtop run`


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What of a tick a client has not seen yet, and what is said to it alone."""

    structure: bool
    neighbours: bool
    read_only: bool


def encode_message(kind: str, **values: Any) -> bytes:
    """A message of that kind. What is no text stays as it was: a name may be any bytes."""
    message = {"schema": SCHEMA, "kind": kind, **values}
    return json.dumps(message, separators=(",", ":")).encode()


def decode_message(data: bytes) -> dict[str, Any]:
    """The object of a message. Raises WireError."""
    try:
        message = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise WireError("the message is no JSON") from error
    if not isinstance(message, dict) or message.get("schema") != SCHEMA:
        raise WireError("the engine is of another version of ebtop: end it and start again")
    return message


def encode_tick(snapshot: Snapshot, news: News) -> bytes:
    """The message of one tick."""
    message: dict[str, Any] = {name: getattr(snapshot, name) for name in _PLAIN}
    message |= {
        "mode": snapshot.mode,
        "totals": asdict(snapshot.totals),
        "ports": [asdict(port) for port in snapshot.ports],
        "notices": snapshot.notices,
        "read_only": news.read_only,
    }
    if news.structure:
        message["groups"] = [_encode_group(group) for group in snapshot.groups]
        message["names"] = snapshot.names
    if news.neighbours:
        message["neighbours"] = [_encode_neighbour(n) for n in snapshot.neighbours.values()]
    return encode_message("tick", **message)


def decode_tick(message: dict[str, Any], previous: Snapshot | None) -> Snapshot:
    """The snapshot but for its columns; what a tick leaves out comes from the previous one.

    Raises WireError, KeyError, TypeError or ValueError.
    """
    if previous is None and not {"groups", "names", "neighbours"} <= message.keys():
        raise WireError("the engine's first message lacks the next hops")
    return Snapshot(
        **{name: message[name] for name in _PLAIN},
        mode=Mode(message["mode"]),
        totals=Totals(**message["totals"]),
        ports=tuple(_decode_port(port) for port in message["ports"]),
        notices=tuple(message["notices"]),
        read_only=bool(message["read_only"]),
        groups=tuple(_decode_group(group) for group in message["groups"])
        if previous is None or "groups" in message
        else previous.groups,
        names={int(ifindex): name for ifindex, name in message["names"].items()}
        if previous is None or "names" in message
        else previous.names,
        neighbours=_decode_neighbours(message["neighbours"])
        if previous is None or "neighbours" in message
        else previous.neighbours,
    )


def encode_answer(number: int, outcome: Outcome) -> bytes:
    """The message that answers a request."""
    return encode_message("answer", answer=number, **asdict(outcome))


def decode_answer(message: dict[str, Any]) -> tuple[int, Outcome]:
    """Number and outcome. Raises KeyError, TypeError or ValueError."""
    outcome = Outcome(
        done=bool(message["done"]),
        field=Field(message["field"]),
        message=str(message["message"]),
        commands=tuple(map(str, message["commands"])),
        warnings=tuple(map(str, message["warnings"])),
    )
    return int(message["answer"]), outcome


def encode_origin(origin: Origin) -> bytes:
    """The message that goes with the descriptor of the columns."""
    return encode_message("columns", transient=origin.transient, arguments=origin.arguments)


def decode_origin(message: dict[str, Any]) -> Origin:
    """How the engine was started. Raises KeyError or TypeError."""
    return Origin(bool(message["transient"]), tuple(map(str, message["arguments"])))


def _encode_group(group: NexthopGroup) -> list[Any]:
    members = [
        [m.ifindex, str(m.gateway) if m.gateway else None, m.weight, m.flags] for m in group.members
    ]
    return [group.nexthop_id, members]


def _decode_group(value: list[Any]) -> NexthopGroup:
    members = (
        Nexthop(ifindex, parse_address(gateway) if gateway else None, weight, flags)
        for ifindex, gateway, weight, flags in value[1]
    )
    return NexthopGroup(value[0], tuple(members))


def _encode_neighbour(neighbour: Neighbour) -> list[Any]:
    mac, state = neighbour.mac.hex(), int(neighbour.state)
    return [neighbour.ifindex, str(neighbour.address), mac, state]


def _decode_neighbours(values: list[Any]) -> dict[tuple[int, Address], Neighbour]:
    entries = (
        Neighbour(ifindex, parse_address(address), bytes.fromhex(mac), NeighbourState(state))
        for ifindex, address, mac, state in values
    )
    return {(entry.ifindex, entry.address): entry for entry in entries}


def _decode_port(value: dict[str, Any]) -> PortStatus:
    return PortStatus(
        **value
        | {
            "mode": Mode(value["mode"]),
            "attach": AttachKind(value["attach"]),
            "reasons": tuple(Reason(**reason) for reason in value["reasons"]),
            "verdicts": {int(verdict): count for verdict, count in value["verdicts"].items()},
        }
    )

"""The messages of the engine's socket: one JSON object a packet, with a schema number.

The engine sends ticks: all of a Snapshot but the columns, which are in shared memory. A tick
carries `groups` and `names` only when the client has not seen their `structure` yet.
"""

import json
from dataclasses import asdict
from typing import Any

from ebtop.model.port import AttachKind, Mode, PortStatus, Reason
from ebtop.model.prefix import parse_address
from ebtop.model.route import Nexthop, NexthopGroup
from ebtop.model.snapshot import Snapshot, Totals

SCHEMA = 1
SOCKET_NAME = "\0ebtop"
MAX_MESSAGE_BYTES = 1 << 22
_PLAIN = ("host", "owner", "tick", "taken_ns", "loading", "lease_s", "reconciled_s", "structure")


class WireError(ValueError):
    """A message that is none of ours."""


def encode_tick(snapshot: Snapshot, *, with_structure: bool) -> bytes:
    """The message of one tick."""
    message: dict[str, Any] = {name: getattr(snapshot, name) for name in _PLAIN}
    message |= {
        "schema": SCHEMA,
        "mode": snapshot.mode,
        "totals": asdict(snapshot.totals),
        "ports": [asdict(port) for port in snapshot.ports],
        "notices": snapshot.notices,
    }
    if with_structure:
        message["groups"] = [_encode_group(group) for group in snapshot.groups]
        message["names"] = snapshot.names
    return json.dumps(message, separators=(",", ":")).encode()


def decode_message(data: bytes) -> dict[str, Any]:
    """The object of a message. Raises WireError."""
    try:
        message = json.loads(data)
    except ValueError as error:
        raise WireError("the engine's message is no JSON") from error
    if not isinstance(message, dict) or message.get("schema") != SCHEMA:
        raise WireError("the engine is of another version of ebtop: end it and start again")
    return message


def decode_tick(message: dict[str, Any], previous: Snapshot | None) -> Snapshot:
    """The snapshot but for its columns; what a tick leaves out comes from the previous one."""
    if "groups" in message:
        groups = tuple(_decode_group(group) for group in message["groups"])
        names = {int(ifindex): name for ifindex, name in message["names"].items()}
    elif previous is not None:
        groups, names = previous.groups, previous.names
    else:
        raise WireError("the engine's first message lacks the next hops")
    return Snapshot(
        **{name: message[name] for name in _PLAIN},
        mode=Mode(message["mode"]),
        totals=Totals(**message["totals"]),
        ports=tuple(_decode_port(port) for port in message["ports"]),
        notices=tuple(message["notices"]),
        groups=groups,
        names=names,
    )


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

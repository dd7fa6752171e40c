"""What clients ask of the engine: one JSON object a packet, which may be anything at all."""

from dataclasses import dataclass
from typing import Any

from ebtop.engine.wire import WireError, decode_message, encode_message
from ebtop.model.edit import Action, Edit, RouteKey
from ebtop.model.prefix import parse_address, parse_prefix

MAX_REQUEST_BYTES = 4096
_MAX_WORD = (1 << 32) - 1
_MAX_NUMBER = (1 << 53) - 1  # what JSON's readers agree on
_NAME_BYTES = 15


@dataclass(frozen=True, slots=True)
class Focus:
    """The operator looks at this route (id 0: at none)."""

    route: int
    born: int


@dataclass(frozen=True, slots=True)
class Check:
    """Would the kernel take the edit?"""

    number: int
    edit: Edit


@dataclass(frozen=True, slots=True)
class Commit:
    """Write the edit."""

    number: int
    edit: Edit


@dataclass(frozen=True, slots=True)
class ReadOnly:
    """Refuse this client's edits from here on."""


Request = Focus | Check | Commit | ReadOnly


def encode_request(request: Request) -> bytes:
    """The message of a request."""
    match request:
        case Focus(route, born):
            return encode_message("focus", route=int(route), born=int(born))
        case Check(number, edit):
            return encode_message("check", request=number, edit=_encode_edit(edit))
        case Commit(number, edit):
            return encode_message("commit", request=number, edit=_encode_edit(edit))
        case ReadOnly():
            return encode_message("read_only")


def decode_request(data: bytes) -> Request:
    """The request that a client sent. Raises WireError, and nothing else, whatever it sent."""
    message = decode_message(data)
    match message.get("kind"):
        case "focus":
            route, born = (_take_number(message, name, _MAX_WORD) for name in ("route", "born"))
            return Focus(route, born)
        case "check":
            return Check(_take_number(message, "request", _MAX_NUMBER), _decode_edit(message))
        case "commit":
            return Commit(_take_number(message, "request", _MAX_NUMBER), _decode_edit(message))
        case "read_only":
            return ReadOnly()
    raise WireError("the request is of no known kind")


def _encode_edit(edit: Edit) -> dict[str, Any]:
    return {
        "action": edit.action,
        "prefix": str(edit.key.prefix),
        "table": edit.key.table,
        "key_metric": edit.key.metric,
        "gateway": None if edit.gateway is None else str(edit.gateway),
        "port": edit.port,
        "metric": edit.metric,
    }


def _decode_edit(message: dict[str, Any]) -> Edit:
    value = message.get("edit")
    if not isinstance(value, dict):
        raise WireError("the request lacks its edit")
    gateway = value.get("gateway")
    try:
        return Edit(
            action=Action(_take_text(value, "action")),
            key=RouteKey(
                prefix=parse_prefix(_take_text(value, "prefix")),
                table=_take_number(value, "table", _MAX_WORD),
                metric=_take_number(value, "key_metric", _MAX_WORD),
            ),
            gateway=None if gateway is None else parse_address(_take_text(value, "gateway")),
            port=_take_name(value, "port"),
            metric=_take_number(value, "metric", _MAX_WORD),
        )
    except ValueError as error:
        raise WireError(f"the edit is none: {error}") from error


def _take_number(message: dict[str, Any], name: str, most: int) -> int:
    value = message.get(name)
    if type(value) is not int or not 0 <= value <= most:
        raise WireError(f"{name} is no number from 0 to {most}")
    return value


def _take_text(message: dict[str, Any], name: str) -> str:
    value = message.get(name)
    if not isinstance(value, str):
        raise WireError(f"{name} is no text")
    return value


def _take_name(message: dict[str, Any], name: str) -> str:
    """An interface name as the kernel allows it, or ""."""
    value = _take_text(message, name)
    if len(value.encode(errors="surrogateescape")) > _NAME_BYTES or "\0" in value or "/" in value:
        raise WireError(f"{name} is no name of an interface")
    return value

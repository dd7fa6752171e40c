"""What is written, as another netlink library reads it: pyroute2 agrees on every field."""

import struct
from typing import Any

import pytest
from pyroute2.netlink.rtnl.rtmsg import rtmsg

from ebtop.edit.compile import compile_added, compile_replaced
from ebtop.kernel.netlink import MessageType, pack_request
from ebtop.kernel.route_message import RouteMessage
from ebtop.model.edit import Action, Edit, RouteKey
from ebtop.model.prefix import Address, parse_address, parse_prefix
from ebtop.model.route import PROTOCOL_EBTOP, RouteType


def read(route: RouteMessage) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header fields and attributes."""
    message = rtmsg(pack_request(MessageType.NEWROUTE, 0, route.pack()))
    message.decode()
    value = message.getvalue()
    return value, {attribute[0]: attribute[1] for attribute in value["attrs"]}


def edit_of(action: Action, prefix: str, gateway: str | None, metric: int) -> Edit:
    key = RouteKey(prefix=parse_prefix(prefix), metric=metric)
    address: Address | None = parse_address(gateway) if gateway else None
    return Edit(action=action, key=key, gateway=address, port="p1", metric=metric)


@pytest.mark.parametrize(
    ("prefix", "gateway", "family", "length"),
    [
        ("10.1.0.0/16", "10.0.0.2", 2, 16),
        ("0.0.0.0/0", "10.0.0.2", 2, 0),
        ("10.1.1.1/32", None, 2, 32),
        ("2001:db8::/32", "fd00::2", 10, 32),
        ("2001:db8::1/128", None, 10, 128),
    ],
)
def test_added_route(prefix: str, gateway: str | None, family: int, length: int) -> None:
    header, attributes = read(compile_added(edit_of(Action.ADD, prefix, gateway, 77), 5))

    assert (header["family"], header["dst_len"]) == (family, length)
    assert (header["proto"], header["type"]) == (PROTOCOL_EBTOP, RouteType.UNICAST)
    assert header["scope"] == (253 if family == 2 and gateway is None else 0)
    assert attributes.get("RTA_DST") == (prefix.partition("/")[0] if length else None)
    assert attributes.get("RTA_GATEWAY") == gateway
    assert (attributes["RTA_OIF"], attributes["RTA_PRIORITY"]) == (5, 77)
    assert attributes["RTA_TABLE"] == 254


def test_ipv4_route_by_way_of_an_ipv6_gateway() -> None:
    route = compile_added(edit_of(Action.ADD, "10.1.0.0/16", "fd00::2", 0), 5)
    _, attributes = read(route)

    assert attributes["RTA_VIA"] == {"family": 10, "addr": "fd00::2"}
    assert "RTA_GATEWAY" not in attributes


def test_replaced_route_keeps_what_the_edit_does_not_name() -> None:
    before = compile_added(edit_of(Action.ADD, "10.1.0.0/16", "10.0.0.2", 0), 5)
    carried = RouteMessage(
        prefix=before.prefix,
        table=before.table,
        protocol=186,
        type=before.type,
        attributes={**before.attributes, 7: bytes((10, 0, 0, 1)), 11: struct.pack("=I", 0x20003)},
    )
    edit = edit_of(Action.REPLACE, "10.1.0.0/16", "10.0.0.9", 0)
    header, attributes = read(compile_replaced(carried, edit, 6))

    assert header["proto"] == 186
    assert (attributes["RTA_GATEWAY"], attributes["RTA_OIF"]) == ("10.0.0.9", 6)
    assert (attributes["RTA_PREFSRC"], attributes["RTA_FLOW"]) == ("10.0.0.1", 0x20003)

"""What the operator typed, checked at every keystroke: texts -> an edit, or what is wrong.

Only what is certain is complained of; whether the kernel takes the edit, it says itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_network

from ebtop.edit.surroundings import KnownRoute, Surroundings
from ebtop.model.edit import Action, Edit, Field, RouteKey
from ebtop.model.format import MISSING, format_untrusted
from ebtop.model.prefix import Address, Prefix, parse_address, parse_prefix
from ebtop.model.route import RouteType

DEFAULT_METRIC = {4: 0, 6: 1024}
"""By family: what `ip route add` gives a route whose metric is not said."""

_LOWEST_METRIC = {4: 0, 6: 1}
_HIGHEST_METRIC = (1 << 32) - 1
_NO_GATEWAY = {"", "-", MISSING, "connected"}
_KEPT = (None, "")  # gateway and port of a REPLACE that leaves the next hops alone
_TEXT_CELLS = 40
_NEVER_GATEWAYS = {
    parse_prefix("0.0.0.0/32"): "the unspecified address",
    parse_prefix("::/128"): "the unspecified address",
    parse_prefix("224.0.0.0/4"): "a multicast address",
    parse_prefix("ff00::/8"): "a multicast address",
    parse_prefix("127.0.0.0/8"): "a loopback address",
    parse_prefix("::1/128"): "a loopback address",
    parse_prefix("255.255.255.255/32"): "the broadcast address",
}
_LINK_LOCAL = parse_prefix("fe80::/10")


@dataclass(frozen=True, slots=True)
class Complaint:
    """What is wrong with a text, in one sentence, and in which field."""

    field: Field
    message: str


class _Wrong(Exception):  # noqa: N818  it carries a complaint and never leaves this module
    def __init__(self, field: Field, message: str) -> None:
        self.complaint = Complaint(field, message)


def parse_edit(
    action: Action, key: RouteKey | None, texts: Mapping[Field, str], around: Surroundings
) -> Edit | Complaint:
    """The edit that the texts of the fields make, or the first complaint.

    ADD takes a prefix among the texts and no key. REPLACE and DELETE take the key of a route; a
    field that REPLACE has no text for stays as it is. No gateway is "", "-" or "connected"; an
    empty port is found by the kernel; an empty metric is the family's default.
    """
    try:
        if action is Action.ADD:
            return _parse_add(texts, around)
        assert key is not None
        route = _find_one(key, around)
        if action is Action.DELETE:
            return Edit(action=action, key=key, metric=key.metric)
        return _parse_replace(key, route, texts, around)
    except _Wrong as wrong:
        return wrong.complaint


def _parse_add(texts: Mapping[Field, str], around: Surroundings) -> Edit:
    prefix = _parse_prefix(texts.get(Field.PREFIX, ""))
    gateway = _parse_gateway(texts.get(Field.GATEWAY, ""), prefix, around)
    port = _parse_port(texts.get(Field.PORT, ""), around)
    _check_next_hop(gateway, port)
    metric = _parse_metric(texts.get(Field.METRIC, ""), prefix.family)
    key = RouteKey(prefix=prefix, metric=metric)
    _check_free(key, around)
    return Edit(action=Action.ADD, key=key, gateway=gateway, port=port, metric=metric)


def _parse_replace(
    key: RouteKey, route: KnownRoute, texts: Mapping[Field, str], around: Surroundings
) -> Edit:
    metric = key.metric
    if Field.METRIC in texts:
        metric = _parse_metric(texts[Field.METRIC], key.prefix.family)
    gateway, port = _parse_next_hop(key.prefix, route, texts, around)
    if metric != key.metric:
        _check_free(RouteKey(prefix=key.prefix, table=key.table, metric=metric), around)
    elif (gateway, port) == _KEPT or (gateway == route.gateway and port in {route.port, ""}):
        raise _Wrong(Field.WHOLE, "Nothing is changed yet.")
    return Edit(action=Action.REPLACE, key=key, gateway=gateway, port=port, metric=metric)


def _parse_next_hop(
    prefix: Prefix, route: KnownRoute, texts: Mapping[Field, str], around: Surroundings
) -> tuple[Address | None, str]:
    """What stands in the edit; where neither is typed, whatever the kernel holds by then stays."""
    typed = [field for field in (Field.GATEWAY, Field.PORT) if field in texts]
    if not typed:
        return _KEPT
    if route.type != RouteType.UNICAST or route.paths != 1:
        raise _Wrong(typed[0], _only_metric(route))
    gateway, port = route.gateway, route.port
    if Field.GATEWAY in texts:
        gateway = _parse_gateway(texts[Field.GATEWAY], prefix, around)
    if Field.PORT in texts:
        port = _parse_port(texts[Field.PORT], around)
    _check_next_hop(gateway, port)
    return gateway, port


def _only_metric(route: KnownRoute) -> str:
    if route.type != RouteType.UNICAST:
        return "A route of this type has no gateway and no port: only its metric can be edited."
    return (
        f"The route has {route.paths} next hops: only its metric can be edited here, "
        "its next hops with `ip route`."
    )


def _find_one(key: RouteKey, around: Surroundings) -> KnownRoute:
    found = around.find(key)
    if not found:
        raise _Wrong(Field.WHOLE, f"The route to {key.prefix} has gone meanwhile.")
    if len(found) > 1:
        raise _Wrong(
            Field.WHOLE,
            f"{len(found)} routes to {key.prefix} have metric {key.metric}: "
            "edit them with `ip route`.",
        )
    return found[0]


def _check_free(key: RouteKey, around: Surroundings) -> None:
    if around.find(key):
        raise _Wrong(
            Field.METRIC,
            f"A route to {key.prefix} with metric {key.metric} exists already: "
            "edit it, or choose another metric.",
        )


def _parse_prefix(text: str) -> Prefix:
    text = text.strip()
    if not text:
        raise _Wrong(Field.PREFIX, "A route needs a prefix, like 10.0.0.0/8 or 2001:db8::/32.")
    if text == "default":
        raise _Wrong(Field.PREFIX, "The default route is 0.0.0.0/0 or ::/0: type one of them.")
    try:
        canonical = parse_prefix(str(ip_network(text, strict=False))) if "%" not in text else None
    except ValueError:
        canonical = None
    if canonical is None:
        shown = format_untrusted(text, _TEXT_CELLS)
        raise _Wrong(Field.PREFIX, f"{shown} is no prefix, like 10.0.0.0/8 or 2001:db8::/32.")
    try:
        return parse_prefix(text)
    except ValueError:
        raise _Wrong(Field.PREFIX, f"{text} has host bits; {canonical} would do.") from None


def _parse_gateway(text: str, prefix: Prefix, around: Surroundings) -> Address | None:
    text = text.strip()
    if text in _NO_GATEWAY:
        return None
    address, zone, _ = text.partition("%")
    if zone:
        raise _Wrong(Field.GATEWAY, "The port has a field of its own: leave the % away.")
    try:
        gateway = parse_address(address)
    except ValueError:
        shown = format_untrusted(text, _TEXT_CELLS)
        raise _Wrong(Field.GATEWAY, f"{shown} is no IP address.") from None
    _check_gateway(gateway, prefix, around)
    return gateway


def _check_gateway(gateway: Address, prefix: Prefix, around: Surroundings) -> None:
    if prefix.family == 6 and gateway.family == 4:
        raise _Wrong(Field.GATEWAY, "An IPv6 route needs an IPv6 gateway.")
    for never, name in _NEVER_GATEWAYS.items():
        if never.contains(gateway):
            raise _Wrong(Field.GATEWAY, f"{gateway} is {name}, which no gateway has.")
    if around.is_own(gateway):
        raise _Wrong(Field.GATEWAY, f"{gateway} is this router's own address.")


def _parse_port(text: str, around: Surroundings) -> str:
    name = text.strip()
    if name and not around.has_port(name):
        shown = format_untrusted(name, _TEXT_CELLS)
        raise _Wrong(Field.PORT, f"There is no port {shown} here.")
    return name


def _check_next_hop(gateway: Address | None, port: str) -> None:
    if gateway is None and not port:
        raise _Wrong(Field.GATEWAY, "A route needs a gateway, a port, or both.")
    if gateway is not None and not port and _LINK_LOCAL.contains(gateway):
        raise _Wrong(Field.PORT, f"{gateway} is link-local: say by which port it is reached.")


def _parse_metric(text: str, family: int) -> int:
    text = text.strip()
    if not text:
        return DEFAULT_METRIC[family]
    lowest = _LOWEST_METRIC[family]
    number = int(text) if text.isascii() and text.isdecimal() and len(text) <= 10 else -1
    if not lowest <= number <= _HIGHEST_METRIC:
        shown = format_untrusted(text, _TEXT_CELLS)
        raise _Wrong(
            Field.METRIC,
            f"{shown} is no metric: an IPv{family} route has one "
            f"from {lowest} to {_HIGHEST_METRIC}, the lowest wins.",
        )
    return number

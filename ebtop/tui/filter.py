"""What the operator types to see fewer routes, and which routes that leaves.

Words are and-ed. An address leaves the routes that contain it, a prefix those within it; any other
word leaves routes whose prefix or next hop begins so, or whose port, owner or type has it in its
name. After `via`, `dev` and `proto`, as in `ip route`, a word means only that.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from ebtop.model.format import format_untrusted
from ebtop.model.prefix import (
    ADDRESS_BITS,
    Address,
    Prefix,
    mask,
    mask_columns,
    parse_address,
)
from ebtop.model.route import Nexthop, RouteType, format_owner, format_type
from ebtop.model.snapshot import Snapshot
from ebtop.tui.beginnings import Beginning, parse_beginnings, whole

Hits = NDArray[np.bool_]
"""By route id."""

_SHOWN_CELLS = 40  # of a word that is wrong
_OF_AN_ADDRESS = re.compile(r"[0-9a-f.:]+")
_DOTTED = re.compile(r"\d+(\.\d*)+", re.ASCII)

_OWNER_NAMES = [format_owner(number) for number in range(256)]
# "st" shall not be found in what nearly every route is, and no row says.
_TYPE_NAMES = [format_type(n) if n != RouteType.UNICAST else "" for n in range(256)]


@dataclass(frozen=True, slots=True)
class Containing:
    """Routes whose prefix holds the address."""

    address: Address

    def matches(self, snapshot: Snapshot) -> Hits:
        """By route id."""
        table = snapshot.routes
        high, low = mask_columns(np.minimum(table["length"], 128))
        hits = table["family"] == self.address.family
        hits &= (np.uint64(self.address.high) & high) == table["high"]
        hits &= (np.uint64(self.address.low) & low) == table["low"]
        return cast("Hits", hits)


@dataclass(frozen=True, slots=True)
class Within:
    """Routes whose prefix lies in the given one."""

    prefix: Prefix

    def matches(self, snapshot: Snapshot) -> Hits:
        """By route id."""
        prefix = self.prefix
        beginning = Beginning(prefix.family, prefix.length, prefix.high, prefix.low)
        return beginning.matches(snapshot) & (snapshot.routes["length"] >= prefix.length)


@dataclass(frozen=True, slots=True)
class Word:
    """Routes that have a text in one of their names; `where` is the only one, "" any."""

    text: str  # lower case
    where: str = ""
    beginnings: tuple[Beginning, ...] = ()
    gateway: Address | None = None  # the text is this address, and no other one begins so

    def matches(self, snapshot: Snapshot) -> Hits:
        """By route id."""
        table = snapshot.routes
        hits = np.zeros(len(table), dtype=np.bool_)
        for beginning in self.beginnings:
            hits |= beginning.matches(snapshot)
        if self.where in {"", "proto"}:
            hits |= self._named(_OWNER_NAMES)[table["protocol"]]
        if not self.where:
            hits |= self._named(_TYPE_NAMES)[table["type"]]
            if self.text == format_type(RouteType.UNICAST):
                hits |= table["type"] == int(RouteType.UNICAST)
        if self.where != "proto":
            hits |= self._next_hops(snapshot)
        return hits

    def _named(self, names: Sequence[str]) -> Hits:
        return np.array([self.text in name.lower() for name in names], dtype=np.bool_)

    def _next_hops(self, snapshot: Snapshot) -> Hits:
        """Routes with a next hop that begins so, or whose port has it in its name."""
        ports: set[int] = set()
        if self.where != "via":
            ports = {index for index, name in snapshot.names.items() if self.text in name.lower()}
        groups = np.zeros(len(snapshot.groups) + 1, dtype=np.bool_)  # the last: no such group
        for number, group in enumerate(snapshot.groups):
            groups[number] = any(member.ifindex in ports for member in group.members)
        if self.where != "dev" and self._may_be_next_hop():
            for number, group in enumerate(snapshot.groups):
                groups[number] |= any(self._is_next_hop(member) for member in group.members)
        table = snapshot.routes
        of_route = groups[np.minimum(table["group"], len(snapshot.groups))]
        return cast("Hits", of_route & (table["type"] == int(RouteType.UNICAST)))

    def _is_next_hop(self, member: Nexthop) -> bool:
        if self.gateway is not None:
            return member.gateway == self.gateway
        return str(member).startswith(self.text)

    def _may_be_next_hop(self) -> bool:
        return bool(_OF_AN_ADDRESS.fullmatch(self.text)) or "connected".startswith(self.text)


Term = Containing | Within | Word | Beginning


@dataclass(frozen=True, slots=True)
class Filter:
    """Words that are understood."""

    text: str
    terms: tuple[Term, ...]
    note: str = ""  # what a word was taken for where that is not plain

    @property
    def address(self) -> Address | None:
        """The first address that the routes have to contain."""
        found = (term.address for term in self.terms if isinstance(term, Containing))
        return next(found, None)

    def matches(self, snapshot: Snapshot) -> Hits:
        """By route id; about 30 ms a word for a million routes."""
        hits = np.ones(len(snapshot.routes), dtype=np.bool_)
        for term in self.terms:
            hits &= term.matches(snapshot)
        return hits


@dataclass(frozen=True, slots=True)
class Rejected:
    """A text that is no filter, and why in one sentence."""

    message: str


class _WrongWordError(ValueError):
    """A word that looks like an address or a prefix, and is none."""


def parse_filter(text: str) -> Filter | Rejected | None:
    """What a text asks for; None: nothing."""
    terms: list[Term] = []
    notes: list[str] = []
    where = ""
    try:
        for word in text.lower().split():
            if not where and word in {"via", "dev", "proto"}:
                where = word
                continue
            terms.append(_parse_named(word, where) if where else _parse_word(word, notes))
            where = ""
    except _WrongWordError as wrong:
        return Rejected(str(wrong))
    return Filter(" ".join(text.split()), tuple(terms), "; ".join(notes)) if terms else None


def _parse_named(word: str, where: str) -> Term:
    try:
        return Word(word, where, gateway=parse_address(word))
    except ValueError:
        return Word(word, where)


def _parse_word(word: str, notes: list[str]) -> Term:
    if "/" in word:
        return _parse_prefix(word, notes)
    try:
        return Containing(parse_address(word))
    except ValueError:
        beginnings = parse_beginnings(word)
    if not beginnings and _DOTTED.fullmatch(word):
        raise _WrongWordError(f"{_shown(word)} is no IPv4 address.")
    if not beginnings and ":" in word and _OF_AN_ADDRESS.fullmatch(word):
        raise _WrongWordError(f"{_shown(word)} is no IPv6 address.")
    return Word(word, "", beginnings)


def _parse_prefix(word: str, notes: list[str]) -> Term:
    """A prefix, with host bits or without; before its length is typed, what begins so."""
    text, _, digits = word.partition("/")
    address = _parse_base(word, text)
    if not digits:
        return whole(address)
    most = ADDRESS_BITS[address.family]
    if not (re.fullmatch(r"[0-9]{1,3}", digits) and int(digits) <= most):
        raise _WrongWordError(f"{_shown(word)} is no prefix: IPv{address.family} ends at /{most}.")
    high, low = mask(int(digits))
    prefix = Prefix(address.family, address.high & high, address.low & low, int(digits))
    if (prefix.high, prefix.low) != (address.high, address.low):
        notes.append(f"{_shown(word)} has host bits, taken for {prefix}")
    return Within(prefix)


def _parse_base(word: str, text: str) -> Address:
    """The address before the slash; as `ip` does, "10.1/16" is taken for "10.1.0.0/16"."""
    dots = text.count(".")
    padded = text + ".0" * (3 - dots) if ":" not in text and dots < 3 else text
    try:
        return parse_address(padded)
    except ValueError:
        why = f"{_shown(text)} is no address" if text else "it lacks an address"
        raise _WrongWordError(f"{_shown(word)} is no prefix: {why}.") from None


def _shown(word: str) -> str:
    return format_untrusted(word, _SHOWN_CELLS)

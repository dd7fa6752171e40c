"""Addresses that are typed only in part: which of them begin so, as one reads them."""

import re
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from ebtop.model.prefix import ADDRESS_BITS, Address, mask
from ebtop.model.snapshot import RouteTable, Snapshot

_IPV4 = re.compile(r"\d{1,3}(\.\d{1,3}){0,3}\.?", re.ASCII)
_IPV6 = re.compile(r"[0-9a-f]{0,4}(:[0-9a-f]{0,4})*")
_STEP_BITS = {4: 8, 6: 16}
_MOST_PARTS = {4: 4, 6: 8}


@dataclass(frozen=True, slots=True)
class Beginning:
    """The first `bits` of an address, and the digits that its next octet or group begins with."""

    family: int
    bits: int
    high: int
    low: int
    digits: str = ""

    def matches(self, snapshot: Snapshot) -> NDArray[np.bool_]:
        """By route id: whether the prefix begins so."""
        table = snapshot.routes
        high, low = mask(self.bits)
        hits = table["family"] == self.family
        hits &= (table["high"] & np.uint64(high)) == np.uint64(self.high)
        hits &= (table["low"] & np.uint64(low)) == np.uint64(self.low)
        if self.digits:
            hits &= _fitting(self.family, self.digits)[self._next_part(table)]
        return cast("NDArray[np.bool_]", hits)

    def _next_part(self, table: RouteTable) -> NDArray[np.intp]:
        step = _STEP_BITS[self.family]
        half = table["high"] if self.bits < 64 else table["low"]
        part = (half >> np.uint64(64 - self.bits % 64 - step)) & np.uint64((1 << step) - 1)
        return cast("NDArray[np.intp]", part.astype(np.intp))


def whole(address: Address) -> Beginning:
    """Prefixes of any length at exactly this address."""
    return Beginning(address.family, ADDRESS_BITS[address.family], address.high, address.low)


def parse_beginnings(word: str) -> tuple[Beginning, ...]:
    """What a word of lower case can begin: an address of one family, of both, or of none."""
    found = (_parse_ipv4(word), _parse_ipv6(word))
    return tuple(beginning for beginning in found if beginning is not None)


def _parse_ipv4(word: str) -> Beginning | None:
    return _made(4, word.split("."), 10) if _IPV4.fullmatch(word) else None


def _parse_ipv6(word: str) -> Beginning | None:
    """What follows "::" or a leading zero narrows nothing before it is whole."""
    if not _IPV6.fullmatch(word) or word.count("::") > 1 or ":::" in word:
        return None
    before, gap, _ = word.partition("::")
    parts = [*before.split(":"), ""] if gap else word.split(":")
    return _made(6, [*parts[:-1], "" if _is_padded(parts[-1]) else parts[-1]], 16)


def _made(family: int, parts: list[str], base: int) -> Beginning | None:
    """All parts but the last are whole; None where no address begins so."""
    *done, digits = parts
    if done == [""] and not digits:  # a lone colon
        done = []
    step = _STEP_BITS[family]
    values = [int(part, base) if part else -1 for part in done]
    padded = family == 4 and any(_is_padded(part) for part in done)
    if len(parts) > _MOST_PARTS[family] or padded:
        return None
    if any(not 0 <= value < 1 << step for value in values):
        return None
    if digits and not _fitting(family, digits).any():
        return None
    bits = step * len(values)
    number = 0
    for value in values:
        number = number << step | value
    number <<= (64 if family == 4 else 128) - bits
    high, low = (number, 0) if family == 4 else (number >> 64, number & (1 << 64) - 1)
    return Beginning(family, bits, high, low, digits)


def _fitting(family: int, digits: str) -> NDArray[np.bool_]:
    """By value: whether an octet or group is written with these digits first."""
    base = 10 if family == 4 else 16
    fitting = np.zeros(1 << _STEP_BITS[family], dtype=np.bool_)
    value, span = int(digits, base), 1
    if _is_padded(digits):
        return fitting
    while value < len(fitting):
        fitting[value : value + span] = True
        if not value:
            break
        value, span = value * base, span * base
    return fitting


def _is_padded(digits: str) -> bool:
    return len(digits) > 1 and digits.startswith("0")

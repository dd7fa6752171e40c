"""Prefixes of both families as pairs of 64-bit integers.

Addresses are left-aligned: an IPv4 address is the upper 32 bits of `high` and `low` is 0, so
that masks, order and longest-prefix match are the same code for both families.
"""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import numpy as np
from numpy.typing import NDArray

ADDRESS_BITS = {4: 32, 6: 128}
_ALL = (1 << 64) - 1


@dataclass(frozen=True, slots=True, order=True)
class Address:
    """An IPv4 or IPv6 address, left-aligned in 128 bits."""

    family: int
    high: int
    low: int = 0

    def __str__(self) -> str:
        return format_address(self.family, self.high, self.low)

    @property
    def packed(self) -> bytes:
        """The 4 or 16 bytes in network order."""
        return pack_address(self.family, self.high, self.low)


@dataclass(frozen=True, slots=True, order=True)
class Prefix:
    """A prefix without host bits."""

    family: int
    high: int
    low: int
    length: int

    def __str__(self) -> str:
        return format_prefix(self.family, self.high, self.low, self.length)

    def contains(self, address: Address) -> bool:
        """Whether the address lies within the prefix."""
        mask_high, mask_low = mask(self.length)
        return (
            address.family == self.family
            and address.high & mask_high == self.high
            and address.low & mask_low == self.low
        )


def mask(length: int) -> tuple[int, int]:
    """The network mask of a length (0..128) as (high, low); IPv4 lengths fit as they are."""
    ones = ((1 << 128) - 1) ^ ((1 << (128 - length)) - 1)
    return ones >> 64, ones & _ALL


def mask_columns(lengths: NDArray[np.uint8]) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """`mask` for a column of lengths."""
    table = np.array([mask(length) for length in range(129)], dtype=np.uint64)
    return table[lengths, 0], table[lengths, 1]


def pack_address(family: int, high: int, low: int) -> bytes:
    """The 4 or 16 bytes of a left-aligned address in network order."""
    if family == 4:
        return int(high >> 32).to_bytes(4, "big")
    return (int(high) << 64 | int(low)).to_bytes(16, "big")


def unpack_address(packed: bytes) -> Address:
    """The address of 4 or 16 bytes in network order."""
    if len(packed) == 4:
        return Address(4, int.from_bytes(packed, "big") << 32, 0)
    value = int.from_bytes(packed, "big")
    return Address(6, value >> 64, value & _ALL)


def format_address(family: int, high: int, low: int) -> str:
    """Text of a left-aligned address (RFC 5952 for IPv6)."""
    if family == 4:
        return str(IPv4Address(int(high) >> 32))
    return str(IPv6Address(int(high) << 64 | int(low)))


def format_prefix(family: int, high: int, low: int, length: int) -> str:
    """Text of a prefix, always with its length."""
    return f"{format_address(family, high, low)}/{int(length)}"


def parse_address(text: str) -> Address:
    """The address that the text names; ValueError says what is wrong with it."""
    return unpack_address(ip_address(text).packed)


def parse_prefix(text: str) -> Prefix:
    """The prefix that the text names; an address is a host prefix.

    Raises ValueError when it is neither or has host bits.
    """
    network = ip_network(text)
    address = unpack_address(network.network_address.packed)
    return Prefix(address.family, address.high, address.low, network.prefixlen)

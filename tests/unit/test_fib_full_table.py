"""A real full table: loaded at once, spot-checked by brute force, then shaken."""

import lzma
import os
import random
import socket
from pathlib import Path

import numpy as np
import pytest

from ebtop.fib.adjacencies import Surroundings
from ebtop.fib.fib import Fib
from ebtop.fib.layout import Capacity
from ebtop.fib.rib import Rib
from ebtop.model.columns import RouteColumns, RouteEvent, empty_columns, select
from ebtop.model.prefix import Address, Prefix, mask, parse_address
from ebtop.model.route import TABLE_MAIN, Nexthop, NexthopGroup, RouteType

DATA = os.environ.get("EBTOP_DATA")
GROUPS = tuple(NexthopGroup(0, (Nexthop(1, parse_address(f"10.0.0.{i}")),)) for i in range(64))
AROUND = Surroundings({1: 0}, {0: bytes(6)}, {})
SIZE = {4: 968_428, 6: 177_846}


def full_table(folder: Path) -> RouteColumns:
    lines = [
        line.split()
        for family in SIZE
        for line in lzma.decompress((folder / f"full_v{family}.txt.xz").read_bytes()).splitlines()
    ]
    table = empty_columns(len(lines), groups=GROUPS)
    table.event[:], table.table[:], table.type[:] = RouteEvent.ADDED, TABLE_MAIN, RouteType.UNICAST
    texts = [prefix.decode().split("/") for prefix, _ in lines]
    kinds = [socket.AF_INET6 if ":" in text else socket.AF_INET for text, _ in texts]
    packed = b"".join(
        socket.inet_pton(kind, text).ljust(16, b"\0")
        for kind, (text, _) in zip(kinds, texts, strict=True)
    )
    halves = np.frombuffer(packed, dtype=">u8").reshape(-1, 2)
    table.high[:], table.low[:] = halves[:, 0], halves[:, 1]
    table.family[:] = [6 if kind == socket.AF_INET6 else 4 for kind in kinds]
    table.length[:] = [int(length) for _, length in texts]
    table.group[:] = [int(asn) % len(GROUPS) for _, asn in lines]
    return table


@pytest.mark.skipif(DATA is None, reason="EBTOP_DATA is not set: no real table to load")
def test_a_full_table_answers_as_brute_force_does() -> None:
    table = full_table(Path(DATA or ""))
    capacity = Capacity.for_table(SIZE[4], SIZE[6])
    rib, fib = Rib(capacity.routes), Fib(capacity)
    fib.update(rib, rib.replace(table, 0.0), AROUND)
    assert rib.overflow == fib.overflow == 0
    assert fib.used()["routes"] == len(table)
    dice = random.Random(1)  # noqa: S311  the same run every time
    check(rib, fib, table, dice)
    assert not rib.replace(table, 1.0)
    chance = np.random.default_rng(1)
    going = chance.choice(len(table), 5000, replace=False)
    gone = select(table, going)
    gone.event[:] = RouteEvent.DELETED
    fib.update(rib, rib.apply(gone, 2.0), AROUND)
    rest = select(table, np.setdiff1d(np.arange(len(table)), going))
    check(rib, fib, rest, dice)
    fresh = Fib(capacity)
    fresh.update(rib, rib.everything(), AROUND)
    assert fresh.used() == fib.used()
    assert np.array_equal(fresh.image["root4"] >> 31, fib.image["root4"] >> 31)


def check(rib: Rib, fib: Fib, table: RouteColumns, chance: random.Random) -> None:
    """Addresses inside known prefixes and anywhere, against a scan of all rows."""
    masks = np.array([mask(length) for length in range(129)], dtype=np.uint64)
    high_masks, low_masks = masks[table.length, 0], masks[table.length, 1]
    for number in range(60):
        row = chance.randrange(len(table))
        family = int(table.family[row])
        high, low = int(table.high[row]), int(table.low[row])
        if number % 2:
            high |= chance.getrandbits(8) << (32 if family == 4 else 0)
            low |= chance.getrandbits(64) if family == 6 else 0
        inside = (table.family == family) & (np.uint64(high) & high_masks == table.high)
        inside &= np.uint64(low) & low_masks == table.low
        rows = np.flatnonzero(inside)
        found, _ = fib.lookup(Address(family, high, low))
        assert found == rib.longest_match(Address(family, high, low))
        wanted = rows[np.argmax(table.length[rows])]
        held = Prefix(
            *(int(rib.columns[name][found]) for name in ("family", "high", "low", "length"))
        )
        assert held == Prefix(
            family, int(table.high[wanted]), int(table.low[wanted]), int(table.length[wanted])
        )

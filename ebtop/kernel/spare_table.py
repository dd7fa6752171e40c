"""A routing table that no packet is ever looked up in."""

import errno
import struct

import numpy as np

from ebtop.kernel.netlink import (
    MessageType,
    index_messages,
    parse_attributes,
    read_dump,
    unpack_u32,
)
from ebtop.kernel.route_dump import TableDump
from ebtop.kernel.route_message import FAMILY_NUMBERS

FIRST_SPARE_TABLE = 0xEB700000
"""Far above what people number their tables and VRFs by."""
SPARE_TABLES = 16

_GETRULE = 34
_RULE_HEADER = struct.Struct("=BBBBBBBBI")  # fib_rule_hdr
_TABLE_BYTE = 4
_FRA_TABLE = 15


def find_spare_table(family: int) -> int:
    """A table that is empty and that no rule points at.

    Raises OSError where the kernel has no rules, and thus one table only, or where all are used.
    """
    used = read_tables_of_rules(family)
    for table in range(FIRST_SPARE_TABLE, FIRST_SPARE_TABLE + SPARE_TABLES):
        if table not in used and not len(TableDump(family, table)):
            return table
    raise OSError(errno.EBUSY, f"the tables from {FIRST_SPARE_TABLE} on are all in use")


def read_tables_of_rules(family: int) -> set[int]:
    """The tables that the rules of a family name. Raises OSError."""
    body = _RULE_HEADER.pack(FAMILY_NUMBERS[family], 0, 0, 0, 0, 0, 0, 0, 0)
    index = index_messages(read_dump(_GETRULE, body).buffer)
    rows = np.flatnonzero(index.type == MessageType.NEWRULE)
    return {
        unpack_u32(parse_attributes(rule[_RULE_HEADER.size :]).get(_FRA_TABLE), rule[_TABLE_BYTE])
        for _, rule in index.bodies(rows)
    }

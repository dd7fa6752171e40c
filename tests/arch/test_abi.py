"""The layouts of bpf/ and their mirrors in Python are the same, name by name."""

import importlib
import pkgutil
import re
from enum import IntEnum, IntFlag
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import ebtop
from ebtop.datapath import ports
from ebtop.datapath.maps import specify_maps
from ebtop.fib import layout as fib_layout
from ebtop.model import histogram
from ebtop.model.verdict import MEANINGS, Verdict
from tests.arch.clang import Layout, Struct, read_layout

ROOMS = ("ebtop.model", "ebtop.fib", "ebtop.kernel", "ebtop.datapath", "ebtop.engine")
NOT_MIRRORED = {"EBTOP_INVALID", "EBTOP_N_VERDICTS"}
MIRROR = re.compile(r"\benum (ebtop_\w+)")


@pytest.fixture(scope="module")
def layout() -> Layout:
    return read_layout("abi.h", "maps.h")


def read_names() -> dict[str, dict[str, Any]]:
    """Module -> what it defines, of every module that may mirror the C."""
    found = pkgutil.walk_packages(ebtop.__path__, "ebtop.")
    modules = [module.name for module in found if module.name.startswith(ROOMS)]
    return {name: dict(vars(importlib.import_module(name))) for name in modules}


def python_enums() -> dict[str, type[IntEnum | IntFlag]]:
    """Enum of C -> the class whose docstring says that it mirrors it."""
    found: dict[str, type[IntEnum | IntFlag]] = {}
    for names in read_names().values():
        for value in names.values():
            if isinstance(value, type) and issubclass(value, IntEnum | IntFlag) and value.__doc__:
                for mirrored in MIRROR.findall(value.__doc__):
                    found[mirrored] = value
    return found


def common_stem(names: list[str]) -> str:
    """The words that all names of an enum begin with: EBTOP_PORT_."""
    words = [name.split("_") for name in names]
    stem = [column[0] for column in zip(*words, strict=False) if len(set(column)) == 1]
    return "_".join([*stem, ""])


def test_every_verdict_has_its_number(layout: Layout) -> None:
    wanted = {
        name.removeprefix("EBTOP_"): value
        for name, value in layout.enums["ebtop_verdict"].items()
        if name not in NOT_MIRRORED
    }
    assert {verdict.name: verdict.value for verdict in Verdict} == wanted


def test_every_verdict_has_room_and_a_meaning(layout: Layout) -> None:
    assert layout.constants["EBTOP_N_VERDICTS"] == max(Verdict) + 1
    assert layout.constants["EBTOP_N_VERDICTS"] <= layout.constants["EBTOP_VERDICTS"]
    assert set(MEANINGS) == set(Verdict)
    for verdict in Verdict:
        assert verdict.meaning.endswith("."), verdict
        assert verdict.punted + verdict.dropped + (verdict is Verdict.FORWARDED) == 1


def test_histograms_have_the_same_buckets(layout: Layout) -> None:
    assert layout.constants["EBTOP_BUCKETS"] == histogram.BUCKETS
    assert layout.constants["EBTOP_BUCKET_BITS"] == histogram.BUCKET_BITS


def test_every_mirrored_enum_is_the_same(layout: Layout) -> None:
    mirrors = python_enums()
    assert "ebtop_verdict" in mirrors
    for name, mirror in mirrors.items():
        constants = layout.enums[name]
        stem = common_stem(list(constants))
        wanted = {
            constant.removeprefix(stem): value
            for constant, value in constants.items()
            if constant not in NOT_MIRRORED
        }
        assert {member.name: member.value for member in mirror} == wanted, name


def test_every_constant_of_the_same_name_is_the_same(layout: Layout) -> None:
    """PORTS is EBTOP_PORTS, LEAF_SET_MASK is EBTOP_LEAF_SET_MASK, in whatever module."""
    compared = set()
    for module, names in read_names().items():
        for name, value in names.items():
            constant = f"EBTOP_{name.removeprefix('_')}"
            if type(value) is int and constant in layout.constants:
                assert value == layout.constants[constant], f"{module}.{name}"
                compared.add(constant)
    assert compared >= {"EBTOP_BUCKETS", "EBTOP_BUCKET_BITS", "EBTOP_PORTS", "EBTOP_VERDICTS"}


def test_every_record_is_laid_out_alike(layout: Layout) -> None:
    """PORT_TYPE is struct ebtop_port: size, and each field's name, offset and size."""
    compared = set()
    for module, names in read_names().items():
        for name, value in names.items():
            struct = f"ebtop_{name.removesuffix('_TYPE').lower()}"
            if isinstance(value, np.dtype) and value.fields and name.endswith("_TYPE"):
                assert layout.structs[struct] == struct_of(value), f"{module}.{name}"
                compared.add(struct)
    assert compared >= {
        "ebtop_control",
        "ebtop_histogram",
        "ebtop_port",
        "ebtop_route_counter",
        "ebtop_route_other",
    }


def struct_of(record: np.dtype[Any]) -> Struct:
    assert record.fields is not None
    fields = {name: (entry[1], entry[0].itemsize) for name, entry in record.fields.items()}
    return Struct(record.itemsize, fields)


def test_leaves_and_records_of_the_fib_are_those_of_the_programs(layout: Layout) -> None:
    constants, structs = layout.constants, layout.structs
    assert 1 << constants["EBTOP_LEAF_BLOCK_SHIFT"] == fib_layout.LEAF_BLOCK
    assert 1 << constants["EBTOP_PATHS_MANY_SHIFT"] == fib_layout.PATHS_MANY
    assert constants["EBTOP_LEAF_ROUTE_MASK"] + 1 == fib_layout.MAX_ROUTES
    assert constants["EBTOP_BLOCK"] == fib_layout.BLOCK_WORDS
    assert structs["ebtop_set"].size_bytes == 4 * fib_layout.SET_WORDS
    assert structs["ebtop_set"].fields["paths"] == (4 * fib_layout.SET_PATHS, 4)
    assert structs["ebtop_set"].fields["ports"] == (4 * fib_layout.SET_PORTS, 8)
    assert structs["ebtop_member"].size_bytes == 4 * fib_layout.MEMBER_WORDS
    assert structs["ebtop_adjacency"].size_bytes == 4 * fib_layout.ADJACENCY_WORDS
    assert constants["EBTOP_PORTS"] <= fib_layout.NO_SLOT


def test_flags_of_a_port_are_those_of_the_programs(layout: Layout) -> None:
    for name, value in layout.enums["ebtop_port_flags"].items():
        assert getattr(ports, name.removeprefix("EBTOP_PORT_")) == value, name


def test_every_map_has_its_number_and_size(layout: Layout) -> None:
    capacity: Any = SimpleNamespace(routes=1024, blocks=8, sets=32, members=8, adjacencies=8)
    made = specify_maps(capacity, cpus=2, neighbours=64, histograms=80)
    wanted = {
        name.removeprefix("EBTOP_MAP_").lower(): value
        for name, value in layout.enums["ebtop_map"].items()
    }
    assert {name: table.identifier for name, table in made.items()} == wanted
    assert made["neighbours"].key_bytes == layout.structs["ebtop_neighbour_key"].size_bytes
    structs = {
        "blocks": "ebtop_block",
        "sets": "ebtop_set",
        "members": "ebtop_member",
        "adjacencies": "ebtop_adjacency",
        "verdicts": "ebtop_verdict_row",
        "route_sets": "ebtop_pair",
        "route_histograms": "ebtop_quad",
    }
    for name, struct in structs.items():
        assert made[name].value.itemsize == layout.structs[struct].size_bytes, name

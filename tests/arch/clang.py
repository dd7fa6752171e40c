"""Plain clang over the sources in bpf/: no bcc, no kernel headers."""

import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

BPF = Path(__file__).parents[2] / "bpf"

_COMMAND = ["clang", "-target", "bpf", "-O2", "-Wall", "-Wextra", "-Werror", "-x", "c", "-"]
_FOLDERS = [f"-I{BPF}", f"-I{BPF / 'shim' / 'include'}"]
_STRIDES = ["-DEBTOP_ROUTES=1024", "-DEBTOP_HISTOGRAMS=80"]

# What bcc includes before the first line of a program: a little of include/uapi/linux/bpf.h.
_PRELUDE = """
#include <linux/types.h>
struct xdp_md {
    __u32 data, data_end, data_meta, ingress_ifindex, rx_queue_index, egress_ifindex;
};
enum xdp_action { XDP_ABORTED, XDP_DROP, XDP_PASS, XDP_TX, XDP_REDIRECT };
"""


@dataclass(frozen=True, slots=True)
class Struct:
    """A struct as the compiler lays it out."""

    size_bytes: int
    fields: dict[str, tuple[int, int]]  # name -> (offset, size) in bytes


@dataclass(frozen=True, slots=True)
class Layout:
    """Enums and structs of the headers, by name."""

    enums: dict[str, dict[str, int]] = field(default_factory=dict)
    structs: dict[str, Struct] = field(default_factory=dict)

    @property
    def constants(self) -> dict[str, int]:
        """The constants of all enums."""
        return {name: value for enum in self.enums.values() for name, value in enum.items()}


def run_clang(source: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Compile a text with every warning an error."""
    return subprocess.run(
        [*_COMMAND, *_FOLDERS, *_STRIDES, *options],
        input=_PRELUDE + source,
        check=False,
        capture_output=True,
        text=True,
    )


def read_layout(*headers: str) -> Layout:
    """What the compiler makes of the enums and structs of these headers named ebtop_..."""
    includes = "".join(f'#include "{header}"\n' for header in headers)
    done = run_clang(includes, "-fsyntax-only", "-Xclang", "-ast-dump=json")
    assert done.returncode == 0, done.stderr
    enums, structs = _parse_names(json.loads(done.stdout))
    values = _evaluate(includes, list(_expressions(enums, structs)))
    return Layout(
        {enum: {name: values[name] for name in names} for enum, names in enums.items()},
        {
            struct: Struct(
                values[f"sizeof(struct {struct})"],
                {
                    name: (values[_offset(struct, name)], values[_size(struct, name)])
                    for name in names
                },
            )
            for struct, names in structs.items()
        },
    )


def _parse_names(tree: dict[str, Any]) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    found: dict[str, dict[str, list[str]]] = {"EnumDecl": {}, "RecordDecl": {}}
    for node in tree["inner"]:
        if node["kind"] in found and node.get("name", "").startswith("ebtop_"):
            members = [child["name"] for child in node.get("inner", []) if "name" in child]
            found[node["kind"]][node["name"]] = members
    return found["EnumDecl"], found["RecordDecl"]


def _expressions(enums: dict[str, list[str]], structs: dict[str, list[str]]) -> Iterator[str]:
    for names in enums.values():
        yield from names
    for struct, names in structs.items():
        yield f"sizeof(struct {struct})"
        for name in names:
            yield _offset(struct, name)
            yield _size(struct, name)


def _offset(struct: str, name: str) -> str:
    return f"__builtin_offsetof(struct {struct}, {name})"


def _size(struct: str, name: str) -> str:
    return f"sizeof(((struct {struct} *)0)->{name})"


def _evaluate(includes: str, expressions: list[str]) -> dict[str, int]:
    """The compiler's value of each expression, read from the code that it emits."""
    lines = [
        f"const unsigned long long value_{number} = {expression};"
        for number, expression in enumerate(expressions)
    ]
    done = run_clang("\n".join([includes, *lines]), "-S", "-emit-llvm", "-o", "-")
    assert done.returncode == 0, done.stderr
    found = re.findall(r"^@value_(\d+) = .*constant i64 (-?\d+)", done.stdout, re.MULTILINE)
    return {expressions[int(number)]: int(value) for number, value in found}

"""Who may import whom: the contracts, and what a fresh interpreter really loads."""

import ast
import json
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCREEN = {"textual", "rich"}
KERNEL = {"pyroute2", "bcc"}
ROOMS = {
    "model": SCREEN | KERNEL | {"asyncio", "ctypes", "socket", "subprocess"},
    "fib": SCREEN | KERNEL,
    "kernel": SCREEN | {"bcc"},
    "datapath": SCREEN | {"pyroute2"},
    "engine": SCREEN,
    "edit": SCREEN | {"bcc"},
    "tui": KERNEL,
    "lab": SCREEN,
    "commands": KERNEL | {"textual"},
}
"""Room -> what none of its modules may load, directly or through others."""

NUMPY_LOADS = {"asyncio", "ctypes", "socket", "subprocess"}
"""Of numpy's own doing: asked about only where numpy alone does not load them."""


def loaded_by(statement: str) -> set[str]:
    """Top-level modules that a fresh interpreter holds after the statement."""
    program = f"{statement}\nimport sys, json; print(json.dumps(list(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return {name.partition(".")[0] for name in json.loads(done.stdout.splitlines()[-1])}


def modules_of(room: str) -> list[str]:
    found = pkgutil.walk_packages([str(ROOT / "ebtop" / room)], f"ebtop.{room}.")
    names = [module.name for module in found]
    return [name for name in names if not name.endswith("__main__")]


def test_imports_keep_every_contract() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("room", ROOMS)
def test_room_loads_nothing_of_others(room: str) -> None:
    if not (ROOT / "ebtop" / room).exists():
        assert room == "edit"
        return
    loaded = loaded_by("\n".join(f"import {name}" for name in [f"ebtop.{room}", *modules_of(room)]))
    numpy_alone = loaded_by("import numpy") & NUMPY_LOADS
    assert loaded & ROOMS[room] - numpy_alone == set()


@pytest.mark.parametrize("words", [["--help"], ["routes", "--help"]])
def test_command_line_starts_light(words: list[str]) -> None:
    program = (
        "import sys\n"
        f"sys.argv = {['ebtop', *words]!r}\n"
        "from ebtop.cli import main\n"
        "try:\n    sys.exit(main())\nexcept SystemExit as end:\n    assert not end.code\n"
    )
    assert loaded_by(program) & {"textual", "bcc", "pyroute2"} == set()


def test_every_room_is_known() -> None:
    rooms = {path.parent.name for path in (ROOT / "ebtop").glob("*/__init__.py")}
    assert rooms <= set(ROOMS)


def test_only_the_kernel_room_opens_netlink() -> None:
    speakers = {
        path.relative_to(ROOT).parts[1]
        for path in (ROOT / "ebtop").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute | ast.Name)
        and (node.attr if isinstance(node, ast.Attribute) else node.id) == "AF_NETLINK"
    }
    assert speakers <= {"kernel"}

"""The tree is small, and speaks of itself alone."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MOST_LINES = 400
TEXT_SUFFIXES = {".py", ".c", ".h", ".md", ".toml", ".tcss", ".txt", ".yml", ".service", ""}

# Spelled in parts, so that this file does not hold what it looks for.
FOREIGN = [
    "/" + "work/",
    "/" + "home/",
    "/" + "root/",
    "py" + "env",
    "pypi" + ".org",
    "files.python" + "hosted",
    "local" + "host:",
]
TASKS = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"]) + r")\b")
NO_CHECK = {"LICENSE"}
ROOMS = ["bpf", "docs", "ebtop", "tests", ".ci"]


def read_tree() -> dict[str, str]:
    """Path -> text of all that belongs to the project."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    try:
        done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
        paths = [ROOT / line for line in done.stdout.splitlines()]
    except (FileNotFoundError, subprocess.CalledProcessError):  # a tree without its history
        paths = [path for room in ROOMS for path in (ROOT / room).rglob("*")]
    return {
        str(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
        for path in paths
        if path.is_file() and path.suffix in TEXT_SUFFIXES and path.name not in NO_CHECK
    }


TREE = read_tree()


def test_there_is_a_tree() -> None:
    assert {"bpf/abi.h", "ebtop/__init__.py", "tests/arch/test_tree.py"} <= set(TREE)


@pytest.mark.parametrize("suffix", [".py", ".c", ".h"])
def test_no_file_is_long(suffix: str) -> None:
    lengths = {path: len(text.splitlines()) for path, text in TREE.items() if path.endswith(suffix)}
    assert {path: count for path, count in lengths.items() if count > MOST_LINES} == {}


def test_no_path_of_a_developers_machine() -> None:
    found = [(path, word) for path, text in TREE.items() for word in FOREIGN if word in text]
    assert found == []


def test_no_task_left_in_a_comment() -> None:
    found = [
        f"{path}:{number}"
        for path, text in TREE.items()
        for number, line in enumerate(text.splitlines(), start=1)
        if TASKS.search(line)
    ]
    assert found == []


def test_every_module_is_typed_and_described() -> None:
    modules = {path: text for path, text in TREE.items() if re.match(r"ebtop/.*\.py$", path)}
    assert [path for path, text in modules.items() if not text.startswith(('"""', 'r"""'))] == []
    assert (ROOT / "ebtop" / "py.typed").is_file()

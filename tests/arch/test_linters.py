"""The linters and the type checker have nothing to say."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
LINTERS = [
    pytest.param(["ruff", "check"], id="ruff-check"),
    pytest.param(["ruff", "format", "--check"], id="ruff-format"),
    pytest.param(["mypy"], id="mypy"),
]


@pytest.mark.parametrize("command", LINTERS)
def test_linter_is_silent(command: list[str]) -> None:
    done = subprocess.run(
        [BIN / command[0], *command[1:]], cwd=ROOT, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("script", ["do", ".ci/run"])
def test_script_parses(script: str) -> None:
    shell = (ROOT / script).read_text(encoding="utf-8").splitlines()[0].split("/")[-1]
    command = {"sh": ["dash", "-n"], "env bash": ["bash", "-n"]}[shell]
    done = subprocess.run([*command, ROOT / script], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr

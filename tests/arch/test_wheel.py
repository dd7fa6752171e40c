"""A wheel holds all that an installed ebtop needs."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_wheel_is_complete(tmp_path: Path) -> None:
    pytest.importorskip("hatchling")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("ebtop-*.whl")
    held = set(zipfile.ZipFile(wheel).namelist())
    sources = [path for path in (ROOT / "bpf").rglob("*") if path.suffix in {".c", ".h"}]
    package = [*(ROOT / "ebtop").rglob("*.py"), *(ROOT / "ebtop").rglob("*.tcss")]
    wanted = {f"ebtop/{path.relative_to(ROOT)}" for path in sources}
    wanted |= {str(path.relative_to(ROOT)) for path in package}
    assert wanted | {"ebtop/py.typed"} <= held
    assert {name.partition("/")[0].partition("-")[0] for name in held} == {"ebtop"}
    assert any(name.endswith("licenses/LICENSE") for name in held)

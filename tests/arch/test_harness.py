"""The rules of tests/conftest.py hold: no skip without a probe, nothing left behind."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import features, leftovers

ROOT = Path(__file__).parents[2]


SKIPS = """
import pytest

def test_by_call():
    pytest.skip("no reason")

@pytest.mark.skip(reason="no reason")
def test_by_mark():
    pass

def test_by_import():
    pytest.importorskip("no_such_module")

def test_by_pretence():
    pytest.skip("this kernel lacks vrf: so says a test")

def test_that_runs():
    pass
"""
SKIPPED_MODULE = "import pytest\npytest.skip('no reason', allow_module_level=True)\n"


@pytest.fixture
def skipping_tests(tmp_path: Path) -> Path:
    (tmp_path / "test_functions.py").write_text(SKIPS, encoding="utf-8")
    (tmp_path / "test_module.py").write_text(SKIPPED_MODULE, encoding="utf-8")
    return tmp_path


def run_session(folder: Path, tests: str) -> str:
    """Last line of a test run of its own in a folder, under the rules of tests/conftest.py."""
    options = ["-p", "tests.conftest", "-p", "no:cacheprovider", "-q", "--no-header"]
    places = [f"--rootdir={folder}", f"--config-file={ROOT / 'pyproject.toml'}", str(folder)]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "--continue-on-collection-errors", *places],
        cwd=ROOT,
        env=os.environ | {"EBTOP_TESTS": tests},
        check=False,
        capture_output=True,
        text=True,
    )
    return done.stdout.splitlines()[-1]


def test_skip_fails_where_everything_has_to_run(skipping_tests: Path) -> None:
    assert "3 failed, 1 passed, 2 errors in" in run_session(skipping_tests, tests="all")


def test_skip_is_a_skip_elsewhere(skipping_tests: Path) -> None:
    assert "1 passed, 5 skipped in" in run_session(skipping_tests, tests="")


def test_only_what_the_probe_finds_missing_is_skipped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(features, "has_feature", {"vrf": False, "dummy": True}.__getitem__)
    reason = features.missing_feature("vrf")
    assert reason is not None
    assert reason.startswith("this kernel lacks vrf: ")
    assert features.missing_feature("dummy") is None
    with pytest.raises(ValueError, match="ipv6"):
        features.missing_feature("ipv6")


def test_every_listed_feature_has_a_probe() -> None:
    assert set(features.read_features()) == set(features._PROBES)


def test_process_left_behind_is_found() -> None:
    session = "of-this-test"
    environment = os.environ | {leftovers.SESSION_VARIABLE: session}
    with subprocess.Popen(
        ["cat"], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(b"\n")
        child.stdin.flush()
        child.stdout.readline()  # it runs, and has its environment
        found = leftovers.wait_for_processes(session, patience_s=0)
        child.stdin.close()  # cat ends by itself, and is waited for
        rest = leftovers.wait_for_processes(session, patience_s=30)

    assert found == [f"left behind: process {child.pid} (cat)"]
    assert rest == []


def test_change_of_the_machine_is_told() -> None:
    before, after = frozenset({"link eth0", "rule 0"}), frozenset({"link eth0", "link veth1"})
    assert leftovers.describe_changes(before, after) == ["left behind: link veth1", "gone: rule 0"]


def test_state_of_the_machine_is_read() -> None:
    assert "link lo" in leftovers.read_state()

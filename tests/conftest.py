"""What all tests share: their order, what may be skipped, and that nothing is left behind.

EBTOP_TESTS=all is for a machine that has to run everything: there a skip is a failure unless the
kernel was probed and lacks a feature of kernel_features.txt, and what a test leaves behind on the
machine is a failure too.
"""

import os
import uuid
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.features import missing_feature
from tests.leftovers import SESSION_VARIABLE, describe_changes, read_state, wait_for_processes

ALL = os.environ.get("EBTOP_TESTS") == "all"
TESTS = Path(__file__).parent
ORDER = ["unit", "arch", "tui", "datapath", "netns"]
NEED_ROOT = {"datapath", "netns"}

# Time passes or fails nothing here, and a run that has to pass is the same every time.
settings.register_profile(
    "ebtop", deadline=None, derandomize=ALL, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("ebtop")

_allowed_skips: set[str] = set()
_changes: list[str] = []


def folder_of(path: Path) -> str:
    """The folder below tests/ that a test file is in; "" for one of another place."""
    return path.relative_to(TESTS).parts[0] if path.is_relative_to(TESTS) else ""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def rank(item: pytest.Item) -> int:
        folder = folder_of(item.path)
        return ORDER.index(folder) if folder in ORDER else len(ORDER)

    items.sort(key=rank)


def pytest_runtest_setup(item: pytest.Item) -> None:
    folder = folder_of(item.path)
    if folder in NEED_ROOT and os.geteuid() != 0:
        pytest.skip(f"needs root: sudo ./do test tests/{folder}")
    for marker in item.iter_markers("feature"):
        skip_where_missing(marker.args[0])


def skip_where_missing(feature: str) -> None:
    """Skip the running test when this kernel lacks a feature of kernel_features.txt."""
    reason = missing_feature(feature)
    if reason is not None:
        _allowed_skips.add(reason)
        pytest.skip(reason)


@pytest.fixture
def skip_without() -> Callable[[str], None]:
    """Called with the name of a feature, skips the test where this kernel lacks it."""
    return skip_where_missing


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of recorded data: full Internet tables, packets, netlink dumps."""
    folder = os.environ.get("EBTOP_DATA")
    if not folder:
        pytest.skip("needs the test data: set EBTOP_DATA to its folder")
    return Path(folder)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if not hasattr(report, "wasxfail"):
        refuse_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    refuse_skip(report)
    return report


def refuse_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Where everything has to run, turn a skip that no probe allowed into a failure."""
    if not ALL or not report.skipped:
        return
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    reason = reason.removeprefix("Skipped: ")
    if reason not in _allowed_skips:
        report.outcome = "failed"
        report.longrepr = f"EBTOP_TESTS=all allows no skip for this reason: {reason}"


@pytest.fixture(scope="session", autouse=True)
def nothing_left_behind() -> Iterator[None]:
    """Compare the machine before and after all tests; set up first, so torn down last."""
    before = read_state()
    session = uuid.uuid4().hex
    os.environ[SESSION_VARIABLE] = session
    yield
    del os.environ[SESSION_VARIABLE]
    processes = wait_for_processes(session, patience_s=10)
    changes = describe_changes(before, read_state())
    # Elsewhere others may be at work: what they change is told, and fails nothing.
    _changes.extend(changes)
    failures = processes + changes if ALL else processes
    if failures:
        pytest.fail("\n".join(["The tests changed the machine:", *failures]), pytrace=False)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _changes and not ALL:
        terminalreporter.section("changed on this machine meanwhile, by tests or by others")
        terminalreporter.write_line("\n".join(_changes))

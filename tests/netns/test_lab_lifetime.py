"""A lab leaves nothing behind: at its end, after an exception, and after its owner was killed."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ebtop.lab.lifetime import read_marked, read_namespace_names, read_start_ticks, reap
from ebtop.lab.namespace import LabError, entered, run_ip
from ebtop.lab.topology import Lab

ROOT = Path(__file__).parents[2]

KILLED_RUN = """
import sys
from ebtop.lab.topology import Lab
lab = Lab()
lab.__enter__()
router = lab.router(ports=1)
process = lab.spawn(["sleep", "600"], router.namespace)
print(lab.prefix, process.pid, flush=True)
sys.stdin.read()
"""


def names_of(prefix: str) -> list[str]:
    return [name for name in read_namespace_names() if name.startswith(prefix)]


def network_of(pid: int | str) -> str:
    return str(Path(f"/proc/{pid}/ns/net").readlink())


@pytest.fixture
def run_to_kill() -> Iterator["subprocess.Popen[str]"]:
    with subprocess.Popen(
        [sys.executable, "-c", KILLED_RUN],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        process.kill()
    reap()


def test_everything_is_gone_at_the_end() -> None:
    home = network_of("thread-self")
    with Lab() as lab:
        router = lab.router(ports=2)
        process = lab.spawn(["sleep", "600"], router.namespace)
        assert network_of(process.pid) != home
        assert names_of(lab.prefix) == [f"{lab.prefix}-{role}" for role in ("h1", "h2", "r1")]

    assert process.returncode == -signal.SIGTERM
    assert names_of(lab.prefix) == []
    assert read_marked(lab.prefix) == []
    assert network_of("thread-self") == home


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_everything_is_gone_after(error: type[BaseException]) -> None:
    def build(lab: Lab) -> None:
        with lab:
            lab.router(ports=1)
            raise error

    lab = Lab()
    with pytest.raises(error):
        build(lab)

    assert names_of(lab.prefix) == []


def test_half_a_build_is_removed() -> None:
    def build(lab: Lab) -> None:
        with lab:
            lab.router(ports=1).add_routes(
                "198.18.0.0/24 via 10.255.1.2", "192.0.2.0/24 via 9.9.9.9"
            )

    lab = Lab()
    with pytest.raises(LabError, match=r"route add 192\.0\.2\.0/24 via 9\.9\.9\.9"):
        build(lab)

    assert names_of(lab.prefix) == []


def test_stubborn_processes_and_their_children_are_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ebtop.lab.topology._TERMINATE_TIMEOUT_S", 0.1)
    with Lab() as lab:
        namespace = lab.namespace("only")
        script = "trap '' TERM; sleep 600 & echo started; wait; wait"
        process = lab.spawn(["sh", "-c", script], namespace, output=subprocess.PIPE)
        assert process.stdout is not None
        with process.stdout:
            assert process.stdout.readline() == b"started\n"
        assert len(read_marked(lab.prefix)) == 2

    assert process.returncode == -signal.SIGKILL
    assert read_marked(lab.prefix) == []


def test_a_killed_run_is_reaped_by_the_next(run_to_kill: "subprocess.Popen[str]") -> None:
    assert run_to_kill.stdout is not None
    prefix, pid = run_to_kill.stdout.readline().split()
    reap()
    assert names_of(prefix) == [f"{prefix}-h1", f"{prefix}-r1"], "a living run is left alone"
    run_to_kill.kill()
    run_to_kill.wait()
    assert names_of(prefix) != []
    assert read_start_ticks(int(pid)) is not None

    with Lab():
        assert names_of(prefix) == []
    assert read_marked(prefix) == []


def test_a_reused_process_id_does_not_protect() -> None:
    name = f"ebtop-{os.getpid()}-1-1-r1"  # this process did not start at boot
    subprocess.run(["ip", "netns", "add", name], check=True)

    assert name in reap()
    assert name not in read_namespace_names()


def test_entered_comes_back_after_an_error() -> None:
    home = network_of("thread-self")
    with Lab() as lab:
        namespace = lab.namespace("only")
        with entered(namespace.name):
            assert network_of("thread-self") == namespace.run(network_of, "thread-self")
        assert network_of("thread-self") == home
        with pytest.raises(LabError), entered(namespace.name):
            run_ip("link", "show", "dev", "absent")
        assert network_of("thread-self") == home
        with pytest.raises(FileNotFoundError), entered(namespace.name + "-absent"):
            pass

    assert network_of("thread-self") == home

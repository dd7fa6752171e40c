"""An engine that loads: who comes early hears what keeps it, and it can be ended."""

import select
import signal
import subprocess

import pytest

from ebtop.engine.client import Client
from ebtop.engine.connection import NoEngineError
from ebtop.lab.topology import Lab, Router
from tests.netns.running_engine import EBTOP, PATIENCE_S, connect


@pytest.fixture
def router(lab: Lab) -> Router:
    return lab.router(ports=2)


def start(
    lab: Lab, router: Router, *options: str, errors: int = subprocess.DEVNULL
) -> "tuple[subprocess.Popen[bytes], Client]":
    """An engine that has said that it compiles, and its first watcher."""
    process = lab.spawn([*EBTOP, "run", *options], router.namespace, errors=errors)
    client = router.namespace.run(connect, process)
    while "compiling" not in client.loading:
        assert select.select([client], [], [], PATIENCE_S)[0]
        assert client.receive() is None
    return process, client


def test_early_watcher_hears_what_is_loaded(lab: Lab, router: Router) -> None:
    process, client = start(lab, router)
    said = [client.loading]
    while (snapshot := client.receive()) is None:
        assert select.select([client], [], [], PATIENCE_S)[0]
        said += [client.loading] * (client.loading != said[-1])
    client.close()

    assert "IPv4 and" in said[0]
    assert "filling the tables" in said[1]
    assert len(snapshot.routes) > 1
    assert process.poll() is None


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signal_ends_it_cleanly(lab: Lab, router: Router, number: signal.Signals) -> None:
    process, client = start(lab, router, errors=subprocess.PIPE)
    process.send_signal(number)
    _, errors = process.communicate(timeout=PATIENCE_S)
    client.close()

    assert (process.returncode, errors) == (0, b"")
    with pytest.raises(NoEngineError):
        router.namespace.run(Client)
    assert "xdp" not in router.namespace.read_ip("link", "show", "p1")


def test_engine_that_nobody_waits_for_any_more_ends(lab: Lab, router: Router) -> None:
    process, client = start(lab, router, "--transient", errors=subprocess.PIPE)
    client.close()
    _, errors = process.communicate(timeout=PATIENCE_S)

    assert (process.returncode, errors) == (0, b"")


def test_command_waits_for_the_engine_to_load(lab: Lab, router: Router) -> None:
    process, client = start(lab, router)
    done = lab.spawn([*EBTOP, "routes"], router.namespace, output=subprocess.PIPE)
    output, _ = done.communicate(timeout=PATIENCE_S)
    client.close()

    assert done.returncode == 0
    assert b"10.255.1.0/24" in output
    assert process.poll() is None

"""Whose edits the engine writes: those of whom the kernel would let write them."""

import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from ebtop.engine import peers
from ebtop.engine.requests import Commit, encode_request
from ebtop.engine.server import Server
from ebtop.lab.topology import Lab, Router
from tests.netns.running_engine import PATIENCE_S, RunningEngine, run_engine
from tests.netns.test_engine_requests import ADD, ASK, in_kernel

LEAVE = """
connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
connection.connect("\\0ebtop")
socket.send_fds(socket.socket(fileno=int(sys.argv[1])), [b"x"], [connection.fileno()])
"""


@pytest.fixture
def router(lab: Lab) -> Router:
    return lab.router(ports=2)


@pytest.fixture
def engine(lab: Lab, router: Router) -> Iterator[RunningEngine]:
    with run_engine(lab, router) as engine:
        engine.snapshot()
        yield engine


def test_root_of_a_container_may_not_edit(engine: RunningEngine) -> None:
    """It shares the network namespace, and lacks what the kernel asks of who writes routes."""
    program = "import select\nfrom ebtop.engine.client import Client\n" + ASK
    powerless = engine.lab.spawn(
        ["setpriv", "--bounding-set=-net_admin", sys.executable, "-c", program],
        engine.router.namespace,
        output=subprocess.PIPE,
        errors=subprocess.PIPE,
    )
    output, errors = powerless.communicate(timeout=PATIENCE_S)

    assert output.startswith(b"False You may watch alone"), errors
    assert not in_kernel(engine.router)


def test_editor_that_has_gone_leaves_its_connection_powerless(
    router: Router, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever gets its process id, which may well be mighty, lends it nothing."""
    monkeypatch.setattr(peers, "has_net_admin", lambda _: True)
    server = router.namespace.run(Server)
    program = "import os, socket, sys\n" + LEAVE
    heir, process = socket.socketpair()
    gone = router.namespace.run(
        lambda: subprocess.Popen(
            [sys.executable, "-c", program, str(process.fileno())], pass_fds=[process.fileno()]
        )
    )
    try:
        assert gone.wait(PATIENCE_S) == 0
        _, (descriptor,), _, _ = socket.recv_fds(heir, 1, 1)
        server.handle(server.filenos()[0])
        with socket.socket(fileno=descriptor) as left:
            left.send(encode_request(Commit(1, ADD)))
            assert server.handle(server.filenos()[1]) is None
    finally:
        heir.close()
        process.close()
        server.close()

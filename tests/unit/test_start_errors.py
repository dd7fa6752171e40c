"""What keeps the engine from starting ends in one sentence and an exit code."""

import errno
import os

import pytest

from ebtop.commands.exits import CommandError, Exit
from ebtop.commands.run import run
from ebtop.datapath import compile as compiling
from ebtop.datapath.syscall import DatapathError
from ebtop.engine import engine, server
from ebtop.engine.server import OwnedError
from ebtop.kernel import requirements


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        pytest.param(DatapathError("It says so."), Exit.LACKING, "It says so.", id="datapath"),
        pytest.param(OwnedError(), Exit.CONFLICT, "owns this network namespace", id="owned"),
        pytest.param(
            OSError(errno.EMFILE, os.strerror(errno.EMFILE)),
            Exit.FAILED,
            "The engine cannot start: Too many open files.",
            id="kernel",
        ),
        pytest.param(MemoryError(), Exit.FAILED, "not enough memory", id="memory"),
    ],
)
def test_one_sentence(
    monkeypatch: pytest.MonkeyPatch, error: Exception, code: Exit, said: str
) -> None:
    class Owned:
        def __init__(self, **_options: object) -> None:
            if isinstance(error, OwnedError):
                raise error

        def close(self) -> None: ...

    def fail(*_given: object) -> None:
        raise error

    monkeypatch.setattr(requirements, "read_missing", lambda: ())
    monkeypatch.setattr(server, "Server", Owned)
    monkeypatch.setattr(engine, "Engine", fail)
    with pytest.raises(CommandError, match=said) as caught:
        run(ports=[], observe=False, read_only=False, transient=False)

    assert caught.value.code is code
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "error", [ImportError("No module named 'bcc'"), OSError("libLLVM.so: cannot be mapped")]
)
def test_bcc_that_does_not_load(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fail(name: str) -> None:  # noqa: ARG001  stands in for import_module
        raise error

    monkeypatch.setattr(compiling, "import_module", fail)
    with pytest.raises(DatapathError, match=r"bcc.*\.$"):
        compiling.compile_programs({})

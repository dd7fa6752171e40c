"""What an engine opens it closes, whether it ran, or failed half-way through its start."""

import gc
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from ebtop.datapath import syscall
from ebtop.datapath.syscall import DatapathError
from ebtop.engine import engine as engines
from ebtop.engine.engine import Engine, Options
from ebtop.lab.topology import Lab, Router


@pytest.fixture
def router() -> Iterator[Router]:
    with Lab() as lab:
        yield lab.router(ports=2)


def read_open() -> Counter[str]:
    """What this process's descriptors and mappings of maps lead to."""
    gc.collect()
    found: Counter[str] = Counter()
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208  one of them is the listing's own
        target = Path("/proc/self/fd", name)
        if target.is_symlink():
            found[os.readlink(target).split(":[")[0]] += 1  # noqa: PTH115  these are no paths
    with Path("/proc/self/maps").open() as maps:
        found["mapped"] = sum("bpf-map" in line for line in maps)
    return found


def make_and_close(router: Router) -> None:
    engine = router.namespace.run(Engine, Options())
    router.namespace.run(engine.close)


def test_engine_leaves_nothing_open(router: Router) -> None:
    make_and_close(router)  # loads bcc, which stays
    before = read_open()

    make_and_close(router)

    assert read_open() == before


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        pytest.param(syscall, "load_program", id="the verifier"),
        pytest.param(engines, "ExceptionWatch", id="after the maps were made"),
        pytest.param(engines, "read_reasons", id="after the ports were attached"),
    ],
)
def test_failed_start_leaves_nothing_open(
    router: Router, monkeypatch: pytest.MonkeyPatch, owner: object, name: str
) -> None:
    make_and_close(router)
    before = read_open()

    def fail(*_given: object, **_named: object) -> None:
        raise DatapathError("It is refused.")

    with monkeypatch.context() as patch:
        patch.setattr(owner, name, fail)
        with pytest.raises(DatapathError):
            router.namespace.run(Engine, Options())

    assert read_open() == before
    assert "xdp" not in router.namespace.read_ip("link", "show", "p1")

"""The grace period between giving something up and using it again."""

import os

import pytest

from ebtop.datapath import syscall


@pytest.mark.parametrize("command", [1, 1 << 30], ids=["membarrier", "refused, as with nohz_full"])
def test_it_is_waited_for_and_leaves_nothing(monkeypatch: pytest.MonkeyPatch, command: int) -> None:
    monkeypatch.setattr(syscall, "_MEMBARRIER_GLOBAL", command)
    waited_by = []
    update = syscall.update_element

    def note(map_fd: int, key: bytes, value: bytes) -> None:
        waited_by.append(key)
        update(map_fd, key, value)

    monkeypatch.setattr(syscall, "update_element", note)
    before = os.listdir("/proc/self/fd")  # noqa: PTH208  one of them is the listing's own

    syscall.grace_period()

    assert os.listdir("/proc/self/fd") == before  # noqa: PTH208  the same
    assert bool(waited_by) is (command != 1)

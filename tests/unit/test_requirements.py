"""What is missing is told in one sentence each."""

import errno
import sys
from pathlib import Path

import pytest

from ebtop.kernel import requirements

ROOT = "CapPrm:\t0000000000000000\nCapEff:\t000001ffffffffff\nCapBnd:\t0\n"


@pytest.mark.parametrize(
    ("held", "missing"),
    [
        ({"CAP_BPF", "CAP_PERFMON", "CAP_NET_ADMIN"}, []),
        ({"CAP_BPF", "CAP_NET_ADMIN"}, ["CAP_PERFMON"]),
        ({"CAP_SYS_ADMIN", "CAP_NET_ADMIN"}, []),
        ({"CAP_SYS_ADMIN"}, ["CAP_NET_ADMIN"]),
        ({"CAP_NET_ADMIN"}, ["CAP_BPF", "CAP_PERFMON"]),
        (set(), ["CAP_BPF", "CAP_PERFMON", "CAP_NET_ADMIN"]),
    ],
)
def test_capabilities(held: set[str], missing: list[str]) -> None:
    text = requirements.format_missing_capabilities(frozenset(held))
    needed = ("CAP_BPF", "CAP_PERFMON", "CAP_NET_ADMIN")
    assert [name for name in needed if name in text] == missing
    assert bool(text) is bool(missing)


@pytest.mark.parametrize(
    ("status", "held"),
    [
        (ROOT, {"CAP_BPF", "CAP_NET_ADMIN", "CAP_PERFMON", "CAP_SYS_ADMIN"}),
        ("CapEff:\t0000000000001000\n", {"CAP_NET_ADMIN"}),
        ("CapEff:\t0000008000000000\n", {"CAP_BPF"}),
        ("CapEff:\t0000004000000000\n", {"CAP_PERFMON"}),
        ("CapEff:\tnonsense\n", set()),
        ("", set()),
    ],
)
def test_capabilities_of_a_process(status: str, held: set[str]) -> None:
    assert requirements.parse_capabilities(status) == held


def test_errors_of_bpf_are_told_apart() -> None:
    codes = (errno.EPERM, errno.EINVAL, errno.ENOSYS, errno.ENOMEM)
    texts = {requirements.format_missing_bpf(code, privileged=True) for code in codes}
    assert len(texts) == len(codes)
    assert all(text.endswith(".") for text in texts)
    assert requirements.format_missing_bpf(errno.EPERM, privileged=False) == ""


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ([], "is not installed"),
        (["__init__.py"], "another project of that name"),
        (["__init__.py", "libbcc.py"], ""),
    ],
)
def test_bcc(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, files: list[str], said: str) -> None:
    if files:
        (tmp_path / "bcc").mkdir()
    for file in files:
        (tmp_path / "bcc" / file).write_text("raise SystemExit('imported')\n")
    monkeypatch.delitem(sys.modules, "bcc", raising=False)
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    text = requirements._read_missing_bcc()
    assert said in text
    assert bool(text) is bool(said)
    assert ("apt install python3-bpfcc" in text) is bool(said)


def test_a_refused_bpf_call_and_missing_privileges_are_one_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse() -> int:
        raise PermissionError(errno.EPERM, "refused")

    status = tmp_path / "status"
    status.write_text("CapEff:\t0000000000000000\n")
    monkeypatch.setattr(requirements, "_STATUS", status)
    monkeypatch.setattr(requirements, "create_mappable_array", refuse)
    monkeypatch.setattr(requirements, "_read_missing_bcc", lambda: "")
    (text,) = requirements.read_missing()
    assert "run it as root" in text
    status.write_text(ROOT)
    (text,) = requirements.read_missing()
    assert "refuses bpf(2)" in text

"""Each source in bpf/ is clean under plain clang, and each header stands by itself."""

import pytest

from tests.arch.clang import BPF, run_clang

SOURCES = sorted(path.name for path in [*BPF.glob("*.h"), *BPF.glob("*.c")])


@pytest.mark.parametrize("source", SOURCES)
def test_source_is_clean(source: str) -> None:
    # A program takes its context whether it needs it or not.
    options = ["-Wno-unused-parameter"] if source.endswith(".c") else []
    done = run_clang(f'#include "{source}"\n', "-fsyntax-only", *options)
    assert done.returncode == 0, done.stderr


def test_a_warning_is_an_error() -> None:
    done = run_clang("int f(void) { int unused; return 0; }\n", "-fsyntax-only")
    assert "unused" in done.stderr
    assert done.returncode != 0


@pytest.mark.parametrize("source", SOURCES)
def test_source_has_its_licence(source: str) -> None:
    first = (BPF / source).read_text(encoding="utf-8").splitlines()[0]
    assert "SPDX-License-Identifier: GPL-2.0-only" in first

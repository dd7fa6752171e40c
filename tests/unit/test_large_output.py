"""A table of any size is printed as it comes: the first line does not wait for the last."""

import json
import tracemalloc
from collections.abc import Iterator

import numpy as np
import pytest

from ebtop.commands.routes import describe_routes
from ebtop.commands.text import print_json_list, print_table
from ebtop.model.port import Mode
from ebtop.model.snapshot import RowState, Snapshot, empty_table

MANY = 20_000


def test_rows_are_asked_for_as_lines_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    seen_after = []

    def rows() -> Iterator[tuple[str, str]]:
        for number in range(MANY):
            if number == MANY // 2:
                seen_after.append(capsys.readouterr().out.count("\n"))
            yield str(number), "x" * (1 + (number == MANY - 1))

    print_table(("number", "mark"), rows())

    assert 0 < seen_after[0] <= MANY // 2 + 1
    assert seen_after[0] + capsys.readouterr().out.count("\n") == MANY + 1


def test_an_empty_table_has_its_headings(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("number", "mark"), [])

    assert capsys.readouterr().out == "number  mark\n"


@pytest.mark.parametrize("values", [[], [1], [{"a": None}, "b", 2.5]])
def test_a_list_in_pieces_is_one_object(
    values: list[object], capsys: pytest.CaptureFixture[str]
) -> None:
    print_json_list("things", iter(values))
    printed = capsys.readouterr().out

    assert json.loads(printed) == {"schema": 1, "things": values}
    assert printed.count("\n") == 1


def test_routes_are_described_a_few_at_a_time() -> None:
    table = empty_table(MANY)
    table["state"][1:], table["family"][1:], table["length"][1:] = RowState.BEST, 4, 32
    table["type"][1:], table["p50_ns"][1:] = 1, np.nan
    table["high"][:] = np.arange(MANY, dtype=np.uint64) << np.uint64(32)
    snapshot = Snapshot(host="h", owner="o", tick=1, taken_ns=0, mode=Mode.FORWARD, routes=table)

    tracemalloc.start()
    try:
        last = {}
        for last in describe_routes(snapshot, np.arange(1, MANY)):  # noqa: B007  the last counts
            pass
        most_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert (last["prefix"], last["best"], last["p50_ns"]) == ("0.0.78.31/32", True, None)
    assert most_bytes < 16 << 20

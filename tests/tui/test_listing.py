"""What stands in the table, and what it costs to choose it."""

from dataclasses import replace

import pytest

from ebtop.tui.generated import GeneratedRouter
from ebtop.tui.listing import Listing
from ebtop.tui.order import arrange
from ebtop.tui.widgets import route_list
from tests.tui.stage import Route, Stage, play, snapshot_of

MIXED = {
    1: Route(prefix="10.0.0.0/8", pps=500, bps=8e6),
    2: Route(prefix="10.1.0.0/16", pps=1500, bps=4e6, group=0, protocol=2),
    3: Route(prefix="10.1.2.0/24", pps=7, protocol=4),
    4: Route(prefix="2001:db8::/32", pps=90, protocol=4),
    5: Route(prefix="0.0.0.0/0", pps=1),
}


def test_keystroke_sorts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    sorts: list[int] = []

    def counted(*arguments: object) -> object:
        sorts.append(1)
        return arrange(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(route_list, "arrange", counted)

    async def scenario(stage: Stage) -> None:
        await stage.tell(snapshot_of(MIXED))
        assert sorts == [1]
        await stage.press("slash", *"static")
        assert sorts == [1]
        await stage.press("enter", "s")
        assert sorts == [1, 1]
        assert stage.shown == [3, 4]

    play(scenario)


def test_sums_are_those_of_the_rows() -> None:
    snapshot = GeneratedRouter(routes=3000, ports=4).tick()
    listing = Listing()
    listing.adopt(snapshot)
    listing.take(arrange(snapshot, listing.sort), snapshot)
    sums = listing.sums()
    rows = [int(row) for row in listing.rows]
    assert sums.routes == sums.of == len(rows)
    assert sums.pps == pytest.approx(sum(float(snapshot.routes["pps"][row]) for row in rows))
    assert sums.bps == pytest.approx(sum(float(snapshot.routes["bps"][row]) for row in rows))
    assert sums.punt_pps > 0
    listing.adopt(replace(snapshot, owner="another engine"))
    assert listing.sums().routes == 0

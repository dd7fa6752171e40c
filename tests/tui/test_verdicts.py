"""The verdicts view: how often, how many, what each means, and in what order."""

from dataclasses import replace

import pytest

from ebtop.model.format import MISSING
from ebtop.model.snapshot import Snapshot
from ebtop.model.verdict import Verdict
from ebtop.tui.paint import width_of
from ebtop.tui.verdict_lines import account_lines, format_never
from ebtop.tui.verdicts import Account, Fate, accounts_of, fate_of, verdict_rates
from ebtop.tui.widgets.scroll_lines import ScrollLines
from tests.tui.stage import THREE, Stage, play, port_of, snapshot_of

V = Verdict


def at(tick: int, *counts: dict[Verdict, int]) -> Snapshot:
    """Half a second later each tick; ports with these counts."""
    ports = [
        port_of(slot, f"p{slot}", received=sum(of_port.values()), verdicts=of_port)
        for slot, of_port in enumerate(counts)
    ]
    return snapshot_of(THREE, tick=tick, taken_ns=tick * 500_000_000, ports=tuple(ports))


def lines_of(stage: Stage) -> list[str]:
    lines = stage.screen.view.query_one(ScrollLines).lines
    return ["".join(text for text, _ in line).rstrip() for line in lines]


def reasons_of(stage: Stage) -> list[str]:
    """Reasons in the order of the screen."""
    heads = tuple(f" {symbol} " for symbol in "█▒░?")
    return [line.split()[1] for line in lines_of(stage) if line.startswith(heads)]


def test_verdicts_of_all_ports_together_by_rate_and_then_count() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.tell(at(1, {V.FORWARDED: 0, V.PUNT_TTL: 500}, {V.PUNT_LOCAL: 10}))
        await stage.tell(
            at(2, {V.FORWARDED: 100, V.PUNT_TTL: 500}, {V.PUNT_LOCAL: 10, V.FORWARDED: 90})
        )
        await stage.press("3")
        assert reasons_of(stage) == ["forwarded", "ttl", "local"]
        assert lines_of(stage)[1].split()[2:5] == ["380", "190", "27.1%"]
        assert "Forwarded in XDP." in lines_of(stage)[1]

    play(scenario)


def test_the_order_stays_for_two_seconds() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.tell(at(1, {V.FORWARDED: 0, V.PUNT_TTL: 1}))
        await stage.tell(at(2, {V.FORWARDED: 10, V.PUNT_TTL: 1}))
        await stage.press("3")
        for tick in (3, 4, 5):
            books = {V.FORWARDED: 10, V.PUNT_TTL: 100 * tick, V.PUNT_LOCAL: 9000 * tick}
            await stage.tell(at(tick, books))
            assert reasons_of(stage) == ["forwarded", "ttl", "local"], "new ones come last"
        await stage.tell(at(6, {V.FORWARDED: 10, V.PUNT_TTL: 600, V.PUNT_LOCAL: 9000 * 6}))
        assert reasons_of(stage) == ["local", "ttl", "forwarded"]

    play(scenario)


def test_rates_are_not_known_before_the_second_snapshot() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.tell(at(1, {V.FORWARDED: 5}))
        await stage.press("3")
        assert lines_of(stage)[1].split()[2:4] == [MISSING, "5"]

    play(scenario)


def test_what_never_happened_is_named_in_one_sentence() -> None:
    accounts = [Account(verdict, 1, 0.0) for verdict in Verdict if verdict != V.PUNT_VLAN]
    text = "".join(text for line in format_never(accounts, 80) for text, _ in line)
    assert text.strip() == "1 never happened: vlan."
    assert format_never([Account(verdict, 1, 0.0) for verdict in Verdict], 80) == ()


def test_before_the_first_packet() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.tell(at(1, {}))
        await stage.press("3")
        assert stage.line_with("No packet has been received.")

    play(scenario)


@pytest.mark.parametrize("width", [59, 79, 119, 199])
def test_each_verdict_has_its_whole_sentence_within_the_width(width: int) -> None:
    lines = account_lines([Account(verdict, 10**12, 1e9) for verdict in Verdict], width)
    assert max(map(width_of, lines)) <= width
    words = " ".join(" ".join(text for text, _ in line) for line in lines).split()
    for verdict in Verdict:
        assert set(verdict.meaning.split()) <= set(words)
    muted = " ".join(text.strip() for line in lines for text, tone in line if tone == "tone--muted")
    assert all(verdict.meaning in muted for verdict in Verdict if width > 100)


def test_every_verdict_has_one_fate() -> None:
    fates = [fate_of(verdict) for verdict in Verdict]
    assert fates.count(Fate.FORWARDED) == 1
    assert Fate.UNKNOWN not in fates
    assert fate_of(max(Verdict) + 1) is Fate.UNKNOWN


def test_a_verdict_of_a_newer_engine_is_shown_by_its_number() -> None:
    unknown = max(Verdict) + 1
    before, after = at(1, {}), at(2, {})
    before, after = (
        replace(snapshot, ports=(port_of(0, "p0", received=count, verdicts={unknown: count}),))
        for snapshot, count in ((before, 1), (after, 6))
    )
    accounts = accounts_of(after.ports, verdict_rates(before, after))
    assert accounts == [Account(unknown, 6, 10.0)]
    line = "".join(text for text, _ in account_lines(accounts, 80)[1])
    assert line.split()[:3] == ["?", "verdict", str(unknown)]

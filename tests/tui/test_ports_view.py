"""The ports view: who does what, why not more, and whether the books add up."""

import pytest

from ebtop.model.format import MISSING
from ebtop.model.port import AttachKind, Mode, PortStatus, Reason
from ebtop.model.snapshot import Snapshot
from ebtop.model.verdict import Verdict
from ebtop.tui.paint import width_of
from ebtop.tui.source import LinkState, Phase
from ebtop.tui.views.ports import PortsView
from ebtop.tui.widgets.scroll_lines import ScrollLines
from tests.tui.stage import THREE, Stage, play, port_of, snapshot_of

FIREWALL = Reason(
    name="netfilter",
    text="nftables chain inet/filter/forward would see the packets.",
    remedy="Remove the chain, or leave forwarding to the kernel.",
)
IPSEC = Reason(
    name="xfrm",
    text="IPsec policies exist, and would see packets that this router forwards.",
    remedy="Remove them with `ip xfrm policy flush`.",
)


def ports_at(tick: int) -> tuple[PortStatus, ...]:
    """Four ports: one forwards, one does so slowly, one only observes, one is not attached."""
    wan = {Verdict.FORWARDED: 900 * tick, Verdict.PUNT_TTL: 30 * tick, Verdict.DROP_BLACKHOLE: 70}
    return (
        port_of(0, "wan0", rx_pps=1860, received=930 * tick + 70, verdicts=wan),
        port_of(1, "lan0", attach=AttachKind.GENERIC),
        port_of(
            2,
            "mgmt0",
            mode=Mode.OBSERVE,
            reasons=(FIREWALL, IPSEC),
            received=10 * tick + 4,
            verdicts={Verdict.PUNT_OBSERVE: 10 * tick},
        ),
        port_of(3, "eth9", mode=Mode.DETACHED, attach=AttachKind.NONE),
    )


def at(tick: int, ports: tuple[PortStatus, ...] | None = None) -> Snapshot:
    shown = ports_at(tick) if ports is None else ports
    return snapshot_of(THREE, tick=tick, taken_ns=tick * 500_000_000, ports=shown)


async def enter(stage: Stage) -> None:
    """Two ticks, so that there are rates, and the view."""
    await stage.tell(at(1))
    await stage.tell(at(2))
    await stage.press("2")


def view_of(stage: Stage) -> PortsView:
    view = stage.screen.view
    assert isinstance(view, PortsView)
    return view


def lines_of(stage: Stage, which: str) -> list[str]:
    lines = view_of(stage).query_one(f"#port-{which}", ScrollLines).lines
    return ["".join(text for text, _ in line).rstrip() for line in lines]


def detail_with(stage: Stage, word: str) -> list[str]:
    return next(line for line in lines_of(stage, "detail") if word in line).split()


def test_each_port_has_mode_attach_rates_and_count() -> None:
    async def scenario(stage: Stage) -> None:
        await enter(stage)
        wan, lan, mgmt, eth = (line.split() for line in lines_of(stage, "list"))
        assert wan == ["wan0", "►", "forward", "native", "1.86k", "1.80k", "60", "0", "1.93k"]
        assert lan == ["lan0", "►", "forward", "generic", "0", "0", "0", "0", "0"]
        assert mgmt == ["mgmt0", "○", "observe", "native", "0", "0", "20", "0", "24"]
        assert eth == ["eth9", "·", "detached", *[MISSING] * 5, "0"]

    play(scenario)


def test_every_reason_stands_with_its_remedy() -> None:
    async def scenario(stage: Stage) -> None:
        await enter(stage)
        await stage.press("down", "down")
        text = " ".join(" ".join(lines_of(stage, "detail")).split())
        for reason in (FIREWALL, IPSEC):
            assert f"! {reason.text} → {reason.remedy}" in text

    play(scenario, (60, 24))


def test_verdicts_of_the_port_by_reason_the_greatest_first() -> None:
    async def scenario(stage: Stage) -> None:
        await enter(stage)
        lines = lines_of(stage, "detail")
        forwarded, ttl, blackhole = (
            next(number for number, line in enumerate(lines) if line.startswith(f" {start}"))
            for start in ("█ forwarded", "▒ ttl", "░ blackhole")
        )
        assert forwarded < ttl < blackhole
        assert lines[ttl].split()[1:5] == ["ttl", "60", "60", "3.1%"]
        assert lines[blackhole].split()[1:5] == ["blackhole", "0", "70", "3.6%"]

    play(scenario)


def test_what_the_books_do_not_account_for_is_said() -> None:
    async def scenario(stage: Stage) -> None:
        await enter(stage)
        assert not any("unaccounted" in line for line in lines_of(stage, "detail"))
        await stage.press("down", "down")
        assert detail_with(stage, "unaccounted")[:4] == ["!", "4", "unaccounted", "(16.7%):"]

    play(scenario)


def test_the_selection_is_a_port_and_not_a_line() -> None:
    async def scenario(stage: Stage) -> None:
        await enter(stage)
        await stage.press("down", "down")
        assert lines_of(stage, "detail")[1].startswith(" mgmt0 ")
        await stage.tell(at(3, ports_at(3)[1:]))
        assert lines_of(stage, "detail")[1].startswith(" mgmt0 ")
        assert stage.line_with("▌").startswith("▌mgmt0 ")
        await stage.tell(at(4, ports_at(4)[:1]))
        assert lines_of(stage, "detail")[1].startswith(" wan0 ")
        await stage.tell(at(5, ()))
        assert lines_of(stage, "list") == []

    play(scenario)


def test_what_is_said_of_a_port_can_be_read_to_its_end() -> None:
    async def scenario(stage: Stage) -> None:
        await enter(stage)
        await stage.press("down", "down")
        end = lines_of(stage, "detail")[-1]
        assert end not in stage.text()[-2]
        await stage.press("enter", "G")
        assert end in stage.text()[-2]
        await stage.press("escape", "up")
        assert lines_of(stage, "detail")[1].startswith(" lan0 ")

    play(scenario, (60, 16))


def test_nothing_is_said_to_be_so_now_when_the_engine_has_gone() -> None:
    async def scenario(stage: Stage) -> None:
        await enter(stage)
        stage.source.tell(LinkState(phase=Phase.LOST, text="It was killed."))
        await stage.settle()
        tones = {tone for _, tone in view_of(stage).query_one(ScrollLines).lines[0]}
        assert "tone--good" not in tones

    play(scenario)


@pytest.mark.parametrize("size", [(60, 16), (80, 24), (120, 40), (200, 60)])
def test_no_line_is_longer_than_the_screen(size: tuple[int, int]) -> None:
    async def scenario(stage: Stage) -> None:
        await enter(stage)
        for _ in range(4):
            for lines in view_of(stage).query(ScrollLines):
                assert max(map(width_of, lines.lines)) <= lines.room
            await stage.press("down")

    play(scenario, size)


def test_names_and_reasons_from_outside_are_made_safe() -> None:
    hostile = Reason(name="x", text="chain \x1b[2J[red]evil[/]", remedy="")

    async def scenario(stage: Stage) -> None:
        ports = (port_of(0, "[b]\x1b[31m", mode=Mode.OBSERVE, reasons=(hostile,)),)
        await stage.tell(at(1, ports))
        await stage.press("2")
        assert lines_of(stage, "list")[0].startswith("[b][31m ")
        assert detail_with(stage, "chain") == ["!", "chain", "[2J[red]evil[/]"]

    play(scenario)

"""What pictures are taken of: how an operator comes to each view, and what is true of it then.

What is true holds at every size and in every theme, so that a picture can never show something
else than its name says.
"""

import asyncio
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from errno import EINVAL

from textual.command import CommandPalette
from textual.widgets import Input

from ebtop.edit.refusal import compile_refusal
from ebtop.edit.words import format_delete, format_replace
from ebtop.kernel.acknowledgement import Acknowledgement
from ebtop.kernel.decode_nexthops import RouteAttribute
from ebtop.kernel.route_message import RouteMessage
from ebtop.kernel.route_writer import Answer
from ebtop.model.edit import Outcome
from ebtop.model.prefix import parse_address, parse_prefix
from ebtop.model.route import TABLE_MAIN, RouteType
from ebtop.tui.screens.help import HelpScreen
from ebtop.tui.source import LinkState, Phase
from ebtop.tui.views.detail import DetailView
from ebtop.tui.views.ports import PortsView
from ebtop.tui.views.verdicts import VerdictsView
from tests.tui.pictures.cells import read_runs
from tests.tui.pictures.showcase import Showcase
from tests.tui.pictures.showcase_routes import NAMES, PORTS, STATIC
from tests.tui.stage import Stage

_SHOWCASE = Showcase()
_SNAPSHOTS = [_SHOWCASE.snapshot(tick) for tick in range(3)]


def _make_route(prefix: str, gateway: str, port: str) -> RouteMessage:
    """A route of the operator's, as the engine would send it."""
    return RouteMessage(
        prefix=parse_prefix(prefix),
        table=TABLE_MAIN,
        protocol=STATIC,
        type=RouteType.UNICAST,
        attributes={
            RouteAttribute.GATEWAY: parse_address(gateway).packed,
            RouteAttribute.OIF: struct.pack("=I", PORTS[port]),
        },
    )


_REFUSAL = compile_refusal(Answer(Acknowledgement(EINVAL, "Nexthop has invalid gateway"), 0))
_REPLACE = format_replace(_make_route("198.51.100.128/25", "198.51.100.3", "dmz0"), NAMES)
_DELETE = format_delete(_make_route("172.20.0.0/16", "10.255.0.5", "core1"), NAMES)


@dataclass(frozen=True, slots=True)
class Scene:
    """A way to a view; `check` raises AssertionError where something else is shown."""

    act: Callable[[Stage], Awaitable[None]]
    check: Callable[[Stage], None]


def text_of(stage: Stage) -> str:
    """All that is on the screen, also of what lies above the main screen, in single spaces."""
    lines = ("".join(run.text for run in line) for line in read_runs(stage.app))
    return " ".join(" ".join(lines).split())


async def _select(stage: Stage, prefix: str = "2001:db8:40::/48") -> None:
    """Watches the router for a while and puts the cursor on a route."""
    for snapshot in _SNAPSHOTS[1:]:
        await stage.tell(snapshot)
    stage.routes.select(_number_of(prefix))
    await stage.settle()


def _number_of(prefix: str) -> int:
    return next(n for n, route in enumerate(_SHOWCASE.plan, start=1) if route.prefix == prefix)


def _check_routes(stage: Stage) -> None:
    assert stage.screen.view is stage.screen.routes
    assert stage.routes.selected == _number_of("2001:db8:40::/48")
    assert stage.shown[:3] == [1, 2, 3]
    assert "► FORWARD" in text_of(stage)


async def _freeze(stage: Stage) -> None:
    """The table stands still while the router goes on."""
    await _select(stage)
    await stage.press("space")
    stage.now_s += 42
    stage.source.push(_SHOWCASE.snapshot(90))
    await stage.settle()
    stage.screen.show_header()
    await stage.settle()


def _check_frozen(stage: Stage) -> None:
    assert stage.app.feed.snapshot is _SNAPSHOTS[-1]
    assert "► FORWARD ‖ FROZEN 42s" in text_of(stage)


async def _lose(stage: Stage) -> None:
    """The engine was killed; its last state stays."""
    await _select(stage)
    reason = "The engine (pid 812) was killed."
    stage.source.tell(LinkState(phase=Phase.LOST, text=reason, restart_s=4))
    await stage.settle()


def _check_lost(stage: Stage) -> None:
    assert stage.app.feed.link.phase is Phase.LOST
    assert "ENGINE GONE: the kernel forwards" in text_of(stage)
    assert "► FORWARD" not in text_of(stage)
    assert "203.0.113.0/24" in text_of(stage)


async def _filter(stage: Stage) -> None:
    """Which routes hold an address: the longest prefix is what its packets use."""
    await _select(stage)
    await stage.press("slash", *_keys("10.20.1.9"), "enter", "home")


def _check_filtered(stage: Stage) -> None:
    shown = [_SHOWCASE.plan[route - 1].prefix for route in stage.shown if route]
    assert shown == ["0.0.0.0/0", "10.20.0.0/16", "10.0.0.0/8"]
    assert "203.0.113.0/24" not in text_of(stage)
    assert "10.20.1.9" in text_of(stage)


async def _open(stage: Stage) -> None:
    await _select(stage, "10.20.0.0/16")
    await stage.press("enter")


def _check_detail(stage: Stage) -> None:
    assert isinstance(stage.screen.view, DetailView)
    assert "10.20.0.0/16 431k pps 3.53Gbit/s" in text_of(stage)
    assert "10.255.0.5 core1 00:00:5e:00:53:56 reachable" in text_of(stage)


async def _show_ports(stage: Stage) -> None:
    await _select(stage)
    await stage.press("2", "end")


def _check_ports(stage: Stage) -> None:
    assert isinstance(stage.screen.view, PortsView)
    for port in PORTS:
        assert port in text_of(stage)
    assert "mgmt0 ○ observe generic" in text_of(stage)
    assert "nft delete chain netdev guard management" in text_of(stage)


async def _show_verdicts(stage: Stage) -> None:
    await _select(stage)
    await stage.press("3")


def _check_verdicts(stage: Stage) -> None:
    assert isinstance(stage.screen.view, VerdictsView)
    assert "blackhole 8.42k 130M 0.2% The route says blackhole." in text_of(stage)


async def _help(stage: Stage) -> None:
    await _select(stage)
    await stage.press("question_mark")


def _check_help(stage: Stage) -> None:
    assert isinstance(stage.app.screen, HelpScreen)
    assert "In this view: Routes" in text_of(stage)


async def _open_palette(stage: Stage) -> None:
    await _select(stage)
    await stage.press("ctrl+p")
    async with asyncio.timeout(20):
        while "View: Verdicts" not in text_of(stage):
            await stage.pilot.pause()
    stage.app.screen.query_one(Input).cursor_blink = False
    await stage.settle()


def _check_palette(stage: Stage) -> None:
    assert isinstance(stage.app.screen, CommandPalette)
    assert "View: Routes 1" in text_of(stage)


async def _type_wrong_gateway(stage: Stage) -> None:
    """198.51.100.2 becomes an address that no port is connected to."""
    await _select(stage, "198.51.100.128/25")
    await stage.press("e", "end", "0", "0")
    await _answer_check(stage, Outcome(done=False, field=_REFUSAL.field, message=str(_REFUSAL)))


def _check_refused(stage: Stage) -> None:
    assert "198.51.100.200" in text_of(stage)
    assert "next hop: The kernel says: Nexthop has invalid gateway." in text_of(stage)


async def _review(stage: Stage) -> None:
    """198.51.100.2 becomes 198.51.100.3."""
    await _select(stage, "198.51.100.128/25")
    await stage.press("e", "end", "backspace", "3")
    await _answer_check(stage, Outcome(done=True, commands=(_REPLACE,)))
    await stage.press("enter")


def _check_review(stage: Stage) -> None:
    assert "Review Enter writes it" in text_of(stage)
    assert _REPLACE in text_of(stage)
    assert "commit" not in {asked.kind for asked in stage.source.asked}


async def _ask_to_delete(stage: Stage) -> None:
    await _select(stage, "172.20.0.0/16")
    await stage.press("d")
    await _answer_check(stage, Outcome(done=True, commands=(_DELETE,)))


def _check_delete(stage: Stage) -> None:
    assert "Delete 172.20.0.0/16?" in text_of(stage)
    assert _DELETE in text_of(stage)
    assert "commit" not in {asked.kind for asked in stage.source.asked}


async def _answer_check(stage: Stage, outcome: Outcome) -> None:
    """Says what the kernel thinks of the edit, as soon as it is asked."""
    async with asyncio.timeout(20):
        while not (checks := [each for each in stage.source.asked if each.kind == "check"]):
            await stage.pilot.pause()
    stage.source.answer(checks[-1].number, outcome)
    await stage.settle()


def _keys(text: str) -> list[str]:
    """The keys that type a text."""
    return ["full_stop" if character == "." else character for character in text]


SCENES = {
    "routes": Scene(_select, _check_routes),
    "filter": Scene(_filter, _check_filtered),
    "route": Scene(_open, _check_detail),
    "ports": Scene(_show_ports, _check_ports),
    "verdicts": Scene(_show_verdicts, _check_verdicts),
    "edit": Scene(_type_wrong_gateway, _check_refused),
    "review": Scene(_review, _check_review),
    "delete": Scene(_ask_to_delete, _check_delete),
    "help": Scene(_help, _check_help),
    "palette": Scene(_open_palette, _check_palette),
    "frozen": Scene(_freeze, _check_frozen),
    "lost": Scene(_lose, _check_lost),
}
"""By the names of the pictures."""

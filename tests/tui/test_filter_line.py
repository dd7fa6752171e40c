"""The filter on the screen: typing, keeping, clearing, and what stays selected meanwhile."""

import pytest
from textual.widgets import Input

from ebtop.model.route import TABLE_LOCAL, RouteType
from ebtop.tui.views.detail import DetailView
from ebtop.tui.widgets.filter_line import FilterLine
from tests.tui.stage import THREE, Route, Stage, play, snapshot_of

MIXED = {
    1: Route(prefix="10.0.0.0/8", pps=500, bps=8e6),
    2: Route(prefix="10.1.0.0/16", pps=1500, bps=4e6, group=0, protocol=2),
    3: Route(prefix="10.1.2.0/24", pps=7, protocol=4),
    4: Route(prefix="2001:db8::/32", pps=90, protocol=4),
    5: Route(prefix="0.0.0.0/0", pps=1),
}


def typing(stage: Stage) -> bool:
    return isinstance(stage.app.focused, Input)


async def type_filter(stage: Stage, text: str) -> None:
    await stage.press(
        "slash", *(character if character.isalnum() else NAMES[character] for character in text)
    )


NAMES = {".": "full_stop", "/": "slash", ":": "colon", " ": "space", "-": "minus"}


def test_each_key_filters_and_the_totals_are_of_what_is_left() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.tell(snapshot_of(MIXED))
        assert stage.line_with("5 routes · 2.10k pps · 12.0Mbit/s · 0 punt/s")
        await type_filter(stage, "st")
        assert typing(stage)
        assert stage.shown == [4, 3]
        assert stage.line_with("/st").endswith("2 of 5 routes · 97 pps · 0bit/s · 0 punt/s")
        await stage.press("x")
        assert stage.shown == []
        assert stage.line_with("no route matches stx")
        await stage.press("backspace", "backspace", "backspace")
        assert stage.shown == [2, 1, 4, 3, 5]

    play(scenario)


def test_enter_keeps_the_filter_and_esc_in_the_table_clears_it() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.tell(snapshot_of(MIXED))
        await type_filter(stage, "static")
        await stage.press("enter")
        assert stage.app.focused is stage.routes
        line = " filter: static · 2 of 5 routes · 97 pps · 0bit/s · 0 punt/s · Esc clears"
        assert stage.line_with("filter:") == line
        await stage.press("slash", "enter")
        assert stage.shown == [4, 3], "typing goes on with the text that is there"
        await stage.press("escape")
        assert stage.shown == [2, 1, 4, 3, 5]
        assert stage.line_with("5 routes · 2.10k pps")

    play(scenario)


def test_esc_while_typing_clears_and_returns() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.tell(snapshot_of(MIXED))
        await type_filter(stage, "static")
        await stage.press("escape")
        assert stage.app.focused is stage.routes
        assert len(stage.shown) == 5
        await stage.press("slash")
        assert stage.screen.query_one(Input).value == ""

    play(scenario)


def test_nonsense_is_said_in_place_and_changes_nothing() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.tell(snapshot_of(MIXED))
        await type_filter(stage, "10.0.0.0/3")
        shown = stage.shown
        await stage.press("3")
        assert stage.line_with("! 10.0.0.0/33 is no prefix: IPv4 ends at /32.")
        assert stage.shown == shown
        await stage.press("enter")
        assert typing(stage), "what is wrong is not kept"
        await stage.press("backspace", "backspace", "8", "enter")
        assert stage.shown == [2, 1, 3]
        assert "is no prefix" not in "\n".join(stage.text())

    play(scenario)


def test_keys_of_the_table_are_letters_while_typing() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.tell(snapshot_of(MIXED))
        await stage.press("slash", "q", "s", "r", "1", "space", "j", "question_mark", "slash")
        assert stage.screen.query_one(Input).value == "qsr1 j?/"
        assert stage.app.is_running
        assert not stage.app.feed.frozen

    play(scenario)


def test_address_jumps_to_its_longest_match() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.tell(snapshot_of(MIXED))
        await type_filter(stage, "10.1.2.9")
        assert stage.shown == [2, 1, 3, 5]
        assert stage.routes.selected == 3
        assert "10.1.2.0/24" in stage.line_with("▌")
        assert "→ 10.1.2.0/24 · 4 of 5 routes" in stage.line_with("/10.1.2.9")
        await stage.press("enter")
        assert stage.line_with("10.1.2.9 → 10.1.2.0/24  via 192.0.2.1")
        await stage.press("escape")
        assert stage.routes.selected == 3
        assert "10.1.2.0/24" in stage.line_with("▌")

    play(scenario)


def test_own_address_is_said_to_be_the_routers_own() -> None:
    own = Route(prefix="10.1.2.9/32", table=TABLE_LOCAL, type=RouteType.LOCAL)

    async def scenario(stage: Stage) -> None:
        await stage.tell(snapshot_of(MIXED | {6: own}))
        await type_filter(stage, "10.1.2.9")
        assert stage.routes.selected is None
        line = stage.line_with("/10.1.2.9")
        assert "→ 10.1.2.9/32 in table local of the router itself" in line

    play(scenario, (120, 24))


def test_host_bits_are_said() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.tell(snapshot_of(MIXED))
        await type_filter(stage, "10.1.2.3/8")
        assert stage.shown == [2, 1, 3]
        assert stage.line_with("10.1.2.3/8 has host bits, taken for 10.0.0.0/8")

    play(scenario)


def test_filter_goes_on_through_ticks_and_changes_of_routes() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.tell(snapshot_of(MIXED))
        await type_filter(stage, "static")
        await stage.press("down", "enter")
        assert stage.routes.selected == 4
        more = MIXED | {
            3: Route(prefix="10.1.2.0/24", pps=400, protocol=4),
            7: Route(prefix="10.7.0.0/16", pps=800, protocol=4),
            8: Route(prefix="10.8.0.0/16", pps=900),
        }
        await stage.tell(snapshot_of(more, structure=2))
        assert stage.shown == [4, 3, 7]
        await stage.tell(snapshot_of(more, structure=2), later_s=3)
        assert stage.shown == [7, 3, 4]
        assert stage.routes.selected == 4
        assert "3 of 7" in stage.line_with("/static")
        del more[4]
        await stage.tell(snapshot_of(more, structure=3))
        assert stage.shown == [7, 3]
        assert stage.line_with("2001:db8::/32 has gone")

    play(scenario)


def test_filter_by_port_follows_a_renamed_port() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.tell(snapshot_of(MIXED))
        await type_filter(stage, "lan")
        assert stage.shown == [2]
        await stage.tell(snapshot_of(MIXED, names={2: "lab0", 3: "lan7"}))
        assert sorted(number or 0 for number in stage.shown) == [1, 3, 4, 5]

    play(scenario)


def test_filter_works_while_frozen() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.tell(snapshot_of(MIXED))
        await stage.press("space")
        stage.source.push(snapshot_of(THREE, structure=2))
        await type_filter(stage, "static")
        await stage.press("enter")
        assert stage.app.feed.frozen
        assert stage.shown == [4, 3]

    play(scenario)


def test_arrows_move_the_cursor_while_typing_and_a_click_ends_it() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.tell(snapshot_of(MIXED))
        await type_filter(stage, "static")
        await stage.press("down", "down")
        assert stage.routes.selected == 3
        assert typing(stage)
        await stage.pilot.click("#routes", offset=(5, 0))
        await stage.settle()
        assert stage.app.focused is stage.routes
        assert stage.routes.selected == 4
        assert not stage.screen.query_one(FilterLine).display
        assert stage.line_with("/static  2 of 5")

    play(scenario)


@pytest.mark.parametrize("size", [(60, 16), (80, 24), (120, 40), (200, 60)])
def test_totals_of_the_filter_stand_on_every_size_beside_a_long_route(
    size: tuple[int, int],
) -> None:
    async def scenario(stage: Stage) -> None:
        await stage.tell(
            snapshot_of(
                MIXED | {9: Route(prefix="2001:db8:aaaa:bbbb:cccc::/80", group=2, protocol=4)}
            )
        )
        await type_filter(stage, "static")
        await stage.press("enter", "G")
        assert stage.routes.selected == 9
        line = stage.line_with("/static")
        assert "/static  3 of 6" in line
        assert line.startswith(" 2001:db8:aaaa:")

    play(scenario, size)


def test_hostile_text_stays_text() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.tell(snapshot_of(MIXED))
        await stage.press("slash")
        stage.screen.query_one(Input).value = "[red]\x1b[2J"
        await stage.settle()
        await stage.press("enter")
        assert stage.line_with("no route matches [red][2J")
        assert "\x1b" not in "\n".join(stage.text())

    play(scenario)


def test_enter_and_double_click_open_a_route() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.tell(snapshot_of(MIXED))
        for number, prefix in ((2, "10.1.0.0/16"), (4, "2001:db8::/32")):
            if number == 2:
                await stage.press("enter")
            else:
                await stage.pilot.double_click("#routes", offset=(5, 2))
                await stage.settle()
            assert isinstance(stage.screen.view, DetailView)
            assert prefix in "\n".join(stage.text())
            await stage.press("escape")
            assert stage.app.focused is stage.routes
            assert stage.routes.selected == number

    play(scenario)


def test_another_filter_replaces_the_one_that_stands() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.tell(snapshot_of(MIXED))
        await type_filter(stage, "static")
        await stage.press("enter")
        await type_filter(stage, "bgp")

        assert stage.screen.query_one(Input).value == "bgp"

    play(scenario)

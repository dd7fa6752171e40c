"""Help and palette: what they offer is what works, and all of it."""

import asyncio

import pytest
from textual.command import CommandPalette
from textual.theme import Theme
from textual.widgets import Input, OptionList

from ebtop.tui.bindings import format_key_name
from ebtop.tui.columns import SORTABLE, Column
from ebtop.tui.messages import RouteOpened
from ebtop.tui.paint import width_of
from ebtop.tui.screens.help import HelpScreen
from ebtop.tui.themes import DEFAULT, OWN_THEMES, THEMES
from ebtop.tui.widgets.scroll_lines import ScrollLines
from tests.tui.stage import THREE, Stage, play, port_of, snapshot_of


def help_of(stage: Stage) -> list[str]:
    screen = stage.app.screen
    assert isinstance(screen, HelpScreen)
    lines = screen.query_one(ScrollLines).lines
    return ["".join(text for text, _ in line).rstrip() for line in lines]


def palette_of(stage: Stage) -> OptionList:
    assert isinstance(stage.app.screen, CommandPalette)
    return stage.app.screen.query_one(OptionList)


def names_of(options: OptionList) -> list[str]:
    """What stands in the palette, without its keys."""
    return [str(option.prompt).split("  ")[0] for option in options.options]


async def open_route(stage: Stage) -> None:
    await stage.tell(snapshot_of(THREE))
    stage.screen.post_message(RouteOpened(1, 1))
    await stage.settle()
    assert stage.screen.view.HEADING == "Route"


async def choose(stage: Stage, text: str) -> None:
    """Finds a command by its name and runs it."""
    await stage.press("ctrl+p")
    stage.app.screen.query_one(Input).value = text
    async with asyncio.timeout(20):
        while names_of(palette_of(stage))[:1] != [text]:
            await stage.pilot.pause()
    await stage.press("enter")
    async with asyncio.timeout(20):
        while isinstance(stage.app.screen, CommandPalette):
            await stage.pilot.pause()
    await stage.settle()


@pytest.mark.parametrize("view", ["1", "2", "3", "detail"])
def test_help_names_every_binding_in_force(view: str) -> None:
    async def scenario(stage: Stage) -> None:
        await stage.tell(snapshot_of(THREE, ports=(port_of(0, "lan0"),)))
        if view == "detail":
            await open_route(stage)
        else:
            await stage.press(view)
        bindings = stage.app.screen.active_bindings
        wanted = {
            key: active.binding.description
            for key, active in bindings.items()
            if active.enabled and not active.binding.action.endswith("copy_text")
        }
        heading = stage.screen.view.HEADING
        await stage.press("question_mark")
        lines = help_of(stage)
        assert lines[0] == f" In this view: {heading}"
        named = {key for line in lines for key in line[:20].split()}
        assert {format_key_name(key) for key in wanted} <= named
        assert len(wanted) > 15

    play(scenario)


def test_help_tells_a_key_with_its_word_and_all_keys_of_an_action_together() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.press("2", "question_mark")
        lines = [line.split() for line in help_of(stage)]
        assert ["↓", "j", "Down"] in lines
        assert ["↵", "→", "Details"] in lines
        assert ["+", "=", "Faster", "refresh"] in lines
        assert ["Ctrl+P", "Find", "a", "command", "by", "its", "name"] in lines

    play(scenario)


def test_help_has_the_legend_of_the_symbols() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.press("question_mark")
        text = " ".join(" ".join(help_of(stage)).split())
        words = "► forward ○ observe ■ bypass · detached █ forwarded ▒ punted ░ dropped ▌ selected"
        assert words in text

    play(scenario)


@pytest.mark.parametrize("key", ["escape", "question_mark", "q"])
def test_help_is_closed_and_the_view_has_the_keys_again(key: str) -> None:
    async def scenario(stage: Stage) -> None:
        await stage.tell(snapshot_of(THREE))
        await stage.press("question_mark", key)
        assert len(stage.app.screen_stack) == 1
        assert stage.app.focused is stage.routes
        assert stage.app.is_running

    play(scenario)


def test_a_click_beside_the_help_closes_it() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.press("question_mark")
        await stage.pilot.click(offset=(10, 10))
        assert isinstance(stage.app.screen, HelpScreen)
        await stage.pilot.click(offset=(0, 0))
        await stage.settle()
        assert len(stage.app.screen_stack) == 1

    play(scenario)


def test_all_of_the_help_can_be_read_on_a_small_screen() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.press("question_mark")
        lines = stage.app.screen.query_one(ScrollLines)
        assert max(map(width_of, lines.lines)) <= lines.room
        assert lines.region.bottom <= 16
        await stage.press("G")
        assert lines.scroll_offset.y + lines.size.height == len(lines.lines)

    play(scenario, (60, 16))


def test_the_screen_below_the_help_goes_on() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.press("question_mark")
        await stage.tell(snapshot_of(THREE))
        assert stage.shown == [2, 3, 1]
        assert isinstance(stage.app.screen, HelpScreen)

    play(scenario)


def test_the_palette_has_views_sorts_themes_and_what_keys_do() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.tell(snapshot_of(THREE))
        await stage.press("ctrl+p")
        names = names_of(palette_of(stage))
        assert names[:3] == ["View: Routes", "View: Ports", "View: Verdicts"]
        wanted = {"Freeze", "Faster refresh", "Filter", "Help", "Quit", "Mouse on or off"}
        wanted |= {f"Sort routes by {column}" for column in SORTABLE}
        wanted |= {f"Theme: {name}" for name in THEMES}
        assert wanted <= set(names)
        assert len(names) == len(set(names))

    play(scenario)


def test_commands_of_the_palette_run() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.tell(snapshot_of(THREE))
        await choose(stage, "View: Ports")
        assert stage.screen.view.HEADING == "Ports"
        await choose(stage, "Sort routes by prefix")
        assert stage.screen.view.HEADING == "Routes"
        assert stage.routes.sort.column is Column.PREFIX
        await choose(stage, "Freeze")
        assert stage.app.feed.frozen
        await choose(stage, "Theme: high contrast")
        assert stage.app.theme == THEMES["high contrast"]

    play(scenario)


def test_a_command_of_a_view_runs_in_that_view() -> None:
    async def scenario(stage: Stage) -> None:
        await open_route(stage)
        await choose(stage, "Back")
        assert stage.screen.view.HEADING == "Routes"

    play(scenario)


def test_the_palette_is_left_with_escape() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.tell(snapshot_of(THREE))
        await stage.press("ctrl+p", "escape")
        assert len(stage.app.screen_stack) == 1
        assert stage.app.focused is stage.routes

    play(scenario)


def test_a_click_on_a_word_of_the_key_bar_does_what_its_key_does() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.tell(snapshot_of(THREE, ports=(port_of(0, "lan0"),)))
        for word, heading in (("Ports", "Ports"), ("Verdicts", "Verdicts"), ("Routes", "Routes")):
            bar = stage.text()[-1]
            await stage.pilot.click("#keys", offset=(bar.index(word), 0))
            await stage.settle()
            assert heading == stage.screen.view.HEADING
        await open_route(stage)
        await stage.pilot.click("#keys", offset=(stage.text()[-1].index("Back"), 0))
        await stage.settle()
        assert stage.screen.view.HEADING == "Routes"
        assert stage.text()[-1].count("Help") == stage.text()[-1].count("Quit") == 1
        await stage.pilot.click("#keys", offset=(stage.text()[-1].index("Help"), 0))
        await stage.settle()
        assert isinstance(stage.app.screen, HelpScreen)

    play(scenario)


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("question_mark", "?"),
        ("ctrl+p", "Ctrl+P"),
        ("shift+tab", "Shift+Tab"),
        ("G", "G"),
        ("pageup", "PgUp"),
        ("plus", "+"),
        ("slash", "/"),
        ("up", "↑"),
    ],
)
def test_keys_are_named_as_a_person_reads_them(key: str, name: str) -> None:
    assert format_key_name(key) == name


def _contrast(first: str, second: str) -> float:
    """WCAG 2.1, 1.4.3."""
    levels = []
    for colour in (first, second):
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        red, green, blue = (
            part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
        )
        levels.append(0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)
    return max(levels) / min(levels)


@pytest.mark.parametrize("theme", OWN_THEMES, ids=lambda theme: theme.name)
def test_every_text_of_a_theme_can_be_read(theme: Theme) -> None:
    least = 7 if "contrast" in theme.name else 4.5
    texts = [value for name, value in theme.variables.items()]
    for ground in (theme.background, theme.surface, theme.panel):
        for text in (*texts, theme.foreground):
            assert text is not None
            assert ground is not None
            assert _contrast(text, ground) >= least, (text, ground)


def test_themes_of_the_palette_exist() -> None:
    async def scenario(stage: Stage) -> None:
        assert set(THEMES.values()) <= set(stage.app.available_themes)
        assert stage.app.theme == DEFAULT
        assert DEFAULT in THEMES.values()

    play(scenario)

"""What tests of edits do on the stage: wait for a question, answer it, read fields and panel."""

import asyncio
from collections.abc import Callable, Sequence

from textual import events

from ebtop.model.edit import Action, Edit, Field, Outcome, RouteKey
from ebtop.model.prefix import parse_address, parse_prefix
from ebtop.model.snapshot import Snapshot
from ebtop.tui.recorded import Asked
from ebtop.tui.widgets.edit_cell import EditCell
from ebtop.tui.widgets.edit_panel import EditPanel
from tests.tui.stage import Route, Stage, snapshot_of

FOUR = {
    1: Route(prefix="10.0.0.0/8", pps=30, bps=9e6),
    2: Route(prefix="172.16.0.0/12", pps=20),
    3: Route(prefix="192.0.2.0/24", pps=10, group=0, protocol=2),
    4: Route(prefix="0.0.0.0/0", pps=5, protocol=4),
}
LINE = "ip route replace 10.0.0.0/8 via 192.0.2.9 dev wan0 proto bgp"
TAKEN = Outcome(done=True, commands=(LINE,), warnings=("FRR (vtysh) made this route.",))
REFUSED = Outcome(done=False, field=Field.GATEWAY, message="Nexthop has invalid gateway.")


def router(
    routes: dict[int, Route] | None = None, *, metric: int = 0, **fields: object
) -> Snapshot:
    """The four routes, or others; the metric is that of route 1."""
    snapshot = snapshot_of(FOUR if routes is None else routes, **fields)
    if len(snapshot.routes) > 1:
        snapshot.routes["metric"][1] = metric
    return snapshot


def edit_of(
    *,
    action: Action = Action.REPLACE,
    prefix: str = "10.0.0.0/8",
    gateway: str = "192.0.2.9",
    port: str = "wan0",
    metric: int = 0,
    before: int = 0,
) -> Edit:
    """An edit of the first route, as it is unless said otherwise."""
    return Edit(
        action=action,
        key=RouteKey(prefix=parse_prefix(prefix), metric=before),
        gateway=parse_address(gateway) if gateway else None,
        port=port,
        metric=metric,
    )


async def wait(stage: Stage, wanted: Callable[[], bool], what: str) -> None:
    """Returns when it is so and shown."""
    try:
        async with asyncio.timeout(20):
            while not wanted():
                await stage.pilot.pause(0.01)
    except TimeoutError:
        raise AssertionError(f"{what}:\n" + "\n".join(stage.text())) from None
    await stage.settle()


def asked(stage: Stage, kind: str) -> list[Asked]:
    return [each for each in stage.source.asked if each.kind == kind]


async def answer(stage: Stage, outcome: Outcome, kind: str = "check", number: int = 1) -> Edit:
    """Waits for that many questions of a kind and answers the last one; the edit asked about."""
    await wait(stage, lambda: len(asked(stage, kind)) >= number, f"no {kind} was asked")
    question = asked(stage, kind)[-1]
    stage.source.answer(question.number, outcome)
    await wait(stage, lambda: not stage.app._asked, "the answer was not taken")
    assert question.edit is not None
    return question.edit


def fields(stage: Stage) -> dict[Field, EditCell]:
    return {cell.field: cell for cell in stage.screen.query(EditCell)}


def texts(stage: Stage) -> list[str]:
    """What stands in the fields."""
    return [cell.input.value for cell in fields(stage).values()]


def typing(stage: Stage) -> Field | None:
    """The field that has the keys."""
    return next((field for field, cell in fields(stage).items() if cell.input.has_focus), None)


def panel(stage: Stage) -> str:
    """What is said below the table; "": nothing is."""
    shown = stage.screen.query_one(EditPanel)
    if not shown.display:
        return ""
    return "\n".join("".join(text for text, _ in line) for line in shown.lines)


def tones(stage: Stage, word: str) -> set[str]:
    """The tones in which the panel says it."""
    lines = stage.screen.query_one(EditPanel).lines
    return {tone for line in lines for text, tone in line if word in text}


async def press_at_once(stage: Stage, keys: Sequence[str]) -> None:
    """All keys come in one piece, as over a slow line."""
    driver = stage.app._driver
    assert driver is not None
    for key in keys:
        name, character = {".": ("full_stop", "."), "/": ("slash", "/")}.get(key, (key, key))
        driver.send_message(events.Key(name, character if len(character) == 1 else None))
    await stage.settle()


async def begin(stage: Stage, snapshot: Snapshot | None = None, key: str = "e") -> None:
    """Selects the first route and presses a key."""
    await stage.tell(snapshot or router())
    await stage.press("down", key)


async def retype(stage: Stage, text: str) -> None:
    """Other text for the field that has the keys."""
    field = typing(stage)
    assert field is not None
    await press_at_once(stage, ["end", "ctrl+u", *text])
    await wait(stage, lambda: fields(stage)[field].input.value == text, f"{text} is not typed")

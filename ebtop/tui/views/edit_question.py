"""What stands below the table before a route is deleted: what it carries, and what will then."""

from ebtop.model.edit import Field
from ebtop.model.format import format_count
from ebtop.model.snapshot import Snapshot
from ebtop.tui.paint import Line, Part
from ebtop.tui.source import LinkState, Phase
from ebtop.tui.views.edit_draft import Draft, Stage
from ebtop.tui.views.edit_lines import (
    NOT_LIVE,
    format_commands,
    format_key,
    format_refusal,
    format_said,
    say_written,
)
from ebtop.tui.views.edit_subject import Subject


def format_question(
    draft: Draft, snapshot: Snapshot, link: LinkState, width: int, *, late: bool
) -> tuple[Line, ...]:
    """The lines of a deletion, from the question to the kernel's report."""
    assert draft.subject is not None
    lines: list[Line] = [_title(draft, draft.subject)]
    if draft.stage is Stage.WRITTEN:
        return (*lines, *format_said(*say_written(late=late), width))
    if not draft.gone:
        lines += format_said(_say_next_hop(draft.subject), "tone--muted", width)
        carries = float(snapshot.routes["pps"][draft.subject.route]) > 0
        lines += format_said(*_say_traffic(snapshot, draft.subject.route), width)
        lines += format_said(*_say_successor(draft.successor, carries=carries), width)
    for said, tone in _say_state(draft, link):
        lines += format_said(said, tone, width)
    return (*lines, *format_commands(draft, width))


def _title(draft: Draft, subject: Subject) -> Line:
    question: Line = ((" Delete ", "tone--title"), (format_key(subject.key), "tone--strong"))
    if draft.stage is not Stage.TYPING:
        return question
    return (*question, ("?  y deletes it, n keeps it", "tone--strong"))


def _say_next_hop(subject: Subject) -> str:
    return f"{_format_next_hop(subject)}, owner {subject.owner}"


def _format_next_hop(subject: Subject) -> str:
    gateway, port = subject.texts[Field.GATEWAY], subject.texts[Field.PORT]
    via = "via " if gateway[:1].isalnum() and port and gateway != "connected" else ""
    return f"{via}{gateway} {port}".strip()


def _say_traffic(snapshot: Snapshot, route: int) -> Part:
    routes = snapshot.routes
    pps, bps = float(routes["pps"][route]), float(routes["bps"][route])
    packets = int(routes["packets"][route]) + int(routes["observed_packets"][route])
    so_far = f"{format_count(packets)} packets so far"
    if not pps > 0:
        return f"It carries nothing now; {so_far}.", "tone--muted"
    rate = f"{format_count(pps)} pps, {format_count(bps)}bit/s"
    return f"It carries {rate} now; {so_far}.", "tone--warning"


def _say_successor(successor: Subject | None, *, carries: bool) -> Part:
    """Which route its packets take afterwards."""
    if successor is None:
        tone = "tone--warning" if carries else "tone--muted"
        return "Then no route takes its packets: the kernel drops them.", tone
    where = f"{format_key(successor.key)} {_format_next_hop(successor)}".strip()
    return f"Then its packets take {where}.", "tone--muted"


def _say_state(draft: Draft, link: LinkState) -> list[Part]:
    """How the question stands; nothing where only the answer is missing."""
    if link.phase is not Phase.LIVE:
        return [(NOT_LIVE[link.phase], "tone--bad")]
    said: list[Part] = []
    refusal = format_refusal(draft)
    if draft.gone:
        said.append(("The kernel has no such route any more. n closes.", "tone--warning"))
    elif draft.stage is Stage.WRITING:
        said.append(("… The engine deletes it.", "tone--muted"))
    elif refusal is not None:
        said.append(refusal)
    elif draft.outcome is None:
        said.append(("… The kernel is asked.", "tone--muted"))
    if draft.moved:
        said.append((f"Meanwhile in the kernel: {draft.moved}.", "tone--warning"))
    if draft.remark:
        said.append((draft.remark, "tone--warning"))
    return said

"""What stands below the table while a route is edited: the question, the answers, the command."""

from ebtop.model.edit import Action, Field, RouteKey
from ebtop.model.format import format_untrusted
from ebtop.model.route import TABLE_MAIN
from ebtop.tui.paint import Line, Part
from ebtop.tui.row import TABLE_NAMES
from ebtop.tui.source import LinkState, Phase
from ebtop.tui.views.edit_draft import Draft, Stage
from ebtop.tui.views.edit_subject import COLUMNS
from ebtop.tui.wrap import wrap_cells

LEAST_LINES = 4
"""So that the table does not move with every keystroke."""

MARKS = {"tone--bad": "!", "tone--warning": "!", "tone--good": "✓", "tone--muted": " "}
"""What a tone says is said by a symbol as well."""

NOT_LIVE = {
    Phase.LOST: "The engine has gone: what you typed stays, nothing can be written.",
    Phase.LOADING: "The engine still reads the kernel's table: nothing can be written yet.",
    Phase.CONNECTING: "No engine has answered yet: nothing can be written.",
}
_SENTENCE_CELLS = 400
_INDENT = 3


def format_draft(draft: Draft, link: LinkState, width: int, *, late: bool) -> tuple[Line, ...]:
    """The lines of an edit that is typed: a title, how it stands, and what will be written."""
    lines: list[Line] = [_title(draft, link), *_format_state(draft, link, width, late=late)]
    if draft.moved:
        lines += format_said(f"Meanwhile in the kernel: {draft.moved}.", "tone--warning", width)
    if draft.remark:
        lines += format_said(draft.remark, "tone--warning", width)
    lines += format_commands(draft, width)
    return (*lines, *[()] * (LEAST_LINES - len(lines)))


def format_key(key: RouteKey) -> str:
    """A route as it is named in a sentence: "10.0.0.0/8 metric 100 table 7"."""
    metric = f" metric {key.metric}" if key.metric else ""
    name = TABLE_NAMES.get(key.table, key.table)
    return f"{key.prefix}{metric}{'' if key.table == TABLE_MAIN else f' table {name}'}"


def format_said(text: str, tone: str, width: int) -> list[Line]:
    """A sentence with the mark of its tone, on as many lines as it needs."""
    safe = format_untrusted(text, _SENTENCE_CELLS)
    pieces = wrap_cells(safe, max(width - _INDENT - 1, 2))
    marks = [f" {MARKS[tone]} ", *[" " * _INDENT] * len(pieces)]
    return [((mark + piece, tone),) for mark, piece in zip(marks, pieces, strict=False)]


def format_refusal(draft: Draft) -> Part | None:
    """What is wrong, with the field's heading before it, and its tone; None: nothing."""
    said, field = "", Field.WHOLE
    if draft.complaint is not None:
        said, field = draft.complaint.message, draft.complaint.field
    elif draft.outcome is not None and not draft.outcome.done:
        said, field = draft.outcome.message or "The engine refuses it.", draft.outcome.field
    if not said:
        return None
    if draft.is_early:
        return said, "tone--muted"
    return (f"{COLUMNS[field]}: {said}" if field in COLUMNS else said), "tone--bad"


def format_commands(draft: Draft, width: int) -> list[Line]:
    """The lines that do the same in a shell, and what is to be known of them."""
    if draft.outcome is None:
        return []
    tone = "tone--muted" if draft.stage is Stage.TYPING else "tone--strong"
    lines: list[Line] = []
    for command in draft.outcome.commands:
        pieces = wrap_cells(format_untrusted(command, _SENTENCE_CELLS), max(width - 6, 2))
        indents = [" " * _INDENT, *[" " * (_INDENT + 2)] * len(pieces)]
        lines += [((i + piece, tone),) for i, piece in zip(indents, pieces, strict=False)]
    for warning in draft.outcome.warnings:
        lines += format_said(warning, "tone--warning", width)
    return lines


def _title(draft: Draft, link: LinkState) -> Line:
    if draft.stage is Stage.REVIEW and link.phase is Phase.LIVE:
        return (
            (" Review", "tone--title"),
            ("  Enter writes it, Esc goes back", "tone--strong"),
        )
    if draft.action is Action.ADD or draft.subject is None:
        return ((" Add a route", "tone--title"),)
    key, owner = format_key(draft.subject.key), draft.subject.owner
    return ((" Edit ", "tone--title"), (key, "tone--strong"), (f"  owner {owner}", "tone--muted"))


def _format_state(draft: Draft, link: LinkState, width: int, *, late: bool) -> list[Line]:
    """How the edit stands, in one sentence; a review speaks for itself."""
    if draft.stage is Stage.REVIEW and link.phase is Phase.LIVE:
        return []
    said, tone = _say_state(draft, link, late=late)
    return format_said(said, tone, width)


def _say_state(draft: Draft, link: LinkState, *, late: bool) -> Part:
    if draft.stage is Stage.WRITTEN:
        return say_written(late=late)
    if link.phase is not Phase.LIVE:
        return NOT_LIVE[link.phase], "tone--bad"
    if draft.stage is Stage.WRITING:
        return "… The engine writes it.", "tone--muted"
    if draft.gone:
        return "The kernel has no such route any more. Esc closes.", "tone--warning"
    return format_refusal(draft) or _say_check(draft)


def _say_check(draft: Draft) -> Part:
    if draft.outcome is None:
        return "… The kernel is asked.", "tone--muted"
    return "The kernel would take it. Enter shows it for review.", "tone--good"


def say_written(*, late: bool) -> Part:
    """What is said between the engine's answer and the kernel's report."""
    if late:
        return "Written, but the kernel has not reported it yet. Esc closes.", "tone--warning"
    return "Written, waiting for the kernel's report.", "tone--good"

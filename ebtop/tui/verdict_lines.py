"""Verdicts as lines: reason, rate, count, share, and what each means."""

from collections.abc import Sequence

from ebtop.model.format import format_count, format_share
from ebtop.model.verdict import Verdict
from ebtop.tui.paint import Line
from ebtop.tui.verdicts import (
    SYMBOLS,
    TONES,
    Account,
    fate_of,
    format_meaning,
    format_reason,
)
from ebtop.tui.wrap import wrap_cells

_FATE = 10
_REASON = max(len(format_reason(verdict)) for verdict in Verdict)
_RATE, _COUNT, _SHARE = 7, 8, 8
_NUMBERS = _RATE + _COUNT + _SHARE
_FATE_FROM = 100  # cells from which on the fate stands there as a word as well
_MEANING_FROM = 24  # cells; with less the sentence stands below


def account_lines(accounts: Sequence[Account], width: int) -> tuple[Line, ...]:
    """A heading and the verdicts in the order given; a sentence is never cut."""
    if not accounts:
        return (((" No packet has been received.", "tone--muted"),),)
    total = sum(account.packets for account in accounts)
    lines: list[Line] = [_heading(width)]
    for account in accounts:
        lines += _account_lines(account, total, width)
    return tuple(lines)


def format_never(accounts: Sequence[Account], width: int) -> tuple[Line, ...]:
    """The verdicts that no packet ever got."""
    seen = {account.verdict for account in accounts}
    names = [format_reason(verdict) for verdict in Verdict if verdict not in seen]
    if not names:
        return ()
    text = f"{len(names)} never happened: {', '.join(names)}."
    return ((), *(((f" {line}", "tone--muted"),) for line in wrap_cells(text, max(width - 2, 8))))


def _indent(width: int) -> int:
    """Cells before the numbers."""
    return 3 + (_FATE if width >= _FATE_FROM else 0) + _REASON


def _heading(width: int) -> Line:
    names = f" {'verdict':{_indent(width) - 1}}"
    numbers = f"{'pps':>{_RATE}}{'packets':>{_COUNT}}{'share':>{_SHARE}}"
    meaning = "  meaning" if width - _indent(width) - _NUMBERS - 2 >= _MEANING_FROM else ""
    return ((names, "tone--title"), (numbers + meaning, "tone--head"))


def _account_lines(account: Account, total: int, width: int) -> list[Line]:
    fate = fate_of(account.verdict)
    word = f"{fate:{_FATE}}" if width >= _FATE_FROM else ""
    reason = "" if word and account.verdict == Verdict.FORWARDED else format_reason(account.verdict)
    line: Line = (
        (f" {SYMBOLS[fate]} ", TONES[fate]),
        (word, ""),
        (f"{reason:{_REASON}}", "tone--strong" if account.pps > 0 else ""),
        (f"{format_count(account.pps):>{_RATE}}", "tone--strong"),
        (f"{format_count(account.packets):>{_COUNT}}", ""),
        (f"{format_share(account.packets, total):>{_SHARE}}", ""),
    )
    start = _indent(width) + _NUMBERS + 2
    room = width - start
    if room < _MEANING_FROM:
        below = wrap_cells(format_meaning(account.verdict), max(width - 4, 8))
        return [line, *(((f"   {text}", "tone--muted"),) for text in below)]
    first, *rest = wrap_cells(format_meaning(account.verdict), room)
    hanging: list[Line] = [((" " * start + text, "tone--muted"),) for text in rest]
    return [(*line, (f"  {first}", "tone--muted")), *hanging]

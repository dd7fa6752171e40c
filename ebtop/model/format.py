"""Values as short text: counts, rates, shares, durations, bars and strings from outside.

Every result has a known greatest width in cells, so that 80x24 holds a table of them.
What was not measured is a dash, never 0; what is not zero is never shown as 0.
"""

import math
import unicodedata
from collections.abc import Sequence

MISSING = "\N{EN DASH}"
COUNT_WIDTH = 5
LATENCY_WIDTH = 5
SHARE_WIDTH = 6
DURATION_WIDTH = 6

_ELLIPSIS = "…"
_EIGHTHS = " ▏▎▍▌▋▊▉"
# Controls, formats (bidi, zero width), surrogates, private and unassigned code points, line
# and paragraph separators, and marks that join the cell before them.
_UNSAFE_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Mn", "Me", "Mc"})


def format_count(value: float) -> str:
    """A count or a rate in three digits with k, M, G, T, P or E (powers of 1000); 5 cells."""
    if math.isnan(value):
        return MISSING
    if value < 9.95 and value != int(value):
        return "<0.1" if value < 0.05 else f"{value:.1f}"
    if value < 999.5:
        return f"{value:.0f}"
    scaled = float(value)
    for suffix in "kMGTPE":
        scaled /= 1000
        if scaled < 999.5:
            return f"{scaled:.{_decimals(scaled)}f}{suffix}"
    return ">999E"


def _decimals(scaled: float) -> int:
    """How many decimals make three digits."""
    if scaled < 9.995:
        return 2
    return 1 if scaled < 99.95 else 0


def format_latency_ns(value_ns: float) -> str:
    """A latency in ns, µs, ms or s; 5 cells.

    Two digits below a hundred, since a histogram's bucket is up to 12.5 % wide.
    """
    if math.isnan(value_ns):
        return MISSING
    if value_ns < 999.5:
        return f"{value_ns:.0f}ns"
    scaled = float(value_ns)
    for unit in ("µs", "ms", "s"):
        scaled /= 1000
        if scaled < 999.5:
            return f"{scaled:.{1 if scaled < 9.95 else 0}f}{unit}"
    return ">999s"


def format_duration_s(value_s: float) -> str:
    """A time span in its two greatest units ("2.4s", "3m05s", "4d07h"); 6 cells."""
    if not math.isfinite(value_s):
        return MISSING if math.isnan(value_s) else "∞"
    if value_s < 59.5:
        return f"{max(value_s, 0):.{1 if value_s < 9.95 else 0}f}s"
    minutes, seconds = divmod(round(value_s), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days}d{hours:02}h" if days < 100 else f"{min(days, 99_999)}d"
    return f"{hours}h{minutes:02}m" if hours else f"{minutes}m{seconds:02}s"


def format_share(part: float, whole: float) -> str:
    """Part of a whole in per cent; 6 cells. "0%" and "100%" mean exactly that."""
    if math.isnan(part) or math.isnan(whole) or whole <= 0:
        return MISSING
    share = part / whole
    if share <= 0:
        return "0%"
    if share >= 1:
        return "100%"
    if share < 0.001:
        return "<0.1%"
    return ">99.9%" if share > 0.999 else f"{share * 100:.1f}%"


def format_bar(share: float, width: int) -> str:
    """A horizontal bar of exactly `width` cells, in eighths; what is not zero leaves a trace."""
    if math.isnan(share) or share <= 0:
        return " " * width
    eighths = min(max(round(share * width * 8), 1), width * 8)
    full, rest = divmod(eighths, 8)
    return ("█" * full + (_EIGHTHS[rest] if rest else "")).ljust(width)


def split_cells(parts: Sequence[float], width: int) -> tuple[int, ...]:
    """How many of `width` cells each part gets; one at least for a part that is not zero.

    All zeros get no cells. `width` holds at least one cell for each part.
    """
    whole = sum(parts)
    if whole <= 0:
        return (0,) * len(parts)
    exact = [part / whole * width for part in parts]
    cells = [
        max(int(share), 1 if part > 0 else 0) for share, part in zip(exact, parts, strict=True)
    ]
    while sum(cells) < width:
        behind = max(range(len(cells)), key=lambda index: exact[index] - cells[index])
        cells[behind] += 1
    while sum(cells) > width:
        cells[cells.index(max(cells))] -= 1
    return tuple(cells)


def clip(text: str, width: int) -> str:
    """Text of one-cell characters, its end replaced by an ellipsis where it is too long."""
    if len(text) <= width:
        return text
    return text[: width - 1] + _ELLIPSIS if width > 0 else ""


def clip_prefix(text: str, width: int) -> str:
    """A prefix cut within its address, so that its length stays readable."""
    if len(text) <= width:
        return text
    address, slash, length = text.rpartition("/")
    room = width - len(slash) - len(length)
    return clip(address, room) + slash + length if room > 1 else clip(text, width)


def format_untrusted(text: str, width: int) -> str:
    """A string from outside (interface name, alias, host) made safe for a terminal.

    Control, bidi, zero-width and combining characters are gone, what is longer than `width`
    cells (2 or more) ends in an ellipsis, and nothing left is "?".
    """
    composed = unicodedata.normalize("NFC", text)
    safe = [char for char in composed if unicodedata.category(char) not in _UNSAFE_CATEGORIES]
    if not safe:
        return "?"
    cells = [2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in safe]
    if sum(cells) <= width:
        return "".join(safe)
    while safe and sum(cells) > width - 1:
        safe.pop()
        cells.pop()
    return "".join(safe) + _ELLIPSIS

"""The line below the route table: the selected route, the filter, and what the routes carry."""

from ebtop.model.format import clip, format_count, format_untrusted
from ebtop.tui.filter import Filter, Rejected
from ebtop.tui.listing import Listing
from ebtop.tui.paint import Line, Part, cut, width_of
from ebtop.tui.row import describe_route, format_route

_FILTER_CELLS = 24  # of a filter's text beside the totals
_LEAST_FACTS = 30  # cells that the selected route keeps beside the totals
_LEAST_PIECES = 2  # of the totals, beside a route that needs the room


def format_below(listing: Listing, route: int | None, departed: str, width: int) -> Line:
    """What stands there while nothing is typed."""
    if departed:
        return _spread(((f" {departed} has gone", "tone--warning"),), listing, width)
    if route is not None and listing.snapshot is not None:
        asked = listing.filter.address if listing.filter else None
        arrow = f"{asked} → " if asked is not None and route == listing.match else ""
        facts = (
            (f" {arrow}", "tone--muted"),
            *describe_route(listing.snapshot, route),
        )
        return _spread(facts, listing, width)
    if listing.filter is None:
        return _fitting(("", "tone--muted"), _pieces(listing), "", width)
    label = f"filter: {_text(listing.filter)}"
    return _fitting((label, "tone--strong"), [*_notes(listing), *_pieces(listing)], _CLEARS, width)


def format_typing(listing: Listing, wrong: Rejected | None, width: int) -> Line:
    """What stands beside the filter that is typed, at the right edge."""
    if wrong is not None:
        text = clip(f"! {wrong.message}", width - 1)
        return ((" " * (width - 1 - len(text)) + text, "tone--warning"),)
    pieces = [*_notes(listing), *_pieces(listing)]
    while len(pieces) > 1 and len(_SEPARATOR.join(pieces)) > width - 1:
        pieces.pop()
    text = clip(_SEPARATOR.join(pieces), width - 1)
    return ((" " * (width - 1 - len(text)) + text, "tone--muted"),)


def format_empty(listing: Listing) -> Line:
    """Why the table is empty; nothing while its order is still being made."""
    if listing.order is None:
        return ()
    if listing.filter is None:
        return ((" no routes", "tone--muted"),)
    return (
        (" no route matches ", "tone--muted"),
        (_text(listing.filter), "tone--strong"),
        ("  Esc clears the filter", "tone--muted"),
    )


_SEPARATOR = " · "
_CLEARS = "Esc clears"


def _text(chosen: Filter) -> str:
    return format_untrusted(chosen.text, _FILTER_CELLS)


def _notes(listing: Listing) -> list[str]:
    """What the filter was taken for, and the route that packets to its address use."""
    if listing.filter is None or listing.snapshot is None:
        return []
    notes = [listing.filter.note] if listing.filter.note else []
    if listing.match:
        own = " of the router itself" if listing.own_match else ""
        notes.append(f"→ {format_route(listing.snapshot, listing.match)}{own}")
    return notes


def _pieces(listing: Listing) -> list[str]:
    """How many routes, and what they carry: what may be left out stands last."""
    sums = listing.sums()
    count = f"{sums.routes:,}" if listing.filter is None else f"{sums.routes:,} of {sums.of:,}"
    noun = "route" if sums.of == 1 else "routes"
    return [
        f"{count} {noun}",
        f"{format_count(sums.pps)} pps",
        f"{format_count(sums.bps)}bit/s",
        f"{format_count(sums.punt_pps)} punt/s",
    ]


def _fitting(label: Part, pieces: list[str], last: str, width: int) -> Line:
    """From the left: label, as many pieces as fit (two at least), and what is said last."""
    parts: Line = ((" ", ""), label) if label[0] else ((" ", ""),)
    while len(pieces) > 2 and width_of(parts) + len(_joined(label, pieces, last)) > width:
        pieces.pop()
    return cut((*parts, (_joined(label, pieces, last), "tone--muted")), width)


def _joined(label: Part, pieces: list[str], last: str) -> str:
    texts = [*pieces, last] if last else pieces
    return (_SEPARATOR if label[0] else "") + _SEPARATOR.join(texts)


def _spread(facts: Line, listing: Listing, width: int) -> Line:
    """The facts at the left, the totals at the right; of both what is left out stands last."""
    pieces = _pieces(listing)
    label = ""
    if listing.filter is not None:
        label = f"/{_text(listing.filter)}  "
        pieces[0] = pieces[0].rpartition(" ")[0]
    room = width - min(width_of(facts) + 3, max(width // 2, _LEAST_FACTS))
    wanted = width - width_of(facts) - 3
    while _is_too_long(label, pieces, room if len(pieces) <= _LEAST_PIECES else wanted):
        pieces.pop()
    right = clip(label + _SEPARATOR.join(pieces), max(room - 1, 0))
    facts = _whole_parts(facts, max(width - len(right) - 3, 0))
    gap = " " * max(width - width_of(facts) - len(right) - 1, 0)
    return (*facts, (gap, ""), (right, "tone--muted"))


def _is_too_long(label: str, pieces: list[str], room: int) -> bool:
    return len(pieces) > 1 and len(label + _SEPARATOR.join(pieces)) + 1 > room


def _whole_parts(facts: Line, width: int) -> Line:
    """The facts that fit: half a number is worse than none."""
    kept = facts
    while len(kept) > 3 and width_of(kept) + 2 * (kept != facts) > width:
        kept = kept[:-1]
    return cut(kept if kept == facts else (*kept, (" …", "tone--muted")), width)

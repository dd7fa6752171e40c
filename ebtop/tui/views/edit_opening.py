"""What an edit starts from, and where the cursor goes when the kernel has reported it."""

from ebtop.model.edit import Action
from ebtop.model.snapshot import RowState, Snapshot
from ebtop.tui.feed import Feed
from ebtop.tui.source import Phase
from ebtop.tui.views.edit_draft import Draft
from ebtop.tui.views.edit_lines import format_key
from ebtop.tui.views.edit_subject import Subject, describe_subject, find_subject

READ_ONLY = "This engine is read-only: no route can be edited here."
NOTHING_SELECTED = "Select a route first (↑↓)."
GONE = "The kernel has no route {} any more."
NOT_THERE = "The engine is not there: nothing can be edited until it is."


def open_draft(action: Action, feed: Feed | None, selected: int | None) -> Draft | str:
    """The edit of the selected route as the kernel holds it now; or one sentence why not."""
    newest = feed.newest if feed is not None and feed.link.phase is Phase.LIVE else None
    if feed is None or feed.snapshot is None or newest is None:
        return NOT_THERE
    if newest.read_only:
        return READ_ONLY
    if action is Action.ADD:
        return Draft(action, None, newest)
    if selected is None:
        return NOTHING_SELECTED
    wanted = describe_subject(feed.snapshot, selected)
    subject = find_subject(newest, wanted.key, wanted.route)
    return Draft(action, subject, newest) if subject else GONE.format(format_key(wanted.key))


def format_hidden(snapshot: Snapshot, subject: Subject) -> str:
    """Why the cursor finds no row for a route that was written."""
    written = f"Written, and reported by the kernel: {format_key(subject.key)}"
    if snapshot.routes["state"][subject.route] == RowState.SHADOWED:
        return f"{written}. Packets use another route of the prefix."
    return f"{written}. It is none of the routes that are shown."

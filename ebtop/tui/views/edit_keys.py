"""The keys of an edit, and which of them work when."""

from textual.binding import Binding

from ebtop.model.edit import Action
from ebtop.tui.views.edit_draft import Draft, Stage

KEYS = (
    Binding("enter", "go_on('write')", "Write", key_display="↵"),
    Binding("enter", "go_on('review')", "Review", key_display="↵"),
    Binding("enter", "go_on('')", "Go on", show=False),
    Binding("y", "agree", "Delete"),
    Binding("n", "go_back('keep')", "Keep"),
    Binding("tab,down", "move_field(1)", "Next", key_display="Tab"),
    Binding("shift+tab,up", "move_field(-1)", "Field before", show=False),
    Binding("escape", "go_back('')", "Back", key_display="Esc"),
    Binding("e", "begin('replace')", "Edit"),
    Binding("a", "begin('add')", "Add"),
    Binding("d", "begin('delete')", "Delete"),
)
"""Of the bindings of one key, one at most works at a time, and is shown."""


def works_now(action: str, parameters: tuple[object, ...], draft: Draft | None) -> bool:
    """Whether an action of these keys means something; None: nothing is edited."""
    if draft is None or action == "begin":
        return draft is None and action == "begin"
    asks = draft.action is Action.DELETE
    if action == "agree" or parameters == ("keep",):
        return asks
    if parameters == ("write",):
        return draft.stage is Stage.REVIEW
    if parameters == ("review",):
        return draft.stage is Stage.TYPING and not asks
    return action != "move_field" or not asks

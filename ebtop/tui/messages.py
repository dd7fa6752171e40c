"""What the views ask of the app. They know no source: the app asks it, and hands answers back."""

from dataclasses import dataclass

from textual.message import Message

from ebtop.model.edit import Edit, Outcome


@dataclass
class RouteOpened(Message):
    """The operator wants a route in full."""

    route: int
    born: int


@dataclass
class RouteFocused(Message):
    """The cursor stands on a route now; id 0: on none."""

    route: int
    born: int


@dataclass
class DetailClosed(Message):
    """Back to where the operator came from."""


@dataclass
class CheckAsked(Message):
    """Would the kernel take this edit?"""

    edit: Edit


@dataclass
class CommitAsked(Message):
    """The edit shall be written."""

    edit: Edit


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of an edit; views compare it with what they still want."""

    edit: Edit
    committed: bool  # an answer to CommitAsked
    outcome: Outcome

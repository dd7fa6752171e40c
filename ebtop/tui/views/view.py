"""What all views have in common."""

from textual.containers import Vertical
from textual.message import Message
from textual.widget import Widget

from ebtop.tui.feed import Feed
from ebtop.tui.messages import Answered


class View(Vertical):
    """Shows what the feed shows; it asks for things by messages (ebtop.tui.messages)."""

    HEADING = ""  # its name among the keys

    class Placed(Message):
        """The view has its place and its width on the screen."""

    def on_resize(self) -> None:
        """Tells when it can be filled."""
        self.post_message(self.Placed())

    def adopt(self, feed: Feed) -> None:
        """Another snapshot is shown, another width is there, or the view came to the front."""
        raise NotImplementedError

    def take(self, answered: Answered) -> None:
        """An answer came; views that ask for nothing have no use for it."""

    def focus_target(self) -> Widget:
        """What takes the keys when the view comes to the front."""
        return self

"""One key after the other: each finds the screen as the key before it has left it.

Textual gives a key to the widget that has the focus when the key is read, and what the key does
follows a few messages later. Keys that come faster than that (a quick hand, a slow line that
hands over many at once) would reach the widget that had the focus before.
"""

from collections import deque

from textual import events
from textual.app import App
from textual.dom import DOMNode

_ROUNDS = 3
"""A key's action sends a message, which is answered by another, which moves the focus."""
_PATIENCE_S = 0.5
"""A widget that goes while it has a key never says that it is done with it."""


class KeysInOrder(App[None]):
    """Holds a key back until everything that the one before it set off has been done."""

    def __init__(self, *, ansi_color: bool | None = None) -> None:
        super().__init__(ansi_color=ansi_color)
        self._waiting: deque[events.Key | events.Paste] = deque()
        self._under_way = 0  # number of the key that is being handled; 0: none
        self._count = 0

    async def on_event(self, event: events.Event) -> None:
        """Lets keys wait for their turn, and nothing else."""
        if not isinstance(event, events.Key | events.Paste) or event.is_forwarded:
            await super().on_event(event)
            return
        self._waiting.append(event)
        if not self._under_way:
            await self._give_next()

    async def _give_next(self) -> None:
        self._under_way = 0
        if not self._waiting:
            return
        self._count += 1
        number = self._under_way = self._count
        self.set_timer(_PATIENCE_S, lambda: self._finish(number))
        target: DOMNode = self.focused or self.screen
        await super().on_event(self._waiting.popleft())
        self._follow(target, target, number, _ROUNDS)

    def _follow(self, target: DOMNode, node: DOMNode | None, number: int, rounds: int) -> None:
        """Goes the way of a message that nobody takes, behind all of them: from parent to parent.

        Having come to the app it starts anew, or ends behind what others asked the app for.
        """
        while node is not None and node is not self:
            if node.call_later(self._follow, target, node.parent, number, rounds):
                return
            node = node.parent
        if rounds > 1:
            self.call_later(self._follow, target, target, number, rounds - 1)
        else:
            self.call_later(self._finish, number)

    async def _finish(self, number: int) -> None:
        if number == self._under_way:
            await self._give_next()

"""A source that is fed by hand: for tests, recordings and pictures."""

import socket
import threading
from dataclasses import dataclass

from ebtop.model.edit import Edit, Outcome
from ebtop.model.snapshot import Snapshot
from ebtop.tui.source import Answer, LinkState, Phase


@dataclass(frozen=True, slots=True)
class Asked:
    """A question of the screen: "check", "commit", "focus", "restart" or "hold"."""

    kind: str
    number: int = 0
    edit: Edit | None = None
    route: int = 0


class RecordedSource:
    """Hands out what was pushed, newest first and the rest dropped; pushing is thread-safe."""

    def __init__(self) -> None:
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)  # noqa: FBT003  its only argument
        self._lock = threading.Lock()
        self._newest: Snapshot | None = None
        self._next_link = self._link = LinkState(phase=Phase.CONNECTING)
        self._answers: list[Answer] = []
        self.asked: list[Asked] = []

    def open(self) -> None:
        """What is pushed comes anyway."""

    def fileno(self) -> int:
        """Readable after a push."""
        return self._reader.fileno()

    def receive(self) -> Snapshot | None:
        """The newest snapshot pushed since the last call."""
        with self._lock:
            try:
                self._reader.recv(4096)
            except BlockingIOError:
                return None
            self._link = self._next_link
            newest, self._newest = self._newest, None
            return newest

    @property
    def link(self) -> LinkState:
        """What was told last."""
        return self._link

    def answers(self) -> list[Answer]:
        """What `answer` was given since the last call."""
        with self._lock:
            answers, self._answers = self._answers, []
            return answers

    def focus(self, route: int, born: int) -> None:
        """Takes note of the question."""
        del born
        self.asked.append(Asked("focus", route=route))

    def check(self, edit: Edit) -> int:
        """Takes note of the question."""
        return self._ask("check", edit)

    def commit(self, edit: Edit) -> int:
        """Takes note of the question."""
        return self._ask("commit", edit)

    def restart(self) -> None:
        """Takes note of the question."""
        self.asked.append(Asked("restart"))

    def hold(self) -> None:
        """Takes note of the question."""
        self.asked.append(Asked("hold"))

    def push(self, snapshot: Snapshot) -> None:
        """Makes a snapshot wait."""
        with self._lock:
            self._newest = snapshot
            self._next_link = LinkState(phase=Phase.LIVE)
            self._writer.send(b".")

    def tell(self, link: LinkState) -> None:
        """Lets the link be as given."""
        with self._lock:
            self._next_link = link
            self._writer.send(b".")

    def end(self, message: str) -> None:
        """Lets the engine be gone."""
        self.tell(LinkState(phase=Phase.LOST, text=message))

    def answer(self, number: int, outcome: Outcome) -> None:
        """Makes an answer wait."""
        with self._lock:
            self._answers.append(Answer(number, outcome))
            self._writer.send(b".")

    def close(self) -> None:
        """Closes both ends."""
        self._reader.close()
        self._writer.close()

    def _ask(self, kind: str, edit: Edit) -> int:
        number = len(self.asked) + 1
        self.asked.append(Asked(kind, number, edit))
        return number

"""A screen's link to its engine: finds or starts one, and the next one when it is lost."""

import select
import time
from dataclasses import replace

from ebtop.commands.exits import CommandError
from ebtop.commands.search import EngineSearch
from ebtop.engine.client import Client, next_number
from ebtop.model.edit import Edit, Outcome
from ebtop.model.errors import EngineGone
from ebtop.model.snapshot import Snapshot
from ebtop.tui.source import Answer, LinkState, Phase

_NO_ENGINE = "There is no engine: nothing was asked."
_CHECK_LOST = "The engine has ended before it answered."
_COMMIT_LOST = "The engine has ended before it answered: look whether the route was written."


class EngineLink:
    """A SnapshotSource over engines that come and go. Nothing blocks but `wait`."""

    def __init__(self, search: EngineSearch, *, read_only: bool = False) -> None:
        """Takes over the search; `read_only`: every engine shall refuse this screen's edits."""
        self._search = search
        self._read_only = read_only
        self._poll = select.epoll()
        self._poll.register(search.fileno(), select.EPOLLIN)
        self._client: Client | None = None
        self._alive = False  # the client has had a snapshot
        self._lived = False  # any client has
        self._link = LinkState(phase=Phase.CONNECTING)
        self._asked: dict[int, bool] = {}  # requests without answer: whether it was a commit
        self._answers: list[Answer] = []

    @property
    def failure(self) -> CommandError | None:
        """Why there has never been an engine; None: there was, or it is still being looked for."""
        return self._search.failure

    @property
    def link(self) -> LinkState:
        """How things stood at the last `receive`."""
        return self._link

    def open(self) -> None:
        """Starts an engine where there is none; from here on something is received."""
        self._search.begin()

    def fileno(self) -> int:
        """Readable when `receive` has something; the same for life."""
        return self._poll.fileno()

    def receive(self) -> Snapshot | None:
        """The newest snapshot that waits, None: nothing new. Takes in changes of the link."""
        connection = self._search.take()
        if connection is not None:
            self._adopt(Client(connection))
        snapshot = None
        if self._client is not None:
            try:
                snapshot = self._take(self._client)
            except EngineGone as gone:
                self._lose(self._client, gone)
        self._link = self._describe()
        return snapshot

    def wait(self, silence_s: float) -> Snapshot:
        """The first snapshot. Raises CommandError, also when nothing is heard for so long."""
        self.open()
        deadline, said = time.monotonic() + silence_s, self.link
        while (left_s := deadline - time.monotonic()) > 0:
            self._poll.poll(left_s)
            snapshot = self.receive()
            if snapshot is not None:
                return snapshot
            if self.failure is not None:
                raise self.failure
            if self.link != said:
                deadline, said = time.monotonic() + silence_s, self.link
        raise CommandError("The engine did not answer in time.")

    def answers(self) -> list[Answer]:
        """Those that came since the last call. A lost engine answers: not done."""
        answers, self._answers = self._answers, []
        return answers

    def focus(self, route: int, born: int) -> None:
        """The operator looks at a route (id 0: at none)."""
        if self._client is not None:
            self._client.focus(route, born)

    def check(self, edit: Edit) -> int:
        """Asks whether the kernel would take the edit; the number of the answer."""
        if self._client is None or not self._alive:
            return self._answer_no()
        return self._note(self._client.check(edit), commit=False)

    def commit(self, edit: Edit) -> int:
        """Asks for the edit to be written; the number of the answer."""
        if self._client is None or not self._alive:
            return self._answer_no()
        return self._note(self._client.commit(edit), commit=True)

    def restart(self) -> None:
        """LOST: starts a new engine at once."""
        if self._client is None:
            self._search.restart()

    def hold(self) -> None:
        """LOST: starts no engine; goes on looking for one that somebody else starts."""
        self._search.hold()

    def close(self) -> None:
        """Leaves; an engine that was started for its watchers ends with the last of them."""
        if self._client is not None:
            self._client.close()
        self._search.close()
        self._poll.close()

    def _adopt(self, client: Client) -> None:
        self._client, self._alive = client, False
        self._poll.register(client.fileno(), select.EPOLLIN)
        if self._read_only:
            client.refuse_edits()

    def _take(self, client: Client) -> Snapshot | None:
        """What the engine says. Raises EngineGone."""
        try:
            snapshot = client.receive()
        finally:
            for number, outcome in client.answers():
                self._asked.pop(number, None)
                self._answers.append(Answer(number, outcome))
        if snapshot is None:
            return None
        if not self._alive:
            self._alive = self._lived = True
            self._search.confirm()
        # The engine takes a request to be so, and this is its answer to all that come later.
        return replace(snapshot, read_only=snapshot.read_only or self._read_only)

    def _lose(self, client: Client, gone: EngineGone) -> None:
        self._poll.unregister(client.fileno())
        client.close()
        origin = client.origin if self._alive else None
        self._client, self._alive = None, False
        self._search.lose(gone, origin.arguments if origin and origin.transient else None)
        for number, commit in self._asked.items():
            said = _COMMIT_LOST if commit else _CHECK_LOST
            self._answers.append(Answer(number, Outcome(done=False, message=said)))
        self._asked.clear()

    def _describe(self) -> LinkState:
        if self._alive:
            return LinkState(phase=Phase.LIVE)
        if self._client is not None and self._client.loading:
            return LinkState(phase=Phase.LOADING, text=self._client.loading)
        if self._client is None and (self._lived or self.failure is not None):
            return LinkState(
                phase=Phase.LOST, text=self._search.text, restart_s=self._search.restart_s
            )
        return LinkState(phase=Phase.CONNECTING)

    def _note(self, number: int, *, commit: bool) -> int:
        self._asked[number] = commit
        self._search.wake()
        return number

    def _answer_no(self) -> int:
        number = next_number()
        self._answers.append(Answer(number, Outcome(done=False, message=_NO_ENGINE)))
        self._search.wake()
        return number

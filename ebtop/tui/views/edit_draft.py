"""An edit from the first keystroke to the kernel's report: what it is now, and what a key does.

typing ⇄ review → writing → written, and closed by whoever shows it. A deletion has nothing to
type or to review: its question is asked while it is in the first stage.
"""

from collections.abc import Mapping
from enum import StrEnum

from ebtop.edit.lint import Complaint, parse_edit
from ebtop.edit.surroundings import compile_surroundings
from ebtop.model.edit import Action, Edit, Field, Outcome
from ebtop.model.snapshot import Snapshot
from ebtop.tui.messages import Answered
from ebtop.tui.views.edit_subject import (
    Subject,
    find_subject,
    find_successor,
    is_reported,
)

REPORT_S = 5.0
"""The kernel reports a route within two seconds; after so long without, that is said."""

ASK_FIRST = "The kernel is still being asked: the review comes with its answer."
ANSWER_FIRST = "The kernel is still being asked: y deletes when the line stands here."
ENTER_KEEPS = "Enter deletes nothing: y does."
WRITES = "It is being written: the engine's answer comes."


class Stage(StrEnum):
    """How far an edit has come."""

    TYPING = "typing"
    REVIEW = "review"  # what will be written stands there
    WRITING = "writing"  # the engine was asked
    WRITTEN = "written"  # the kernel took it, and has not reported it yet


class Draft:
    """One edit; it asks for nothing itself: see `to_ask` and the results of the keys."""

    def __init__(self, action: Action, subject: Subject | None, snapshot: Snapshot) -> None:
        self.action = action
        self.subject = subject
        self.key = subject.key if subject else None
        self.texts: dict[Field, str] = dict(subject.texts) if subject else {}
        self.stage = Stage.TYPING
        self.edit: Edit | None = None  # that the texts make
        self.complaint: Complaint | None = None  # or what is wrong with them
        self.outcome: Outcome | None = None  # what the kernel says of the edit
        self.remark = ""  # what the last key did not do
        self.moved = ""  # what the kernel reported about the route meanwhile
        self.gone = False  # it reports no such route any more
        self.successor: Subject | None = None  # DELETE: what its packets take then
        self._asked: Edit | None = None
        self._wants_review = False
        self._insisted = False  # Enter was pressed on what is complained of
        self._written_at_s = 0.0
        self._met = (snapshot.owner, snapshot.structure, snapshot.names)
        self._parse(snapshot)

    @property
    def is_touched(self) -> bool:
        """Whether closing it would lose something."""
        return bool(self._typed()) or self.stage is not Stage.TYPING

    @property
    def is_early(self) -> bool:
        """Whether the complaint is of something that the operator has not come to yet."""
        if self.complaint is None or self._insisted or self.action is Action.DELETE:
            return False
        if self.complaint.field is Field.WHOLE:
            return not self._typed()
        return not self.texts.get(self.complaint.field)

    @property
    def blamed(self) -> Field | None:
        """The field to blame; WHOLE: something else; None: nothing is wrong."""
        if self.complaint is not None:
            return None if self.is_early else self.complaint.field
        refused = self.outcome is not None and not self.outcome.done
        return self.outcome.field if self.outcome is not None and refused else None

    @property
    def to_ask(self) -> Edit | None:
        """The edit that the kernel has to be asked about."""
        return self.edit if self.edit != self._asked and not self.gone else None

    def asked(self) -> None:
        """The kernel was asked about `to_ask`."""
        self._asked = self.edit

    def type_texts(self, texts: Mapping[Field, str], snapshot: Snapshot) -> None:
        """Other texts stand in the fields: what was said of the old ones no longer holds.

        What is on its way to the kernel cannot be typed over: `texts` stay.
        """
        if texts == self.texts or self.stage in {Stage.WRITING, Stage.WRITTEN}:
            return
        self.texts = dict(texts)
        self.stage, self.remark = Stage.TYPING, ""
        self._insisted = self._wants_review = False
        self._parse(snapshot)

    def go_on(self) -> Edit | None:
        """Enter: towards the review, and from there on; the edit that shall be written now."""
        self.remark = self.moved = ""
        if self.stage is Stage.REVIEW:
            return self._write()
        if self.stage is Stage.WRITING:
            self.remark = WRITES
        elif self.stage is Stage.TYPING and self.action is Action.DELETE:
            self.remark = ENTER_KEEPS
        elif self.stage is Stage.TYPING:
            self._ask_for_review()
        return None

    def agree(self) -> Edit | None:
        """The answer to a deletion's question is yes; the edit that shall be written now."""
        if self.stage is not Stage.TYPING or self.gone or self.edit is None:
            return None
        self.moved = ""
        if self.outcome is None:
            self.remark = ANSWER_FIRST
            return None
        return self._write() if self.outcome.done else None

    def go_back(self) -> bool:
        """Esc: one step back; whether it is to be closed."""
        self.remark = ""
        if self.stage is Stage.REVIEW:
            self.stage = Stage.TYPING
            return False
        if self.stage is Stage.WRITING:
            self.remark = WRITES
            return False
        return True

    def take(self, answered: Answered, now_s: float) -> None:
        """What the engine says; answers to what is no longer asked are passed over."""
        if answered.edit != self.edit:
            return
        if answered.committed and self.stage is Stage.WRITING:
            self.outcome = answered.outcome
            self.stage = Stage.WRITTEN if answered.outcome.done else Stage.TYPING
            self._written_at_s, self.remark = now_s, ""
        elif not answered.committed and self.stage is Stage.TYPING:
            self.outcome, self.remark = answered.outcome, ""
            if self._wants_review and answered.outcome.done:
                self.stage = Stage.REVIEW
            self._wants_review = False

    def forget_answer(self) -> None:
        """Another engine is there: it has to be asked anew."""
        self._asked = self.outcome = None

    def meet(self, snapshot: Snapshot) -> None:
        """What the kernel reports now."""
        report = (snapshot.owner, snapshot.structure, snapshot.names)
        if self.stage not in {Stage.TYPING, Stage.REVIEW} or report == self._met:
            return
        self._met = report
        if self.subject is not None:
            self._follow(self.subject, snapshot)
        self._parse(snapshot)

    def is_reported(self, snapshot: Snapshot) -> bool:
        """Whether the kernel reports what was written."""
        written = self.stage is Stage.WRITTEN and self.edit is not None
        return written and self.edit is not None and is_reported(snapshot, self.edit)

    def is_late(self, now_s: float) -> bool:
        """Whether the kernel should have reported by now."""
        return self.stage is Stage.WRITTEN and now_s - self._written_at_s > REPORT_S

    def _typed(self) -> dict[Field, str]:
        """The fields whose texts are other than the route's."""
        before = self.subject.texts if self.subject else {}
        return {f: text for f, text in self.texts.items() if text.strip() != before.get(f, "")}

    def _parse(self, snapshot: Snapshot) -> None:
        if self.action is Action.DELETE and self.subject is not None and not self.gone:
            self.successor = find_successor(snapshot, self.subject.route)
        made = parse_edit(self.action, self.key, self._typed(), compile_surroundings(snapshot))
        edit = made if isinstance(made, Edit) else None
        self.complaint = made if isinstance(made, Complaint) else None
        if edit != self.edit:
            self.edit, self.outcome, self._asked = edit, None, None
            self.stage = Stage.TYPING

    def _ask_for_review(self) -> None:
        self._insisted = True
        if self.edit is None or self.gone:
            return
        if self.outcome is None:
            self._wants_review, self.remark = True, ASK_FIRST
        elif self.outcome.done:
            self.stage = Stage.REVIEW

    def _write(self) -> Edit | None:
        if self.edit is not None:
            self.stage, self.remark = Stage.WRITING, ""
        return self.edit

    def _follow(self, before: Subject, snapshot: Snapshot) -> None:
        """Takes over what the operator has not typed over, and lets Enter be pressed anew."""
        now = find_subject(snapshot, before.key, before.route)
        returned, self.gone = self.gone and now is not None, now is None
        if now is None:
            self.stage, self.outcome, self._asked = Stage.TYPING, None, None
            return
        change = before.format_change(now)
        typed = self._typed()
        self.subject = now
        if not change and not returned:
            return
        self.texts = {field: typed.get(field, text) for field, text in now.texts.items()}
        self.moved = change or "the route had gone, and came back"
        self.stage, self.outcome, self._asked = Stage.TYPING, None, None
        self._wants_review = False

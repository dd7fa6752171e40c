"""Edits of routes, in the row and below the table; the table itself lies within.

A route is written in three steps: typed (and tried by the kernel), reviewed, written. It closes
when the kernel reports what was written, with the cursor on that route.
"""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.widget import Widget
from textual.widgets import Input

from ebtop.model.edit import Action, Edit, Field
from ebtop.model.snapshot import Snapshot
from ebtop.tui.feed import Feed
from ebtop.tui.messages import Answered, CheckAsked, CommitAsked
from ebtop.tui.source import LinkState, Phase
from ebtop.tui.views.edit_draft import Draft
from ebtop.tui.views.edit_keys import KEYS, works_now
from ebtop.tui.views.edit_lines import format_draft, format_key, format_said
from ebtop.tui.views.edit_opening import format_hidden, open_draft
from ebtop.tui.views.edit_question import format_question
from ebtop.tui.views.edit_subject import COLUMNS, find_subject, is_reported, result_key
from ebtop.tui.widgets.edit_panel import EditPanel
from ebtop.tui.widgets.edit_row import EditRow
from ebtop.tui.widgets.lines import Lines
from ebtop.tui.widgets.route_list import RouteList

if TYPE_CHECKING:
    from textual.timer import Timer

ASK_AFTER_S = 0.15
"""After the last keystroke: the kernel is not asked about every one."""
SAID_S = 5.0
"""So long stands what is said while nothing is edited."""

_ACTIONS = frozenset(binding.action.partition("(")[0] for binding in KEYS)


class Editor(Vertical):
    """The route table, the row that is edited, and what is said of it."""

    BINDINGS: ClassVar[list[BindingType]] = [*KEYS]

    def __init__(self, routes: RouteList, clock_s: Callable[[], float] = time.monotonic) -> None:
        super().__init__(id="editor")
        self._routes = routes
        self._clock_s = clock_s
        self._feed: Feed | None = None
        self._draft: Draft | None = None
        self._row: EditRow | None = None
        self._landing: Edit | None = None  # written and reported, and not shown yet
        self._link = LinkState(phase=Phase.CONNECTING)
        self._asking: Timer | None = None
        self._new = Lines(widget_id="edit-new")
        self._new.display = False
        self._panel = EditPanel(widget_id="edit-panel")

    def compose(self) -> ComposeResult:
        """From top to bottom; the fields lie over it in a layer of their own."""
        yield self._new
        yield self._routes
        yield self._panel

    def on_mount(self) -> None:
        """Time alone can change what is said."""
        self.set_interval(0.5, self._look)

    def on_resize(self) -> None:
        """The row stays on the screen."""
        self.call_after_refresh(self._reveal)

    def focus_target(self) -> Widget:
        """What takes the keys when the view comes to the front."""
        if self._draft is None:
            return self._routes
        return self._panel if self._row is None else self._row.focused

    def adopt(self, feed: Feed) -> None:
        """Another snapshot, another state of the link, or another width."""
        self._feed = feed
        was_live, self._link = self._is_live, feed.link
        if self._draft is not None and self._is_live and not was_live:
            self._draft.forget_answer()
        self._look()

    def take(self, answered: Answered) -> None:
        """The engine's answer to a check or a commit."""
        if self._draft is not None:
            self._draft.take(answered, self._clock_s())
            self._look()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Which keys work now."""
        if action not in _ACTIONS:
            return True
        return works_now(action, parameters, self._draft)

    def on_click(self, event: events.Click) -> None:
        """A click on another row closes what nobody would miss."""
        if event.widget is self._routes and self._draft and not self._draft.is_touched:
            self._close()

    async def action_begin(self, action: str) -> None:
        """Opens an edit of the selected route, or of a new one; or says why not."""
        draft = open_draft(Action(action), self._feed, self._routes.selected)
        if isinstance(draft, Draft):
            await self._start(draft)
        else:
            self._say(draft)

    def action_go_on(self, _: str) -> None:
        """To the review, and from there to the kernel."""
        if self._draft is None or self._newest is None:
            return
        self._read_texts()
        written = self._draft.go_on() if self._is_live else None
        if written is not None:
            self.post_message(CommitAsked(written))
        elif self._row is not None and self._draft.blamed in self._row.cells:
            self._row.focus(self._draft.blamed)
        self._ask()
        self._look()

    def action_agree(self) -> None:
        """Deletes, once the line that does it was there to be read."""
        written = self._draft.agree() if self._draft and self._is_live else None
        if written is not None:
            self.post_message(CommitAsked(written))
        self._look()

    def action_go_back(self, _: str) -> None:
        """One step back, and at last out."""
        if self._draft is None:
            return
        if self._draft.go_back() or not self._is_live:
            self._close()
        else:
            self._look()

    def action_move_field(self, step: int) -> None:
        """To the next field."""
        if self._row is not None:
            self._row.move(step)

    @property
    def _newest(self) -> Snapshot | None:
        return None if self._feed is None else self._feed.newest

    @property
    def _is_live(self) -> bool:
        return self._link.phase is Phase.LIVE

    async def _start(self, draft: Draft) -> None:
        if self._feed is not None and self._feed.frozen:  # what is written has to be seen
            await self.run_action("app.freeze")
        self._draft, self._landing = draft, None
        self._routes.hold(True)  # noqa: FBT003  its only argument
        self._routes.can_focus = False  # a click in the table leaves the keys where they are
        self._new.display = draft.action is Action.ADD
        self._new.show(((("+", "tone--bar"),),))
        self._panel.can_focus = draft.action is Action.DELETE
        if draft.action is Action.DELETE:
            self.screen.set_focus(self._panel, scroll_visible=False)
            self._ask()
        else:
            await self._start_row(draft)
        self._look()
        self.call_after_refresh(self._reveal)

    async def _start_row(self, draft: Draft) -> None:
        fields = {
            field: column
            for field, column in COLUMNS.items()
            if draft.action is Action.ADD or field is not Field.PREFIX
        }
        self._routes.want_columns(frozenset(COLUMNS.values()))
        self._row = EditRow(self, fields, draft.texts)
        self._place()
        await self._row.mount()
        self._row.focus()

    @on(RouteList.Changed)
    def _place(self) -> None:
        """Puts the fields where the row is now."""
        if self._row is None or self._draft is None:
            return
        subject = self._draft.subject
        line = 0 if subject is None else self._routes.line_of(subject.route)
        self._row.place(self._routes.columns, -1 if line is None else line)

    def _reveal(self) -> None:
        """What is said below takes lines from the table: the row stays on the screen."""
        if self._draft is not None and self._draft.subject is not None:
            self._routes.select(self._draft.subject.route)
        self._place()

    @on(Input.Changed)
    def _type(self) -> None:
        self._stop_asking()
        self._look()

    def _read_texts(self) -> None:
        if self._draft is not None and self._row is not None and self._newest is not None:
            self._draft.type_texts(self._row.texts, self._newest)

    def _ask(self) -> None:
        """Lets the kernel try the edit."""
        self._stop_asking()
        edit = self._draft.to_ask if self._draft and self._is_live else None
        if self._draft is not None and edit is not None:
            self._draft.asked()
            self.post_message(CheckAsked(edit))

    def _stop_asking(self) -> None:
        if self._asking is not None:
            self._asking.stop()
        self._asking = None

    def _look(self) -> None:
        """Takes in what is typed and what the kernel reports, and shows how the edit stands."""
        newest, draft = self._newest, self._draft
        if newest is None or draft is None:
            self._land()
            return
        self._read_texts()
        draft.meet(newest)
        if draft.is_reported(newest):
            self._close()
            self._landing = draft.edit
            self._land()
            return
        if draft.to_ask is not None and self._asking is None:
            self._asking = self.set_timer(ASK_AFTER_S, self._ask)
        self._show(draft, newest)

    def _show(self, draft: Draft, newest: Snapshot) -> None:
        late = draft.is_late(self._clock_s())
        link, width = self._link, self.size.width
        if self._row is None:
            self._panel.say(format_question(draft, newest, link, width, late=late))
        else:
            self._row.show({f: draft.texts[f] for f in self._row.cells if f in draft.texts})
            self._row.mark(draft.blamed)
            self._panel.say(format_draft(draft, link, width, late=late))
        if self._panel.size.height != len(self._panel.lines):
            self.call_after_refresh(self._reveal)
        self.refresh_bindings()

    def _say(self, text: str, tone: str = "tone--warning") -> None:
        """Says something while nothing is edited."""
        self._panel.say_for(tuple(format_said(text, tone, self.size.width)), SAID_S)

    def _land(self) -> None:
        """Puts the cursor where the edit left it, as soon as what was written is shown."""
        shown, edit = None if self._feed is None else self._feed.snapshot, self._landing
        if shown is None or edit is None or not is_reported(shown, edit):
            return
        self._landing = None
        subject = None if edit.action is Action.DELETE else find_subject(shown, result_key(edit))
        if subject is None:
            self._routes.action_move(0)  # to the row that took the place
            self._say(f"Deleted {format_key(edit.key)}.", "tone--good")
            return
        self._routes.select(subject.route)
        if self._routes.selected != subject.route:
            self._say(format_hidden(shown, subject))

    def _close(self) -> None:
        """The table is as it was before."""
        self._stop_asking()
        row, self._row, self._draft = self._row, None, None
        self._routes.can_focus = True
        if self.has_focus_within:
            self.screen.set_focus(self._routes, scroll_visible=False)
        if row is not None:
            row.remove()
        self._panel.close()
        self._new.display = False
        self._routes.want_columns(frozenset())
        self._routes.hold(False)  # noqa: FBT003  its only argument
        self.refresh_bindings()

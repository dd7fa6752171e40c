"""Where edits are checked with the kernel, and written."""

from collections.abc import Callable

from ebtop.edit.compile import find_differences
from ebtop.edit.plan import Plan, find_beside, read_plan
from ebtop.edit.refusal import Refused, compile_refusal
from ebtop.kernel.route_message import RouteMessage, compile_request
from ebtop.kernel.route_writer import Answer, ReadOnly, RouteWriter
from ebtop.model.edit import Edit, Field, Outcome


class EditDesk:
    """Checks and commits edits in the network namespace of the thread that made it.

    An edit names a route by its keys alone: the route is read, changed and written in one go, so
    that what others did to it meanwhile stays. REPLACE with neither gateway nor port leaves the
    next hops as they are. Nothing is raised on a refusal: the outcome says it. OSError and
    MalformedMessage mean that the kernel could not be asked.
    """

    def __init__(self, *, read_only: bool = False) -> None:
        self._writer = RouteWriter(read_only=read_only)

    def close(self) -> None:
        """Give the socket back."""
        self._writer.close()

    def check(self, edit: Edit) -> Outcome:
        """What `commit` would say, as far as a dry run can tell; no packet notices it."""
        return self._answer(edit, self._check)

    def commit(self, edit: Edit) -> Outcome:
        """Writes the edit, and says what the kernel made of it."""
        return self._answer(edit, self._commit)

    def _answer(self, edit: Edit, act: Callable[[Plan], str]) -> Outcome:
        try:
            plan = read_plan(edit)
        except Refused as reason:
            return Outcome(done=False, field=reason.field, message=str(reason))
        done, field = False, Field.WHOLE
        try:
            self._writer.check_writable()
            message = act(plan)
            done = True
        except Refused as reason:
            field, message = reason.field, str(reason)
        except ReadOnly as reason:
            message = str(reason)
        return Outcome(
            done=done,
            field=field,
            message=message,
            commands=plan.commands,
            warnings=plan.warnings,
        )

    def _check(self, plan: Plan) -> str:
        if plan.after is not None:
            answer = self._writer.try_add(plan.after)
            beside = () if answer.taken else find_beside(plan)
            _check_taken(self._writer.try_add(plan.after, beside) if beside else answer)
        return "The kernel would take it."

    def _commit(self, plan: Plan) -> str:
        if plan.after is None:
            assert plan.before is not None
            self._delete(plan.before)
            return f"The route to {plan.before.prefix} was deleted."
        if plan.before is None:
            made = _made(self._writer.add(plan.after))
            return _describe("added", plan.after, made)
        if plan.moves:
            return self._move(plan.before, plan.after)
        made = _made(self._writer.replace(plan.after))
        return _describe("changed", plan.after, made)

    def _move(self, before: RouteMessage, after: RouteMessage) -> str:
        """Gives a route another metric: the new one is there before the old one goes."""
        made = _made(self._writer.add(after))
        try:
            _check_as_sent(after, made)
            self._delete(before)
        except Refused as reason:
            undone = self._writer.delete(made)
            result = "the new one was taken back" if undone.taken else "both are there now"
            raise Refused(
                reason.field, f"{reason} The old route was not replaced, and {result}."
            ) from None
        return _describe("changed", after, made)

    def _delete(self, route: RouteMessage) -> None:
        """Deletes this route and no other.

        IPv4's metric 0 means any metric in a deletion: should the route have gone since it was
        read, the one that went instead is put back.
        """
        answer = self._writer.delete(route)
        _check_taken(answer)
        strays = [one for one in answer.reported if one.metric != route.metric]
        for stray in strays:
            _check_taken(self._writer.add(compile_request(stray)))
        if strays:
            raise Refused(Field.WHOLE, f"The route to {route.prefix} has gone meanwhile.")


def _check_taken(answer: Answer) -> None:
    if not answer.taken:
        raise compile_refusal(answer)


def _made(answer: Answer) -> RouteMessage:
    """The route as the kernel reports it after a request that it took."""
    _check_taken(answer)
    if not answer.reported:
        raise Refused(Field.WHOLE, "The kernel took the route, but did not report it back.")
    return compile_request(answer.reported[-1])


def _check_as_sent(wanted: RouteMessage, made: RouteMessage) -> None:
    if find_differences(wanted, made):
        raise Refused(Field.WHOLE, _describe("changed", wanted, made))


def _describe(done: str, wanted: RouteMessage, made: RouteMessage) -> str:
    differences = find_differences(wanted, made)
    if not differences:
        return f"The route to {made.prefix} was {done}."
    return f"The kernel took the route, but changed its {', '.join(differences)}."

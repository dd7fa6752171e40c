"""Why an edit is not done: one sentence at the field that is to blame, the kernel's words first."""

import errno
from collections.abc import Mapping

from ebtop.kernel.decode_nexthops import RouteAttribute
from ebtop.kernel.route_writer import Answer
from ebtop.model.edit import Field
from ebtop.model.format import format_untrusted

_TEXT_CELLS = 200
_BLAMED: Mapping[int, Field] = {
    RouteAttribute.DST: Field.PREFIX,
    RouteAttribute.GATEWAY: Field.GATEWAY,
    RouteAttribute.VIA: Field.GATEWAY,
    RouteAttribute.OIF: Field.PORT,
    RouteAttribute.PRIORITY: Field.METRIC,
}
# Words of net/ipv4/fib_*.c and net/ipv6/route.c; the first that fits counts.
_WORDS = (
    ("egress device", Field.PORT),
    ("gateway", Field.GATEWAY),
    ("device", Field.PORT),
    ("not up", Field.PORT),
    ("prefix", Field.PREFIX),
    ("metric", Field.METRIC),
)
_CODES = {
    errno.ENETUNREACH: (Field.GATEWAY, "no port reaches this gateway"),
    errno.EHOSTUNREACH: (Field.GATEWAY, "no port, or not this one, reaches this gateway"),
    errno.ENODEV: (Field.PORT, "there is no such port, or it has no addresses of this family"),
    errno.ENETDOWN: (Field.PORT, "the port is down"),
    errno.EEXIST: (Field.METRIC, "another route has this prefix and metric"),
    errno.ESRCH: (Field.WHOLE, "the route has gone meanwhile"),
    errno.ENOENT: (Field.WHOLE, "the route has gone meanwhile"),
}
_CHANGED_MEANWHILE = {errno.EEXIST, errno.ESRCH, errno.ENOENT}


class Refused(Exception):  # noqa: N818  it is an answer to the operator
    """An edit that is not done; the text is one sentence for the field that is to blame."""

    def __init__(self, field: Field, message: str) -> None:
        super().__init__(message)
        self.field = field


def compile_refusal(answer: Answer) -> Refused:
    """The kernel's own words, and what they mean where it has only an errno."""
    acknowledgement = answer.acknowledgement
    words = format_untrusted(acknowledgement.words, _TEXT_CELLS)
    field, meaning = _CODES.get(acknowledgement.code, (Field.WHOLE, ""))
    if acknowledgement.text:
        lower = acknowledgement.text.lower()
        field = next((field for part, field in _WORDS if part in lower), field)
        meaning = meaning if acknowledgement.code in _CHANGED_MEANWHILE else ""
    explained = f" ({meaning})" if meaning else ""
    return Refused(_BLAMED.get(answer.blamed, field), f"The kernel says: {words}{explained}.")

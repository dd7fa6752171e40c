"""What goes over the socket arrives as it was; what is no request is refused, whatever it is."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ebtop.engine.requests import (
    MAX_REQUEST_BYTES,
    Check,
    Commit,
    Focus,
    ReadOnly,
    Request,
    decode_request,
    encode_request,
)
from ebtop.engine.wire import (
    Origin,
    WireError,
    decode_answer,
    decode_message,
    decode_origin,
    encode_answer,
    encode_origin,
)
from ebtop.model.edit import Action, Edit, Field, Outcome, RouteKey
from ebtop.model.prefix import parse_address, parse_prefix

EDIT = Edit(
    action=Action.REPLACE,
    key=RouteKey(prefix=parse_prefix("2001:db8::/32"), table=4_000_000_000, metric=1024),
    gateway=parse_address("fe80::1"),
    port="eth0.\udcff",
    metric=20,
)
PLAIN = Edit(action=Action.DELETE, key=RouteKey(prefix=parse_prefix("0.0.0.0/0")))


@pytest.mark.parametrize(
    "request_sent", [Focus(7, 4_000_000_000), Check(1, EDIT), Commit(2, PLAIN), ReadOnly()]
)
def test_requests_arrive_as_they_were(request_sent: Request) -> None:
    data = encode_request(request_sent)

    assert decode_request(data) == request_sent
    assert len(data) < MAX_REQUEST_BYTES


def test_answers_and_origins_arrive_as_they_were() -> None:
    outcome = Outcome(
        done=False, field=Field.GATEWAY, message="No.", commands=("ip r",), warnings=("w", "x")
    )
    origin = Origin(transient=True, arguments=("--port", "p1"))

    assert decode_answer(decode_message(encode_answer(9, outcome))) == (9, outcome)
    assert decode_origin(decode_message(encode_origin(origin))) == origin


def spoiled(**changes: Any) -> bytes:
    message = json.loads(encode_request(Check(1, EDIT)))
    edit = {name: value for name, value in changes.items() if name in message["edit"]}
    message["edit"] |= edit
    message |= {name: value for name, value in changes.items() if name not in edit}
    return json.dumps(message).encode()


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\xff\xfe", id="no-text"),
        pytest.param(b"[" * MAX_REQUEST_BYTES, id="deep"),
        pytest.param(b"[1]", id="no-object"),
        pytest.param(b'{"schema":1,"kind":"focus","route":' + b"9" * 4000, id="unfinished"),
        pytest.param(b'{"schema":1,"kind":"focus","route":true,"born":1}', id="bool"),
        pytest.param(b'{"schema":1,"kind":"focus","route":-1,"born":1}', id="negative"),
        pytest.param(b'{"schema":1,"kind":"focus","route":1e3,"born":1}', id="float"),
        pytest.param(b'{"schema":1,"kind":"focus","route":NaN,"born":1}', id="nan"),
        pytest.param(b'{"schema":1,"kind":["focus"]}', id="kind-is-a-list"),
        pytest.param(b'{"schema":1,"kind":"tick"}', id="kind-of-the-engine"),
        pytest.param(b'{"schema":2,"kind":"read_only"}', id="schema"),
        pytest.param(spoiled(request="1"), id="number-is-text"),
        pytest.param(spoiled(edit=[]), id="edit-is-a-list"),
        pytest.param(spoiled(action="format"), id="action"),
        pytest.param(spoiled(prefix="10.0.0.1/8"), id="host-bits"),
        pytest.param(spoiled(prefix=167772160), id="prefix-is-a-number"),
        pytest.param(spoiled(gateway="::g"), id="gateway"),
        pytest.param(spoiled(gateway=0), id="gateway-is-a-number"),
        pytest.param(spoiled(table=1 << 32), id="table"),
        pytest.param(spoiled(metric=None), id="metric"),
        pytest.param(spoiled(port="a" * 16), id="long-name"),
        pytest.param(spoiled(port="a/b"), id="path"),
        pytest.param(spoiled(port="a\0"), id="nul"),
        pytest.param(spoiled(port="\ud800"), id="half-a-character"),
    ],
)
def test_what_is_no_request_is_refused(data: bytes) -> None:
    with pytest.raises(WireError):
        decode_request(data)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["schema", "kind", "request", "edit", "route", "born", "prefix"]),
                inner | st.sampled_from([1, "check", "focus", "commit"]),
                max_size=6,
            )
        ),
        max_leaves=12,
    )
)
def test_nothing_else_is_raised(value: Any) -> None:
    message = {"schema": 1, **value} if isinstance(value, dict) else value
    try:
        decoded = decode_request(json.dumps(message).encode())
    except WireError:
        return
    assert isinstance(decoded, Focus | Check | Commit | ReadOnly)

"""Any bytes and values of a client lead to a command or a refusal."""

import json
from typing import Any

import msgspec
from hypothesis import example, given
from hypothesis import strategies as st

from core.wire import close_codes
from core.wire.opcodes import Opcode
from gateway.commands.presence_command import PresenceUpdate
from gateway.payloads.encodings import Encoding
from gateway.users.presence import from_command, merge_presences, render_presence
from tests.support.gateway.client_commands import COMMANDS, ENCODERS, encodings, outcome_of, parse
from tests.support.gateway.shown_presence import check_presence


@encodings
@given(data=st.binary(max_size=300))
@example(data=b'{"op":1}')
def test_parse_any_bytes_gives_a_command_or_a_refusal(encoding: Encoding, data: bytes) -> None:
    assert outcome_of(encoding, data) in (None, close_codes.DECODE_ERROR, close_codes.UNKNOWN_OPCODE)


json_values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(1 << 62), 1 << 62),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(max_size=9),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=9), inner, max_size=4)),
    max_leaves=12,
)
FIELDS = sorted({field for payload, _ in COMMANDS if isinstance(payload.get("d"), dict) for field in payload["d"]})
INNER_FIELDS = [
    "name",
    "type",
    "url",
    "state",
    "timestamps",
    "start",
    "end",
    "emoji",
    "id",
    "created_at",
    "flags",
    "roles",
]
odd_values = st.one_of(
    json_values,
    st.sampled_from(
        ["", "0", "1", "-1", "1.5", "true", "0001-01-01T00:00:00Z", 0, 0.0, 1.0, -1, 1 << 53, 1 << 63, 1e300]
    ),
    st.dictionaries(st.sampled_from(INNER_FIELDS), json_values, max_size=4),
    st.lists(st.dictionaries(st.sampled_from(INNER_FIELDS), json_values, max_size=5), max_size=3),
)
odd_objects = st.dictionaries(st.sampled_from([*FIELDS, *INNER_FIELDS]), odd_values, max_size=8)


@encodings
@given(
    op=st.sampled_from([*Opcode]),
    t=st.one_of(st.none(), st.just("MESSAGE_CREATE"), st.text(max_size=5)),
    d=st.one_of(json_values, st.dictionaries(st.sampled_from(FIELDS), json_values, max_size=6)),
)
def test_parse_any_values_in_any_field_gives_a_command_or_a_refusal(
    encoding: Encoding, op: int, t: str | None, d: Any
) -> None:
    try:
        data = ENCODERS[encoding]({"op": op, "t": t, "d": d})
    except (UnicodeEncodeError, ValueError):
        data = b'{"op":1,"d":"\\ud800"}'
    assert outcome_of(encoding, data) in (None, close_codes.DECODE_ERROR, close_codes.UNKNOWN_OPCODE)


@encodings
@given(op=st.sampled_from([1, 3, 4, 8, 14, 31, 37, 40, 36, 43]), d=st.one_of(json_values, odd_objects))
def test_nothing_in_a_field_that_is_not_needed_is_refused(encoding: Encoding, op: int, d: Any) -> None:
    assert outcome_of(encoding, ENCODERS[encoding]({"op": op, "d": d})) is None


@encodings
@given(d=odd_objects)
def test_login_is_refused_for_its_token_session_intents_and_shard_alone(encoding: Encoding, d: dict[str, Any]) -> None:
    needed = {"token": "t", "session_id": "s", "intents": 1, "shard": [0, 1]}
    for op in (2, 6):
        assert outcome_of(encoding, ENCODERS[encoding]({"op": op, "d": d | needed})) is None


@given(d=odd_objects)
def test_presence_for_others_is_well_formed_whatever_the_client_said(d: dict[str, Any]) -> None:
    """Typed libraries read it, and end at a value of another type."""
    for said in (d, {"activities": [d]}, {"activities": [{"name": "n", **d}], "game": d}):
        command = parse(Encoding.JSON, ENCODERS[Encoding.JSON]({"op": 3, "d": said}))
        presence = from_command(command if isinstance(command, PresenceUpdate) else None, now_ms=99)
        merged = merge_presences([("desktop", presence)])
        shown = json.loads(msgspec.json.encode(render_presence(5, merged, 6)))
        check_presence(shown)

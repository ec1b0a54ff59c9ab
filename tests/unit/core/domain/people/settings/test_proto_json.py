"""Settings as protobuf in JSON: by protobuf's own rules, with nothing lost that the schema does not know."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.people.settings.proto_json import read_message, write_each_over, write_message
from core.domain.people.settings.protobuf import BYTES, VARINT, BadProto, write_field, write_varint
from core.domain.people.settings.scalars import BadSetting
from core.domain.people.settings.schema import FRECENCY, PRELOADED, Enumeration, Field, Message, Scalar

_BASE64 = ["", "AA==", "AQI="]
_TIMES = ["1970-01-01T00:00:01Z", "2026-11-28T02:00:00Z"]
_SCALARS: dict[Scalar, st.SearchStrategy[Any]] = {
    Scalar.BOOL: st.booleans(),
    Scalar.UINT32: st.integers(0, 2**32 - 1),
    Scalar.INT32: st.integers(-(2**31), 2**31 - 1),
    Scalar.UINT64: st.integers(0, 2**64 - 1).map(str),
    Scalar.INT64: st.integers(-(2**63), 2**63 - 1).map(str),
    Scalar.FIXED64: st.integers(0, 2**64 - 1).map(str),
    Scalar.FLOAT: st.floats(width=32, allow_nan=False, allow_infinity=False),
    Scalar.STRING: st.text(max_size=5),
    Scalar.BYTES: st.sampled_from(_BASE64),
    Scalar.TIMESTAMP: st.sampled_from(_TIMES),
}
_DEFAULTS: tuple[Any, ...] = (0, "0", "", False, 0.0)


def values_of(field: Field, depth: int) -> st.SearchStrategy[Any]:
    if isinstance(field.type, Message):
        one: st.SearchStrategy[Any] = messages(field.type, depth - 1)
    elif isinstance(field.type, Enumeration):
        one = st.sampled_from(field.type.names)
    else:
        one = _SCALARS[field.type]
    if field.key is not None:
        return st.dictionaries(_SCALARS[field.key], one, min_size=1, max_size=2)
    return st.lists(one, min_size=1, max_size=3) if field.is_list else one


def is_shown(field: Field, value: Any) -> bool:
    """Tell whether the value is no default, which is not written."""
    if field.is_wrapped or field.is_list or field.key is not None or isinstance(field.type, Message):
        return True
    return value not in (field.type.names[:1] if isinstance(field.type, Enumeration) else _DEFAULTS)


def messages(schema: Message, depth: int = 5) -> st.SearchStrategy[dict[str, Any]]:
    fields = st.lists(st.sampled_from(list(schema.by_name.values())), max_size=4, unique_by=lambda field: field.name)
    return fields.flatmap(
        lambda chosen: st.fixed_dictionaries({field.name: values_of(field, depth) for field in chosen})
    ).map(lambda shown: {name: value for name, value in shown.items() if is_shown(schema.by_name[name], value)})


@given(
    shown=st.one_of(messages(PRELOADED).map(lambda v: (PRELOADED, v)), messages(FRECENCY).map(lambda v: (FRECENCY, v)))
)
def test_what_is_written_is_read_as_it_was(shown: tuple[Message, dict[str, Any]]) -> None:
    schema, values = shown
    assert read_message(write_message(values, schema), schema) == values


STATUS = write_field(11, BYTES, write_field(1, BYTES, write_field(1, BYTES, b"idle")))


def test_bytes_are_those_of_protobuf() -> None:
    """The bytes are by hand, after the documentation of the encoding."""
    assert write_message({"status": {"status": "idle"}}, PRELOADED) == STATUS == b"\x5a\x08\x0a\x06\x0a\x04idle"
    folders = {"guildFolders": {"folders": [{"guildIds": ["1", "2"], "id": "-1"}]}}
    folder = b"\x0a\x10" + b"\x01" + b"\0" * 7 + b"\x02" + b"\0" * 7 + b"\x12\x0b\x08" + b"\xff" * 9 + b"\x01"
    assert (
        write_message(folders, PRELOADED)
        == b"\x72" + bytes((len(folder) + 2,)) + b"\x0a" + bytes((len(folder),)) + folder
    )
    assert write_message({"appearance": {"theme": "DARK", "developerMode": False}}, PRELOADED) == b"\x6a\x02\x08\x01"


def test_list_of_numbers_is_read_packed_and_one_by_one() -> None:
    numbers = [b"\x05", write_varint(300)]
    packed = write_field(2, BYTES, b"".join(numbers))
    single = b"".join(write_field(2, VARINT, number) for number in numbers)
    for item in (packed, single):
        entry = write_field(1, BYTES, b"x") + write_field(2, BYTES, item)
        message = write_field(6, BYTES, write_field(1, BYTES, entry))
        assert read_message(message, FRECENCY) == {"emojiFrecency": {"emojis": {"x": {"recentUses": ["5", "300"]}}}}


@pytest.mark.parametrize(
    "unreadable",
    [
        write_field(12, BYTES, write_field(1, BYTES, write_field(1, BYTES, b"\xff\xff"))),  # a text that is none
        write_field(12, VARINT, b"\x01"),  # a number in the place of a message
        write_field(12, BYTES, b"\x0b"),  # a message that is none
        write_field(
            3,
            BYTES,
            write_field(1, BYTES, write_field(2, BYTES, write_field(4, BYTES, b"\x08" + b"\xff" * 9 + b"\x01"))),
        ),
    ],
)
def test_what_does_not_fit_the_schema_is_left_out(unreadable: bytes) -> None:
    shown = read_message(STATUS + unreadable, PRELOADED)
    assert shown["status"] == {"status": "idle"}
    assert "locale" not in str(shown)


def test_message_that_is_none_is_refused() -> None:
    with pytest.raises(BadProto):
        read_message(b"\x0b", PRELOADED)


@pytest.mark.parametrize(
    ("values", "path"),
    [
        ([], ()),
        ({"tomorrow": {}}, ("tomorrow",)),
        ({"status": "idle"}, ("status",)),
        ({"status": {"status": 5}}, ("status", "status")),
        ({"appearance": {"theme": "PINK"}}, ("appearance", "theme")),
        ({"appearance": {"developerMode": 1}}, ("appearance", "developerMode")),
        ({"voiceAndVideo": {"afkTimeout": 2**32}}, ("voiceAndVideo", "afkTimeout")),
        ({"voiceAndVideo": {"afkTimeout": True}}, ("voiceAndVideo", "afkTimeout")),
        ({"privacy": {"restrictedGuildIds": ["1", "x"]}}, ("privacy", "restrictedGuildIds", "1")),
        ({"privacy": {"restrictedGuildIds": "1"}}, ("privacy", "restrictedGuildIds")),
        ({"guilds": {"guilds": {"x": {}}}}, ("guilds", "guilds", "x")),
        (
            {"guilds": {"guilds": {"1": {"guildRecentsDismissedAt": "soon"}}}},
            ("guilds", "guilds", "1", "guildRecentsDismissedAt"),
        ),
        ({"userContent": {"dismissedContents": "?"}}, ("userContent", "dismissedContents")),
    ],
)
def test_wrong_value_is_refused_with_its_path(values: Any, path: tuple[str, ...]) -> None:
    with pytest.raises(BadSetting) as caught:
        write_message(values, PRELOADED)
    assert caught.value.path == path


def test_unknown_fields_of_a_message_stay_when_it_is_replaced() -> None:
    unknown = write_field(99, BYTES, b"kept")
    stored = write_field(11, BYTES, write_field(1, BYTES, b"") + unknown) + write_field(200, VARINT, b"\x01")
    partial = write_each_over(stored, {"status": {"status": "idle"}}, PRELOADED)
    assert partial == write_field(11, BYTES, write_field(1, BYTES, write_field(1, BYTES, b"idle")) + unknown)


def test_stored_message_that_cannot_be_read_is_replaced() -> None:
    assert write_each_over(write_field(11, BYTES, b"\x0b"), {"status": {"status": "idle"}}, PRELOADED) == STATUS

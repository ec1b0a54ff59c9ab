"""The settings of both forms: what is set in one is read in the other, and nothing else changes."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.people.settings.merging import merge
from core.domain.people.settings.proto_json import read_message, write_message
from core.domain.people.settings.protobuf import BYTES, VARINT, write_field
from core.domain.people.settings.schema import PRELOADED
from core.domain.people.settings.shared import find_shared, flatten, write_flat
from core.wire.objects.people.preferences import keep_valid_settings
from core.wire.objects.people.user_settings import UserSettingsObject

DEFAULTS: dict[str, Any] = msgspec.to_builtins(UserSettingsObject())
ids = st.lists(st.integers(1, 2**63 - 1).map(str), max_size=3)
texts = st.one_of(st.none(), st.text(min_size=1, max_size=10))
custom_statuses = st.fixed_dictionaries(
    {
        "text": texts,
        "emoji_id": st.one_of(st.none(), st.integers(1, 2**63 - 1).map(str)),
        "emoji_name": texts,
        "expires_at": st.sampled_from([None, "2026-11-28T02:00:00Z", "2026-11-28T02:00:00.123000Z"]),
    }
).map(lambda status: status if any(status.values()) else None)
folders = st.fixed_dictionaries(
    {
        "guild_ids": ids,
        "id": st.one_of(st.none(), st.integers(-(2**53) + 1, 2**53 - 1)),
        "name": texts,
        "color": st.one_of(st.none(), st.integers(0, 2**32 - 1)),
    }
)
sources = st.sampled_from(
    [
        {"all": every, "mutual_friends": every or friends, "mutual_guilds": every or guilds}
        for every in (False, True)
        for friends in (False, True)
        for guilds in (False, True)
    ]
)
_OF_TYPES: dict[type, st.SearchStrategy[Any]] = {
    bool: st.booleans(),
    int: st.integers(0, 2),
    list: ids,
}
settings = st.fixed_dictionaries(
    {},
    optional={
        **{name: _OF_TYPES[type(value)] for name, value in DEFAULTS.items() if type(value) in _OF_TYPES},
        "custom_status": custom_statuses,
        "friend_source_flags": sources,
        "guild_folders": st.lists(folders, max_size=2),
        "locale": st.sampled_from(["de", "en-GB"]),
        "status": st.sampled_from(["online", "idle", "dnd", "invisible"]),
        "theme": st.sampled_from(["dark", "light", "darker", "midnight"]),
        "timezone_offset": st.integers(-1440, 1440),
    },
)


def shown(proto: bytes) -> dict[str, Any]:
    return {**DEFAULTS, **flatten(proto)}


def test_all_settings_of_the_flat_form_are_in_the_protobuf() -> None:
    whole = b"".join(write_field(field.number, BYTES, b"") for field in PRELOADED.by_name.values())
    assert set(find_shared(whole)) == set(DEFAULTS)


@given(first=settings, second=settings)
def test_flat_settings_are_read_from_the_protobuf_as_they_were_set(
    first: dict[str, Any], second: dict[str, Any]
) -> None:
    proto = merge(b"", write_flat(b"", first)).proto
    assert shown(proto) == {**DEFAULTS, **first}
    proto = merge(proto, write_flat(proto, second)).proto
    assert shown(proto) == {**DEFAULTS, **first, **second}
    assert keep_valid_settings(flatten(proto)) == flatten(proto)


def test_other_fields_of_a_message_stay_byte_for_byte() -> None:
    unknown = write_field(77, VARINT, b"\x80\x00") + write_field(6, BYTES, b"list")
    stored = write_field(13, BYTES, unknown) + write_field(50, BYTES, b"of tomorrow")
    proto = merge(stored, write_flat(stored, {"theme": "light"})).proto
    assert proto.startswith(write_field(1, BYTES, b"\x18\x01"))
    assert proto.endswith(
        write_field(13, BYTES, b"\x08\x02" + write_field(6, BYTES, b"list") + write_field(77, VARINT, b"\x80\x00"))
        + write_field(50, BYTES, b"of tomorrow")
    )


@pytest.mark.parametrize(
    ("values", "flat"),
    [
        ({"appearance": {"theme": "MIDNIGHT"}}, {"theme": "midnight"}),
        ({"appearance": {}}, {}),
        ({"privacy": {"friendSourceFlags": 14}}, {"friend_source_flags": {"all": True, "mutual_friends": True, "mutual_guilds": True}}),
        ({"privacy": {"friendSourceFlags": 4}}, {"friend_source_flags": {"all": False, "mutual_friends": False, "mutual_guilds": True}}),
        ({"privacy": {"restrictedGuildIds": ["5"], "defaultGuildsRestricted": True}}, {"restricted_guilds": ["5"], "default_guilds_restricted": True}),
        ({"status": {"customStatus": {}}}, {"custom_status": None}),
        ({"status": {"customStatus": {"text": "hi", "expiresAtMs": "1"}}}, {"custom_status": {"text": "hi", "emoji_id": None, "emoji_name": None, "expires_at": "1970-01-01T00:00:00.001000Z"}}),
        ({"status": {"customStatus": {"expiresAtMs": str(2**64 - 1)}}}, {}),
    ],
)  # fmt: skip
def test_protobuf_is_shown_flat(values: Any, flat: Any) -> None:
    proto = write_message(values, PRELOADED)
    assert flatten(proto) == flat
    assert read_message(proto, PRELOADED) == values

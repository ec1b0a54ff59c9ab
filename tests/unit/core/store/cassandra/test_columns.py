"""A message is a row and back, whatever its fields are."""

from typing import Any

import msgspec
from cassandra.query import UNSET_VALUE
from hypothesis import given
from hypothesis import strategies as st

from core.domain.ids import bucket_of
from core.domain.messages.attachment import Attachment
from core.domain.messages.forward import Forward
from core.domain.messages.message import Message
from core.store.cassandra.columns import decode_message, encode_changes, encode_fields, insert_timestamp, place_of
from core.store.cassandra.statements import FIELDS

IDS = st.integers(1, 2**63 - 1)
LISTS = st.lists(IDS, max_size=3).map(tuple)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
ATTACHMENTS = st.lists(st.builds(Attachment, id=IDS, filename=TEXTS, size=IDS), max_size=2).map(tuple)
MESSAGES = st.builds(
    Message,
    id=IDS,
    channel_id=IDS,
    guild_id=st.integers(0, 2**63 - 1),
    author_id=st.integers(0, 2**63 - 1),
    type=st.integers(0, 100),
    content=st.text(),
    tts=st.booleans(),
    mention_everyone=st.booleans(),
    mention_ids=LISTS,
    mention_role_ids=LISTS,
    embeds=st.binary(max_size=9).map(msgspec.Raw),
    flags=st.integers(0, 2**63 - 1),
    pinned=st.booleans(),
    edited_ms=st.integers(0, 2**53),
    version=st.integers(0, 99),
    nonce=st.none() | st.text(),
    nonce_is_int=st.booleans(),
    reference_id=st.none() | IDS,
    attachments=ATTACHMENTS,
    forward=st.none()
    | st.builds(
        Forward,
        message_id=IDS,
        channel_id=IDS,
        created_ms=st.integers(0, 2**53),
        content=TEXTS,
        embeds=st.just(msgspec.Raw(b'[{"title":"x"}]')),
        attachments=ATTACHMENTS,
        mention_ids=LISTS,
    ),
)


def stored(values: list[Any]) -> list[Any]:
    """Return columns as they are read: what was left out is None, tuples are lists."""
    read = [None if value is UNSET_VALUE else value for value in values]
    return [list(value) if isinstance(value, tuple) else value for value in read]


@given(MESSAGES)
def test_message_comes_back_from_its_row(message: Message) -> None:
    assert decode_message([message.channel_id, message.id, *stored(encode_fields(message))]) == message


def test_every_field_is_a_column_or_the_place() -> None:
    assert {"id", "channel_id", *FIELDS} == set(Message.__struct_fields__)


def test_defaults_are_left_out_but_author_and_version() -> None:
    values = dict(zip(FIELDS, encode_fields(Message(id=1, channel_id=2, author_id=0)), strict=True))
    assert {name for name, value in values.items() if value is not UNSET_VALUE} == {"author_id", "version"}


def test_changes_name_the_columns_that_are_written() -> None:
    values = dict(zip(FIELDS, encode_changes({"content": "", "embeds": msgspec.Raw(b"[]")}), strict=True))
    assert {name: value for name, value in values.items() if value is not UNSET_VALUE} == {
        "content": "",
        "embeds": b"[]",
    }


def test_rest_of_a_row_without_author_is_no_message() -> None:
    assert decode_message([1, 2, *([None] * len(FIELDS))]) is None


@given(IDS, IDS)
def test_timestamps_rise_with_ids_and_are_before_them(first: int, second: int) -> None:
    low, high = sorted((first, second))
    assert insert_timestamp(low) <= insert_timestamp(high)
    assert place_of(7, first) == (7, bucket_of(first), first)

"""A message as a row, and back.

Fields at their default are left out of an insert, which makes rows small and leaves no tombstones. A column without a
value is therefore the default. Two fields are always written: the author, which tells a row from the rest of one, and
the version, which conditions compare.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from cassandra.query import UNSET_VALUE

from core.domain.guilds.webhook import WebhookAuthor
from core.domain.ids import bucket_of, created_ms
from core.domain.messages.attachment import Attachment
from core.domain.messages.call_note import CallNote
from core.domain.messages.crosspost import Source
from core.domain.messages.forward import Forward
from core.domain.messages.message import Message
from core.domain.messages.poll import Poll
from core.store.cassandra.statements import FIELDS

_DEFAULTS: Final = {field.name: field.default for field in msgspec.structs.fields(Message)}
_ALWAYS: Final = frozenset({"author_id", "version"})
_OMITTED: Final = tuple((name, UNSET_VALUE if name in _ALWAYS else _DEFAULTS[name]) for name in FIELDS)
"""Fields, each with the value that is left out. Nothing equals the driver's mark, so a field with it always goes."""

_encode: Final = msgspec.json.Encoder().encode
_JSON: Final = {
    name: msgspec.json.Decoder(type_).decode
    for name, type_ in (
        ("attachments", tuple[Attachment, ...]),
        ("forward", Forward),
        ("webhook", WebhookAuthor),
        ("source", Source),
        ("poll", Poll),
        ("call", CallNote),
    )
}
"""Columns of JSON, each with what reads it."""

_AUTHOR: Final = 2 + FIELDS.index("author_id")
_BEFORE_MS: Final = 10 * 60 * 1000
"""How much older a row's timestamp is than its message. Clocks of coordinators, which date the conditional writes that
follow, may be behind by less than this."""


def insert_timestamp(message_id: int) -> int:
    """Return the timestamp of a message's insert and of its withdrawal, in microseconds."""
    return (created_ms(message_id) - _BEFORE_MS) * 1000


def place_of(channel_id: int, message_id: int) -> tuple[int, int, int]:
    """Return the primary key of a message."""
    return channel_id, bucket_of(message_id), message_id


def encode_fields(message: Message) -> list[Any]:
    """Return the values of `FIELDS` for an insert."""
    values = []
    for name, omitted in _OMITTED:
        value = getattr(message, name)
        values.append(UNSET_VALUE if value == omitted else _to_column(name, value))
    return values


def encode_changes(changes: Mapping[str, Any]) -> list[Any]:
    """Return the values of `FIELDS` for an update, which leaves all others as they are."""
    return [_to_column(name, changes[name]) if name in changes else UNSET_VALUE for name in FIELDS]


def decode_message(row: Sequence[Any]) -> Message | None:
    """Return the message of a row of channel, id and `FIELDS`; None for the rest of a row that was withdrawn."""
    if row[_AUTHOR] is None:
        return None
    values = {name: value for name, value in zip(FIELDS, row[2:], strict=True) if value is not None}
    for name in ("mention_ids", "mention_role_ids"):
        if name in values:
            values[name] = tuple(values[name])
    if "embeds" in values:
        values["embeds"] = msgspec.Raw(values["embeds"])
    for name in _JSON.keys() & values.keys():
        values[name] = _JSON[name](values[name])
    return Message(channel_id=row[0], id=row[1], **values)


def _to_column(name: str, value: Any) -> Any:
    if name in _JSON:
        return _encode(value)
    return bytes(value) if isinstance(value, msgspec.Raw) else value

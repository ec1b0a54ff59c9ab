"""The reading of clients' payloads as commands.

`parse_command` takes the outside of a payload (`gateway.payloads.encodings`) and returns one of the Structs of
`gateway.commands.commands`. It refuses little: an opcode that no client sends (4001), Identify and Resume without token
or session id, and intents or a client shard that are no numbers (4002). Every other field has a reading
(`gateway.commands.readings`): an odd value counts as not given, and the default of its Struct stands. Activities, which
go out again to other clients, are made well-formed here.
"""

from functools import partial
from typing import Any, Final

import msgspec

from core.domain.events import MESSAGE_CREATE
from core.wire import close_codes
from core.wire.capabilities import MAX_CAPABILITIES
from core.wire.opcodes import CLIENT_OPCODES, Opcode
from gateway.commands.commands import (
    NO_SEQ,
    CallConnect,
    Command,
    GuildSubscription,
    GuildSubscriptions,
    Heartbeat,
    Identify,
    LazyGuilds,
    Nonce,
    RequestChannelInfo,
    RequestChannelStatuses,
    RequestGuildMembers,
    RequestSoundboardSounds,
    Resume,
    SendMessage,
    StreamCreate,
    StreamDelete,
    StreamWatch,
    Unheeded,
    VoiceStateUpdate,
)
from gateway.commands.presence_command import read_presence
from gateway.commands.readings import (
    Reading,
    Record,
    flag,
    identifier,
    integer,
    list_of,
    mapping,
    mapping_of,
    one_or_many,
    text,
    whole_number,
)
from gateway.payloads.encodings import ClientPayload, Encoding, EtfPayload, RefusedPayload, check_depth

SEARCHED: Final = 100
"""The members that a search by op 35 finds at most, which names no number: a page of a client's list."""
_SEND_MESSAGE: Final = MESSAGE_CREATE


def _unreadable() -> RefusedPayload:
    """Make the refusal of a field that the server needs and cannot read."""
    return RefusedPayload(close_codes.DECODE_ERROR)


# ---- readings of single commands


def _is_given(value: object) -> bool:
    """Return whether a value is given: libraries send null, "" and an empty list for nothing."""
    return value is not None and value not in ("", [])


def _intents(value: object) -> int | None:
    intents = whole_number(value)
    if intents is None and _is_given(value):
        raise _unreadable()
    return intents


def _shard(value: object) -> list[int] | None:
    if not _is_given(value):
        return None
    numbers = list_of(whole_number)(value)
    if numbers is None or not isinstance(value, list | tuple) or len(numbers) < len(value):
        raise _unreadable()
    return numbers


def _seq(value: object) -> int | None:
    seq = integer(0)(value)
    return NO_SEQ if seq is None and value is not None else seq


def _nonce(value: object) -> Nonce:
    return value if isinstance(value, str | int) and not isinstance(value, bool) else None


_RANGES: Final = list_of(list_of(integer(0)))
_SUBSCRIPTION: Final[dict[str, Reading[Any]]] = {
    "typing": flag,
    "threads": flag,
    "activities": flag,
    "members": list_of(identifier),
    "channels": mapping_of(_RANGES),
}
_RECORDS: Final[dict[int, Record[Any]]] = {
    Opcode.IDENTIFY: Record(
        Identify,
        token=text,
        properties=mapping,
        compress=lambda value: value,
        large_threshold=integer(1),
        shard=_shard,
        presence=read_presence,
        intents=_intents,
        capabilities=integer(0, MAX_CAPABILITIES),
    ),
    Opcode.PRESENCE_UPDATE: read_presence,
    Opcode.VOICE_STATE_UPDATE: Record(
        VoiceStateUpdate,
        guild_id=identifier,
        channel_id=identifier,
        self_mute=flag,
        self_deaf=flag,
        self_video=flag,
        self_stream=flag,
    ),
    Opcode.CALL_CONNECT: Record(CallConnect, channel_id=identifier),
    Opcode.STREAM_CREATE: Record(StreamCreate, type=text, guild_id=identifier, channel_id=identifier),
    Opcode.STREAM_DELETE: Record(StreamDelete, stream_key=text),
    Opcode.STREAM_WATCH: Record(StreamWatch, stream_key=text),
    Opcode.RESUME: Record(Resume, token=text, session_id=text, seq=_seq),
    Opcode.REQUEST_GUILD_MEMBERS: Record(
        RequestGuildMembers,
        guild_id=one_or_many(identifier),
        query=text,
        limit=integer(0),
        presences=flag,
        user_ids=one_or_many(identifier),
        nonce=_nonce,
    ),
    Opcode.SEARCH_RECENT_MEMBERS: Record(
        partial(RequestGuildMembers, query="", limit=SEARCHED), guild_id=identifier, query=text, nonce=_nonce
    ),
    Opcode.REQUEST_CHANNEL_STATUSES: Record(RequestChannelStatuses, guild_id=identifier),
    Opcode.REQUEST_CHANNEL_INFO: Record(RequestChannelInfo, guild_id=identifier),
    Opcode.LAZY_GUILDS: Record(LazyGuilds, guild_id=identifier, **_SUBSCRIPTION),
    Opcode.REQUEST_SOUNDBOARD_SOUNDS: Record(RequestSoundboardSounds, guild_ids=one_or_many(identifier)),
    Opcode.GUILD_SUBSCRIPTIONS: Record(
        GuildSubscriptions, subscriptions=mapping_of(Record(GuildSubscription, **_SUBSCRIPTION))
    ),
}
_REQUIRED: Final[dict[int, tuple[str, ...]]] = {Opcode.IDENTIFY: ("token",), Opcode.RESUME: ("token", "session_id")}
"""The fields that a command must have."""
_HEARTBEATS: Final = frozenset({Opcode.HEARTBEAT, Opcode.QOS_HEARTBEAT})
_NOT_THIS: Final = (msgspec.MsgspecError, UnicodeError, RecursionError, MemoryError, TypeError, OverflowError)
"""The errors that msgspec raises for a client's bytes. The last three come from wild msgpack keys and numbers."""


# ---- from a payload to a command


def parse_command(encoding: Encoding, payload: ClientPayload | EtfPayload) -> Command:
    """Parse the command in a payload.

    Raises:
        RefusedPayload: 4001 or 4002.
    """
    op = whole_number(payload.op)
    if op is None:
        raise _unreadable()
    if op not in CLIENT_OPCODES:
        raise RefusedPayload(close_codes.UNKNOWN_OPCODE)
    if op == Opcode.DISPATCH:
        return _parse_message(encoding, payload)
    if op in _HEARTBEATS:
        return _parse_heartbeat(_decode(encoding, payload.d))
    if op in _RECORDS:
        return _parse_record(op, _decode(encoding, payload.d))
    return Unheeded(op=op)


def _decode(encoding: Encoding, d: Any) -> object:
    if encoding is Encoding.ETF:
        return d
    try:
        if not bytes(d):
            return None
        return msgspec.json.decode(d) if encoding is Encoding.JSON else msgspec.msgpack.decode(d)
    except _NOT_THIS as error:
        raise _unreadable() from error


def _parse_record(op: int, d: object) -> Command:
    """Parse a `d` by its record. A `d` that is no object counts as empty, where the command has no required fields."""
    if op in _REQUIRED and not (isinstance(d, dict) and all(isinstance(d.get(name), str) for name in _REQUIRED[op])):
        raise _unreadable()
    command: Command | None = _RECORDS[op](d)
    return Unheeded(op=op) if command is None else command


def _parse_heartbeat(d: object) -> Heartbeat:
    seq = d.get("seq") if isinstance(d, dict) else d
    return Heartbeat(seq=integer(0)(seq))


def _parse_message(encoding: Encoding, payload: ClientPayload | EtfPayload) -> SendMessage:
    if payload.t is not None and not isinstance(payload.t, str):
        raise _unreadable()
    if payload.t != _SEND_MESSAGE:
        raise RefusedPayload(close_codes.UNKNOWN_OPCODE)
    d = _decode(encoding, payload.d)
    channel_id = identifier(d.get("channel_id")) if isinstance(d, dict) else None
    if not isinstance(d, dict) or channel_id is None:
        raise _unreadable()
    return SendMessage(channel_id=channel_id, nonce=_nonce(d.get("nonce")), body=_encode_body(encoding, payload.d, d))


def _encode_body(encoding: Encoding, raw: Any, d: object) -> bytes:
    if encoding is Encoding.JSON:
        return bytes(raw)
    try:
        body = msgspec.json.encode(d)
    except _NOT_THIS as error:
        raise _unreadable() from error
    check_depth(body)
    return body

"""The commands of clients as types, and their readings.

`parse_command` takes the outside of a payload (`gateway.payloads.encodings`) and returns one of the Structs below. It
refuses little: an opcode that no client sends (4001), Identify and Resume without token or session id, and intents or a
client shard that are no numbers (4002). Every other field has a reading (`gateway.commands.readings`): an odd value
counts as not given, and the default of its Struct stands. Activities, which go out again to other clients, are made
well-formed here.

The handler of a command judges the rest: whether the token is good, the guild known, the shard possible.
"""

from functools import partial
from typing import Any, Final

import msgspec
from msgspec import Struct

from core.domain.events import MESSAGE_CREATE
from core.wire import close_codes
from core.wire.capabilities import MAX_CAPABILITIES
from core.wire.opcodes import CLIENT_OPCODES, Opcode
from gateway.commands.presence_command import PresenceUpdate, read_presence
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

Nonce = str | int | None


class Heartbeat(Struct, kw_only=True, frozen=True):
    """Op 1, and op 40 of people's clients. `seq` is the last `s` that the client saw."""

    seq: int | None = None


class Identify(Struct, kw_only=True, frozen=True):
    """Op 2."""

    token: str
    properties: dict[str, Any] | None = None
    compress: Any = None
    """True asks for payload compression; libraries also send false, null and the name of a transport compression."""
    large_threshold: int | None = None
    shard: list[int] | None = None
    """The client shard, `[id, count]`. Its length and values are checked later: a wrong one is closed with 4010."""
    presence: PresenceUpdate | None = None
    intents: int | None = None
    """The intents, None for people's clients, which send none."""
    capabilities: int = 0
    """The bits of `core.wire.capabilities`. Only people's clients send them."""
    is_large: bool = False
    """Whether the payload had more bytes than a bot's may have. The connection sets it, not the client."""

    @property
    def wants_payload_compression(self) -> bool:
        """Whether single payloads are to be deflated, if the client is a bot's.

        discord.py always asks for it and reads only stream compression, so its wish is ignored. So is that of people's
        clients, some of which ask and none of which reads it.
        """
        return self.compress is True and (self.properties or {}).get("browser") != "discord.py"


class Resume(Struct, kw_only=True, frozen=True):
    """Op 6."""

    token: str
    session_id: str
    seq: int | None = None
    """The last `s` that the client saw; `NO_SEQ` when it is no number."""


class VoiceStateUpdate(Struct, kw_only=True, frozen=True):
    """Op 4. A `channel_id` of None leaves the channel; a `guild_id` of None means a call outside guilds."""

    guild_id: int | None = None
    channel_id: int | None = None
    self_mute: bool | None = None
    self_deaf: bool | None = None
    self_video: bool | None = None


class RequestGuildMembers(Struct, kw_only=True, frozen=True):
    """Op 8."""

    guild_id: int | list[int] | None = None
    query: str | None = None
    limit: int | None = None
    presences: bool | None = None
    user_ids: int | list[int] | None = None
    nonce: Nonce = None

    @property
    def guild_ids(self) -> list[int]:
        """The guilds: none, one or several."""
        return _as_list(self.guild_id)

    @property
    def wanted_user_ids(self) -> list[int] | None:
        """The users, None when the request has a `query`. An empty list beside a query is a library's empty field."""
        if self.user_ids is None or (self.user_ids == [] and self.query is not None):
            return None
        return _as_list(self.user_ids)


class LazyGuilds(Struct, kw_only=True, frozen=True):
    """Op 14: the subscription of a person's client to one guild. Ranges are `[first, last]`, keyed by channel id."""

    guild_id: int = 0
    typing: bool | None = None
    threads: bool | None = None
    activities: bool | None = None
    members: list[int] | None = None
    channels: dict[str, list[list[int]]] | None = None


class GuildSubscription(Struct, kw_only=True, frozen=True):
    """The subscription to one guild in op 37."""

    typing: bool | None = None
    threads: bool | None = None
    activities: bool | None = None
    members: list[int] | None = None
    channels: dict[str, list[list[int]]] | None = None


class GuildSubscriptions(Struct, kw_only=True, frozen=True):
    """Op 37: the same for many guilds, keyed by guild id."""

    subscriptions: dict[str, GuildSubscription] = {}


class RequestSoundboardSounds(Struct, kw_only=True, frozen=True):
    """Op 31."""

    guild_ids: int | list[int] = []

    @property
    def all_guild_ids(self) -> list[int]:
        """The guilds: none, one or several."""
        return _as_list(self.guild_ids)


class RequestChannelStatuses(Struct, kw_only=True, frozen=True):
    """Op 36."""

    guild_id: int = 0


class RequestChannelInfo(Struct, kw_only=True, frozen=True):
    """Op 43. Which fields it asks for makes no difference: no channel has any of them."""

    guild_id: int = 0


class Unheeded(Struct, kw_only=True, frozen=True):
    """A command without effect in this server. `op` is an opcode that some client sends."""

    op: int


class SendMessage(Struct, kw_only=True, frozen=True):
    """Op 0 with `t` MESSAGE_CREATE, an extension: a message over the socket.

    `body` is the whole `d` as JSON, which has the shape of REST's message create. The message service checks it.
    """

    channel_id: int
    nonce: Nonce
    body: bytes


Command = (
    Heartbeat
    | Identify
    | PresenceUpdate
    | VoiceStateUpdate
    | Resume
    | RequestGuildMembers
    | LazyGuilds
    | GuildSubscriptions
    | RequestSoundboardSounds
    | RequestChannelStatuses
    | RequestChannelInfo
    | SendMessage
    | Unheeded
)

NO_SEQ: Final = -1
"""The `seq` of a Resume that no session has reached."""
SEARCHED: Final = 100
"""The members that a search by op 35 finds at most, which names no number: a page of a client's list."""
_SEND_MESSAGE: Final = MESSAGE_CREATE


def _as_list(one_or_many: int | list[int] | None) -> list[int]:
    if one_or_many is None:
        return []
    return one_or_many if isinstance(one_or_many, list) else [one_or_many]


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
    ),
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

"""What a client may say, as types, and the reading of it.

`parse_command` takes the outside of a payload (`gateway.encodings`) and gives one of the Structs below or refuses with the
close code that Discord gives: 4001 for an opcode that clients do not send, 4002 for a `d` of another shape. Ids may come as
numbers or strings, one or a list of them, and null stands for "not given" everywhere: client libraries do all of that.

What a command means (whether the token is good, the guild known, the shard possible) is judged by who handles it.
"""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from core.domain.ids import MAX_SNOWFLAKE
from core.wire import close_codes
from core.wire.opcodes import Opcode
from gateway.encodings import ClientPayload, Encoding, EtfPayload, RefusedPayload, check_depth

Id = Annotated[int, Meta(ge=0, le=MAX_SNOWFLAKE)]
Small = Annotated[int, Meta(ge=-(1 << 53), le=1 << 53)]
"""A number that goes out again: one that every client's language holds."""
Nonce = str | int | None


class Heartbeat(Struct, kw_only=True, frozen=True):
    """Op 1. `seq` is the last `s` that the client saw."""

    seq: int | None = None


class Emoji(Struct, kw_only=True, frozen=True):
    """The emoji of a custom status."""

    name: str | None = None
    id: Id | None = None
    animated: bool | None = None


class Activity(Struct, kw_only=True, frozen=True):
    """What somebody does. Fields that we do not pass on are dropped."""

    name: str | None = None
    type: Small | None = None
    url: str | None = None
    state: str | None = None
    details: str | None = None
    timestamps: dict[str, Small | float | None] | None = None
    application_id: Id | None = None
    emoji: Emoji | None = None
    flags: Small | None = None


class PresenceUpdate(Struct, kw_only=True, frozen=True):
    """Op 3, and Identify's `presence`."""

    status: Literal["online", "idle", "dnd", "invisible", "offline", "unknown"] | None = None
    """"unknown" is what a user's client says before it knows; take it as online."""
    since: Small | float | None = None
    afk: bool | None = None
    activities: list[Activity] | None = None
    game: Activity | None = None
    """The older form, one activity."""

    @property
    def all_activities(self) -> list[Activity]:
        """The activities, in whichever form they came."""
        if self.activities is not None:
            return self.activities
        return [self.game] if self.game is not None else []


class Identify(Struct, kw_only=True, frozen=True):
    """Op 2."""

    token: str
    properties: dict[str, Any] | None = None
    compress: Any = None
    """True asks for payload compression; libraries also send false, null and the name of a transport compression."""
    large_threshold: int | None = None
    shard: list[int] | None = None
    """`[id, count]`; its length and values are not checked here: a wrong one is closed with 4010."""
    presence: PresenceUpdate | None = None
    intents: int | None = None
    """None for people's clients, which send none."""

    @property
    def wants_payload_compression(self) -> bool:
        """Whether single payloads are to be deflated.

        discord.py always asks for it and reads nothing but stream compression, so its wish is not taken at its word.
        """
        return self.compress is True and (self.properties or {}).get("browser") != "discord.py"


class Resume(Struct, kw_only=True, frozen=True):
    """Op 6."""

    token: str
    session_id: str
    seq: int | None = None


class VoiceStateUpdate(Struct, kw_only=True, frozen=True):
    """Op 4. `channel_id` None leaves; a guild of None is a call outside guilds."""

    guild_id: Id | None = None
    channel_id: Id | None = None
    self_mute: bool | None = None
    self_deaf: bool | None = None
    self_video: bool | None = None


class RequestGuildMembers(Struct, kw_only=True, frozen=True):
    """Op 8."""

    guild_id: Id | list[Id]
    query: str | None = None
    limit: int | None = None
    presences: bool | None = None
    user_ids: Id | list[Id] | None = None
    nonce: Nonce = None

    @property
    def guild_ids(self) -> list[int]:
        """The guilds, one or several."""
        return self.guild_id if isinstance(self.guild_id, list) else [self.guild_id]

    @property
    def wanted_user_ids(self) -> list[int] | None:
        """The users, None when the request goes by `query`."""
        return [self.user_ids] if isinstance(self.user_ids, int) else self.user_ids


class LazyGuilds(Struct, kw_only=True, frozen=True):
    """Op 14: what of one guild a user's client looks at. Ranges are `[first, last]`, by channel id."""

    guild_id: Id
    typing: bool | None = None
    threads: bool | None = None
    activities: bool | None = None
    members: list[Id] | None = None
    channels: dict[str, list[list[int]]] | None = None


class GuildSubscription(Struct, kw_only=True, frozen=True):
    """One guild of op 37."""

    typing: bool | None = None
    threads: bool | None = None
    activities: bool | None = None
    members: list[Id] | None = None
    channels: dict[str, list[list[int]]] | None = None


class GuildSubscriptions(Struct, kw_only=True, frozen=True):
    """Op 37: op 14 for many guilds, by guild id."""

    subscriptions: dict[str, GuildSubscription] = {}


class RequestSoundboardSounds(Struct, kw_only=True, frozen=True):
    """Op 31."""

    guild_ids: list[Id]


class SendMessage(Struct, kw_only=True, frozen=True):
    """Op 0 with `t` MESSAGE_CREATE, an extension: a message over the socket.

    `body` is the whole `d` as JSON: the form of REST's message create, checked by the service that takes it.
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
    | SendMessage
)


class _MessageHead(Struct, frozen=True):
    """What of a message's body the gateway needs."""

    channel_id: Id
    nonce: Nonce = None


_TYPES: dict[int, type] = {
    Opcode.IDENTIFY: Identify,
    Opcode.PRESENCE_UPDATE: PresenceUpdate,
    Opcode.VOICE_STATE_UPDATE: VoiceStateUpdate,
    Opcode.RESUME: Resume,
    Opcode.REQUEST_GUILD_MEMBERS: RequestGuildMembers,
    Opcode.LAZY_GUILDS: LazyGuilds,
    Opcode.REQUEST_SOUNDBOARD_SOUNDS: RequestSoundboardSounds,
    Opcode.GUILD_SUBSCRIPTIONS: GuildSubscriptions,
}
_SEND_MESSAGE = "MESSAGE_CREATE"
_HEARTBEAT_TYPE: Any = int | None

# strict=False lets digits stand for ids, which is how JSON writes them.
_json_decoders: dict[int, msgspec.json.Decoder[Any]] = {
    op: msgspec.json.Decoder(type_, strict=False) for op, type_ in _TYPES.items()
}
_msgpack_decoders: dict[int, msgspec.msgpack.Decoder[Any]] = {
    op: msgspec.msgpack.Decoder(type_, strict=False) for op, type_ in _TYPES.items()
}
_json_heartbeat = msgspec.json.Decoder(_HEARTBEAT_TYPE, strict=False)
_msgpack_heartbeat = msgspec.msgpack.Decoder(_HEARTBEAT_TYPE, strict=False)
_json_head = msgspec.json.Decoder(_MessageHead, strict=False)
_NOT_THIS = (msgspec.MsgspecError, UnicodeError, RecursionError, MemoryError, TypeError, OverflowError)
"""What msgspec raises for a client's bytes: the last three from wild msgpack keys and numbers."""


def parse_command(encoding: Encoding, payload: ClientPayload | EtfPayload) -> Command:
    """The command in a payload.

    Raises:
        RefusedPayload: 4001 or 4002.
    """
    op = payload.op
    try:
        if op == Opcode.HEARTBEAT:
            return Heartbeat(seq=_parse_heartbeat(encoding, payload.d))
        if op == Opcode.DISPATCH:
            return _parse_message(encoding, payload)
        if op not in _TYPES:
            raise RefusedPayload(close_codes.UNKNOWN_OPCODE)
        return _parse_typed(encoding, op, payload.d)
    except _NOT_THIS as error:
        raise RefusedPayload(close_codes.DECODE_ERROR) from error


def _parse_typed(encoding: Encoding, op: int, d: Any) -> Command:
    command: Command
    if encoding is Encoding.JSON:
        command = _json_decoders[op].decode(d)
    elif encoding is Encoding.MSGPACK:
        command = _msgpack_decoders[op].decode(d)
    else:
        command = msgspec.convert(d, _TYPES[op], strict=False)
    return command


def _parse_heartbeat(encoding: Encoding, d: Any) -> int | None:
    if encoding is Encoding.ETF:
        seq: int | None = msgspec.convert(d, _HEARTBEAT_TYPE, strict=False)
        return seq
    if not bytes(d):
        return None
    decoder: Any = _json_heartbeat if encoding is Encoding.JSON else _msgpack_heartbeat
    last_seen: int | None = decoder.decode(d)
    return last_seen


def _parse_message(encoding: Encoding, payload: ClientPayload | EtfPayload) -> SendMessage:
    if payload.t != _SEND_MESSAGE:
        raise RefusedPayload(close_codes.UNKNOWN_OPCODE)
    d: Any = payload.d
    if encoding is Encoding.JSON:
        body = bytes(d)
    else:
        body = msgspec.json.encode(msgspec.msgpack.decode(d) if encoding is Encoding.MSGPACK else d)
        check_depth(body)
    head = _json_head.decode(body)
    return SendMessage(channel_id=head.channel_id, nonce=head.nonce, body=body)

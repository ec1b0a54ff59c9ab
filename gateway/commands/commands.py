"""The commands of clients as types. `gateway.commands.command_parser` makes them of payloads.

A field that was odd, or not given, has the default of its Struct. The handler of a command judges the rest: whether the
token is good, the guild known, the shard possible.
"""

from typing import Any, Final

from msgspec import Struct

from gateway.commands.presence_command import PresenceUpdate

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
    self_stream: bool | None = None
    """Discord's does not have it."""


class CallConnect(Struct, kw_only=True, frozen=True):
    """Op 13: a client shows a private channel, and asks for its call."""

    channel_id: int = 0


class StreamCreate(Struct, kw_only=True, frozen=True):
    """Op 18: a client wants to share its screen by a connection of its own, in a channel or in a call."""

    type: str | None = None
    """`guild` or `call`."""
    guild_id: int | None = None
    channel_id: int | None = None


class StreamDelete(Struct, kw_only=True, frozen=True):
    """Op 19: a client ends its stream, or watches one no more."""

    stream_key: str | None = None


class StreamWatch(Struct, kw_only=True, frozen=True):
    """Op 20: a client wants to see a stream."""

    stream_key: str | None = None


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
    """Op 43. Which fields it asks for makes no difference: it is told the status of each channel that has one."""

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
    | CallConnect
    | StreamCreate
    | StreamDelete
    | StreamWatch
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


def _as_list(one_or_many: int | list[int] | None) -> list[int]:
    if one_or_many is None:
        return []
    return one_or_many if isinstance(one_or_many, list) else [one_or_many]

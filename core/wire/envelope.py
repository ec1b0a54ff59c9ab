"""The envelope: an event on the bus, with what routing needs to know and no more.

The payload is the dispatch's `d` as JSON bytes, encoded once by the tier where the event happened. Everything after that
routes by the header and never parses the payload, save the guild actor where the event changes its state.

Internal events (names in `INTERNAL_EVENTS`) steer the house and are never dispatched to a client.
"""

import enum
from typing import Final

import msgspec

from core.domain.intents import UnknownEvent, required_intent

SESSION_REVOKED: Final = "_SESSION_REVOKED"
"""A login ended; d = {"auth_session_id": "…"}. Its gateway sessions are closed with 4004."""

GUILD_JOINED: Final = "_GUILD_JOINED"
"""The user became a member; d = {"guild_id": "…"}. Its sessions are attached to the guild and get GUILD_CREATE."""

USER_OFFLINE: Final = "_USER_OFFLINE"
"""The last of the user's gateway sessions is gone; d = {}. Volatile. Being invisible is not being offline."""

INTERNAL_EVENTS: Final = frozenset({SESSION_REVOKED, GUILD_JOINED, USER_OFFLINE})


class Audience(enum.IntEnum):
    """Who may see an event. The intent of the event's name narrows it further."""

    GUILD = 0
    """Every session attached to `guild_id`."""
    CHANNEL = 1
    """The sessions attached to `guild_id` that can view `channel_id`, and for what is written there may read it."""
    GUILD_PERMISSION = 2
    """The sessions attached to `guild_id` whose members hold any bit of `permissions`: in `channel_id` when there is one."""
    USER = 3
    """Every session of `user_id`."""


class Envelope(msgspec.Struct, kw_only=True, frozen=True, array_like=True):
    """One event for one shard's log.

    `id` is a snowflake and the idempotency key: an actor that has applied an id ignores it when it comes again.
    MESSAGE_CREATE carries the message's own id, so that it can be published again from the stored message.
    """

    id: int
    event: str
    audience: Audience
    payload: msgspec.Raw
    guild_id: int = 0
    """0 for user-scoped events (Audience.USER)."""
    channel_id: int = 0
    user_id: int = 0
    """The user that the event goes to (USER) or is about (GUILD_MEMBER_*, PRESENCE_UPDATE, TYPING_START)."""
    author_id: int = 0
    """Author of the message; sees its content without the content intent, and its nonce."""
    mention_ids: tuple[int, ...] = ()
    """Users that see the content without the content intent because the message mentions them."""
    permissions: int = 0
    """For GUILD_PERMISSION."""

    @property
    def owner_id(self) -> int:
        """The guild or user whose shard the envelope belongs to."""
        return self.guild_id or self.user_id

    def check_event(self) -> None:
        """Whether there is such an event: one that the house knows, or one that clients get of a guild or of a user.

        Raises:
            UnknownEvent: when there is none.
        """
        if self.event.startswith("_"):
            if self.event not in INTERNAL_EVENTS:
                raise UnknownEvent(self.event)
        else:
            required_intent(self.event, in_guild=bool(self.guild_id))


_encoder = msgspec.msgpack.Encoder()


class _Stored(msgspec.Struct, frozen=True, array_like=True):
    header: Envelope
    payload: bytes


def encode_envelope(envelope: Envelope) -> bytes:
    """The envelope as msgpack; the payload stays JSON, as a byte string."""
    header = msgspec.structs.replace(envelope, payload=msgspec.Raw(b"\xc0"))
    return _encoder.encode(_Stored(header, bytes(envelope.payload)))


_decoder = msgspec.msgpack.Decoder(_Stored)


def decode_envelope(data: bytes) -> Envelope:
    """The inverse of `encode_envelope`.

    Raises:
        msgspec.DecodeError: when the bytes are no envelope.
    """
    stored = _decoder.decode(data)
    return msgspec.structs.replace(stored.header, payload=msgspec.Raw(stored.payload))

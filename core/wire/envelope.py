"""The envelope: an event on the bus, with the fields that routing needs and no more.

The payload is the dispatch's `d` as JSON bytes, encoded once by the tier where the event happened. All later code
routes by the header. Only the guild actor parses the payload, when the event changes its state.

Internal events (`core.wire.internal_events`) travel in envelopes too and are never dispatched to a client.
"""

from typing import Final

import msgspec

from core.domain.events import Audience, check_audience
from core.wire.before import Before

NO_ID: Final = 0


class Envelope(msgspec.Struct, kw_only=True, frozen=True, array_like=True):
    """One event for one shard's log.

    `id` is a snowflake and the idempotency key: an actor that has applied an id ignores it when it comes again.
    MESSAGE_CREATE carries the message's own id, so that it can be published again from the stored message. A volatile
    event, which comes once or not at all, may have `NO_ID`.
    """

    id: int
    event: str
    audience: Audience
    payload: msgspec.Raw
    guild_id: int = 0
    """The guild, or 0 for events of a user (Audience.USER)."""
    channel_id: int = 0
    user_id: int = 0
    """The user that the event goes to (USER) or is about (GUILD_MEMBER_*, PRESENCE_UPDATE, TYPING_START)."""
    author_id: int = 0
    """The author of the message, who sees its content without the content intent, and its nonce."""
    mention_ids: tuple[int, ...] = ()
    """The users who see the content without the content intent because the message mentions them."""
    permissions: int = 0
    """The permissions for Audience.GUILD_PERMISSION."""
    former_channel_id: int = 0
    """The channel that the user of a VOICE_STATE_UPDATE was in before: who sees only this one hears of a leave."""
    trace: bytes | None = None
    """The context of a message that is traced (`core.runtime.traces`)."""
    before: Before | None = None
    """What the event has replaced, if it changes who views what. No client is told it."""
    region: str = ""
    """The region of the call that a VOICE_STATE_UPDATE outside guilds is about, if its people have chosen one."""
    session_id: str = ""
    """The one gateway session of the user that is told; "" for all of them."""

    @property
    def owner_id(self) -> int:
        """The guild or user to whose shard the envelope belongs."""
        return self.guild_id or self.user_id

    def check_event(self) -> None:
        """Check that the event exists and that its audience may see it.

        Raises:
            UnknownEvent: when there is no such event, of a guild or of a user.
            WrongAudience: when it has another audience.
        """
        check_audience(self.event, self.audience, in_guild=bool(self.guild_id))


_encoder = msgspec.msgpack.Encoder()


class _Stored(msgspec.Struct, frozen=True, array_like=True):
    header: Envelope
    payload: bytes


def encode_envelope(envelope: Envelope) -> bytes:
    """Encode the envelope as msgpack; the payload stays JSON, as a byte string."""
    header = msgspec.structs.replace(envelope, payload=msgspec.Raw(b"\xc0"))
    return _encoder.encode(_Stored(header, bytes(envelope.payload)))


_decoder = msgspec.msgpack.Decoder(_Stored)


def decode_envelope(data: bytes) -> Envelope:
    """Decode the bytes of `encode_envelope`.

    Raises:
        msgspec.DecodeError: when the bytes are no envelope.
    """
    stored = _decoder.decode(data)
    return msgspec.structs.replace(stored.header, payload=msgspec.Raw(stored.payload))

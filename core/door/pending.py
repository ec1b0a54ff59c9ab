"""What an opening is for, kept by the door for whoever must end it when its process cannot.

Who finds an opening whose process is dead looks into the store: what was meant may be there, or may still come. It
makes sure of one or the other, and then closes or aborts (`core.door.redis_orphans`).
"""

from enum import IntEnum

import msgspec


class PendingKind(IntEnum):
    """What is under way."""

    MESSAGE = 1
    """A new message under the opening's own id."""
    EDIT = 2
    """An edit of one message, made against `version`."""
    DELETE = 3
    """A deletion of messages."""
    REACTION = 4
    """One user's reaction to a message, stored under the opening's id."""
    REACTION_REMOVAL = 5
    """The removal of one user's reaction."""
    REACTIONS_REMOVAL = 6
    """The removal of all reactions to a message, or of those with one emoji."""


class Pending(msgspec.Struct, frozen=True, array_like=True):
    """What is under way in a channel."""

    kind: PendingKind
    guild_id: int = 0
    """0 for a direct channel."""
    message_ids: tuple[int, ...] = ()
    """The messages that an edit or a deletion changes, or whose reactions are changed."""
    version: int = 0
    emoji: str = ""
    """The emoji of reactions, as their event shows it. Empty for all emojis."""
    user_id: int = 0
    is_burst: bool = False
    """Whose reaction it is, and which one."""


class Orphan(msgspec.Struct, frozen=True):
    """An opening that its process does not end."""

    id: int
    channel_id: int
    pending: Pending


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Pending)


def encode_pending(pending: Pending) -> bytes:
    """Encode what an opening is for."""
    return _encoder.encode(pending)


def decode_pending(data: bytes) -> Pending:
    """Decode it. Raises msgspec.DecodeError."""
    return _decoder.decode(data)

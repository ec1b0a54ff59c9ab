"""Forwards: messages that show another message as it was when it was sent on.

A forward keeps a copy of what it shows, with files of its own. So it stays as it is when the other message is edited or
deleted, and is readable for those who may not read the other's channel.
"""

import msgspec

from core.domain.messages.attachment import Attachment

HAS_SNAPSHOT: int = 1 << 14
"""The flag of a message that is a forward."""


class Forward(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """The message that was forwarded, and what it showed."""

    message_id: int
    channel_id: int
    guild_id: int = 0
    created_ms: int
    """When what is shown was written. Of a forward that was forwarded that is the first message's time."""
    edited_ms: int = 0
    type: int = 0
    content: str = ""
    embeds: msgspec.Raw = msgspec.Raw(b"[]")
    """A JSON list, already in Discord's shape."""
    attachments: tuple[Attachment, ...] = ()
    """Copies, whose files are in the channel of the forward."""
    mention_ids: tuple[int, ...] = ()
    mention_role_ids: tuple[int, ...] = ()
    flags: int = 0

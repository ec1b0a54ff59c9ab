"""Messages."""

import enum
from collections.abc import Mapping

import msgspec

from core.domain.member import Member
from core.domain.user import User


class MessageType(enum.IntEnum):
    """Discord's numbers, as far as they are made here."""

    DEFAULT = 0
    USER_JOIN = 7
    REPLY = 19


WRITTEN = frozenset({MessageType.DEFAULT, MessageType.REPLY})
"""Types that people write, edit and reply to; the rest is the server's own."""


class Message(msgspec.Struct, kw_only=True, frozen=True):
    """A message as stored. The author is kept as an id; what others see of them is read when it is shown."""

    id: int
    channel_id: int
    guild_id: int = 0
    author_id: int
    type: int = 0
    content: str = ""
    tts: bool = False
    mention_everyone: bool = False
    mention_ids: tuple[int, ...] = ()
    mention_role_ids: tuple[int, ...] = ()
    embeds: msgspec.Raw = msgspec.Raw(b"[]")
    """A JSON list, already in Discord's shape."""
    flags: int = 0
    pinned: bool = False
    edited_ms: int = 0
    version: int = 0
    """Counts edits; an edit is applied when it is newer than what is stored, and never to a deleted message."""
    nonce: str | None = None
    nonce_is_int: bool = False
    reference_id: int | None = None
    """The message that this one replies to (same channel)."""


class AddedMessage(msgspec.Struct, frozen=True):
    """What adding a message led to: `is_new` is False when the nonce was known, and `message` is then the first one."""

    message: Message
    is_new: bool


class ResolvedMessage(msgspec.Struct, kw_only=True, frozen=True):
    """A message with what it takes to show it."""

    message: Message
    author: User
    mentions: tuple[User, ...] = ()
    mentioned_members: Mapping[int, Member] = {}
    """The memberships of those who are mentioned and in the guild, by user id; only dispatches show them."""
    referenced: "ResolvedMessage | None" = None

"""Messages."""

import enum
from collections.abc import Mapping

import msgspec

from core.domain.guilds.member import Member
from core.domain.guilds.webhook import WebhookAuthor
from core.domain.messages.attachment import Attachment
from core.domain.messages.call_note import CallNote
from core.domain.messages.crosspost import Source
from core.domain.messages.forward import Forward
from core.domain.messages.poll import Poll
from core.domain.people.user import User


class MessageType(enum.IntEnum):
    """The types of messages that this server makes, with Discord's numbers."""

    DEFAULT = 0
    CHANNEL_PINNED_MESSAGE = 6
    RECIPIENT_ADD = 1
    RECIPIENT_REMOVE = 2
    CALL = 3
    CHANNEL_NAME_CHANGE = 4
    CHANNEL_ICON_CHANGE = 5
    USER_JOIN = 7
    CHANNEL_FOLLOW_ADD = 12
    REPLY = 19
    STAGE_START = 27
    STAGE_END = 28
    STAGE_TOPIC = 31


WRITTEN = frozenset({MessageType.DEFAULT, MessageType.REPLY})
"""Types that people write, edit and reply to. The server makes the others."""
LASTING = frozenset(
    {
        MessageType.RECIPIENT_ADD,
        MessageType.RECIPIENT_REMOVE,
        MessageType.CALL,
        MessageType.CHANNEL_NAME_CHANGE,
        MessageType.CHANNEL_ICON_CHANGE,
    }
)
"""Types that nobody deletes: what has become of a private channel. Source: Discord's documentation, "Message Types"."""

CROSSPOSTED: int = 1 << 0
"""The flag of a message that was published."""
SUPPRESS_EMBEDS: int = 1 << 2
"""The flag of a message that shows no embeds."""


class Message(msgspec.Struct, kw_only=True, frozen=True):
    """A message as stored. The author is an id; the public fields are read when the message is shown."""

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
    """The number of edits. An edit applies when it is newer than the stored version, and never to a deleted message."""
    nonce: str | None = None
    nonce_is_int: bool = False
    reference_id: int | None = None
    """The message that this one replies to (same channel)."""
    attachments: tuple[Attachment, ...] = ()
    forward: Forward | None = None
    """What the message shows in place of content of its own."""
    webhook: WebhookAuthor | None = None
    """The sender, when that is no user. Its id is `author_id`."""
    source: Source | None = None
    """What a copy shows, or the channel that the message tells of."""
    poll: Poll | None = None
    call: CallNote | None = None


class AddedMessage(msgspec.Struct, frozen=True):
    """The result of adding a message: `is_new` is False for a known nonce, and `message` is then the first one."""

    message: Message
    is_new: bool


class ResolvedMessage(msgspec.Struct, kw_only=True, frozen=True):
    """A message with all that is needed to show it."""

    message: Message
    author: User
    mentions: tuple[User, ...] = ()
    mentioned_members: Mapping[int, Member] = {}
    """The memberships of mentioned users in the guild, keyed by user id. Only dispatches show them."""
    referenced: "ResolvedMessage | None" = None
    forward_mentions: tuple[User, ...] = ()
    """The users that the forwarded message mentions."""

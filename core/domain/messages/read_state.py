"""How far a person has read each channel, and what in it calls for the person.

A message names *targets*: a user it mentions, a role, the guild for @everyone and @here, and in a direct channel the
channel itself, since each message there calls for all recipients. A person's targets are their own id, their roles,
their guilds and their direct channels. So whom a message concerns is known without a list of members.
"""

from typing import Final

import msgspec

from core.domain.messages.message import WRITTEN, Message

TARGET_FIELDS: Final = frozenset({"mention_ids", "mention_role_ids", "mention_everyone"})
"""The fields of a message by whose change its targets change."""


MOST_WAITING: Final = 1000
"""The newest mentions of one target in one channel that a count looks at; older ones do not count. Clients write "1k+"
for more. So a count has a bounded cost, whatever was sent while somebody was away."""


MAX_RECEIPT_RECIPIENTS: Final = 50
"""The largest direct channel whose recipients see how far each of them has read. Each ack tells all of them."""


class ReadState(msgspec.Struct, kw_only=True, frozen=True):
    """A person's place in one channel."""

    channel_id: int
    last_read_id: int = 0
    """The newest message that was read; 0 when none was. The message itself may be gone."""
    mention_count: int = 0
    """The messages after it that call for the person, as far as they are counted (`MOST_WAITING`)."""
    last_pin_ms: int = 0
    """The newest pin that was seen, in Unix milliseconds."""
    flags: int = 0
    last_viewed: int | None = None
    """The day of the last visit, as the client counts days."""
    version: int = 0
    """Grows with each change of a person's read states: the milliseconds of the change, or one more than before."""


class Ack(msgspec.Struct, kw_only=True, frozen=True):
    """What a client says that its person has read."""

    channel_id: int
    message_id: int
    is_manual: bool = False
    """Whether the place may go back: the person has marked something as unread."""
    mention_count: int | None = None
    """The count that the client gives for the messages between here and `counted_id`; None to count them."""
    counted_id: int = 0
    """The newest message of the channel when the client gave the count."""
    flags: int | None = None
    last_viewed: int | None = None


class Mention(msgspec.Struct, frozen=True):
    """A message that mentions somebody."""

    channel_id: int
    message_id: int


class MentionPage(msgspec.Struct, frozen=True):
    """Messages that mention somebody, newest first, and before which message the next ones are to be asked for."""

    mentions: list[Mention]
    next_before: int
    """0 when there are no more. A page may have fewer than were asked for, or none, though there are more."""


class ReadReceipt(msgspec.Struct, frozen=True):
    """How far somebody else has read a direct channel."""

    user_id: int
    last_read_id: int


def find_targets(message: Message) -> tuple[int, ...]:
    """Return the targets that a message names, each once."""
    if not message.guild_id:
        everybody = (message.channel_id,) if message.type in WRITTEN else ()
        return (*everybody, *message.mention_ids)
    if message.mention_everyone:
        return (*message.mention_ids, *message.mention_role_ids, message.guild_id)
    return message.mention_ids + message.mention_role_ids if message.mention_role_ids else message.mention_ids

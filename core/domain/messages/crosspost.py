"""Crossposts: copies of a published message in the channels that follow its channel.

A row connects the message with each of its copies. While there is something to be done about a copy, the row has the id
of the change that asks for it, a snowflake of that time.
"""

from typing import Final

import msgspec

IS_CROSSPOST: Final = 1 << 1
"""The flag of a copy."""
SOURCE_MESSAGE_DELETED: Final = 1 << 3
"""The flag of a copy whose message is gone."""


class Source(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """Where a message comes from that is shown in another channel."""

    channel_id: int
    guild_id: int
    message_id: int = 0
    """0 when the message tells of the channel itself."""
    version: int = 0
    """The version of the message that a copy shows."""
    file_ids: tuple[int, ...] = ()
    """The message's files, in the order of the copy's own files."""


class Crosspost(msgspec.Struct, kw_only=True, frozen=True):
    """The copy of one message by one webhook."""

    source_message_id: int
    source_channel_id: int
    webhook_id: int
    channel_id: int = 0
    """Where the copy is."""
    copy_id: int = 0
    """The copy, 0 while there is none."""
    change_id: int = 0
    """The last change that asks for something, 0 when the copy shows what it should."""

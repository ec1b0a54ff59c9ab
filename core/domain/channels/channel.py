"""Channels of guilds and direct messages, and the overwrites on them."""

import enum

import msgspec


class ChannelType(enum.IntEnum):
    """The types of channels, with Discord's numbers."""

    TEXT = 0
    DM = 1
    VOICE = 2
    GROUP_DM = 3
    CATEGORY = 4
    ANNOUNCEMENT = 5
    STAGE = 13
    FORUM = 15
    MEDIA = 16


TEXT_LIKE = frozenset(
    {
        ChannelType.TEXT,
        ChannelType.DM,
        ChannelType.VOICE,
        ChannelType.GROUP_DM,
        ChannelType.ANNOUNCEMENT,
        ChannelType.STAGE,
    }
)
"""Types in which messages are sent directly."""


VOCAL = frozenset({ChannelType.VOICE, ChannelType.STAGE})
"""Types for voice. Their text is for members with CONNECT."""


class Overwrite(msgspec.Struct, frozen=True, array_like=True):
    """Permissions that a channel allows or denies to a role (`type` 0) or a member (`type` 1)."""

    id: int
    type: int
    allow: int
    deny: int


class Channel(msgspec.Struct, kw_only=True, frozen=True):
    """A channel. `guild_id` is 0 and `recipient_ids` is filled for direct messages."""

    id: int
    type: int
    guild_id: int = 0
    name: str = ""
    position: int = 0
    parent_id: int | None = None
    topic: str | None = None
    nsfw: bool = False
    rate_limit_per_user: int = 0
    """The interval of slow mode, in seconds."""
    bitrate: int = 64_000
    user_limit: int = 0
    rtc_region: str | None = None
    video_quality_mode: int = 1
    default_auto_archive_duration: int | None = None
    default_thread_rate_limit_per_user: int = 0
    default_sort_order: int | None = None
    default_forum_layout: int = 0
    flags: int = 0
    overwrites: tuple[Overwrite, ...] = ()
    last_message_id: int | None = None
    """The newest message's id, which is kept beside the messages: in a guild's snapshot it is 0 or stale."""
    recipient_ids: tuple[int, ...] = ()
    owner_id: int | None = None
    """The owner of a group."""
    icon: str | None = None
    """The hash of a group's picture."""
    last_pin_ms: int = 0
    """When a message was last pinned, 0 for never."""
    closed_for: tuple[int, ...] = ()
    """The recipients of a direct channel who do not see it until the next message."""

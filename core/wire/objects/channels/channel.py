"""Channels on the wire. A type has the fields that Discord gives it, and no others."""

from collections.abc import Sequence

import msgspec
from msgspec import UNSET, UnsetType

from core.domain.channels.channel import Channel, ChannelType
from core.domain.people.user import User
from core.wire.objects.people.user import UserObject, render_user
from core.wire.times import iso_time

_HAS_TOPIC = frozenset(
    {ChannelType.TEXT, ChannelType.ANNOUNCEMENT, ChannelType.FORUM, ChannelType.MEDIA, ChannelType.STAGE}
)
_IS_VOCAL = frozenset({ChannelType.VOICE, ChannelType.STAGE})
_IS_FORUM = frozenset({ChannelType.FORUM, ChannelType.MEDIA})
_HAS_THREADS = frozenset({ChannelType.TEXT, ChannelType.ANNOUNCEMENT, *_IS_FORUM})


class OverwriteObject(msgspec.Struct, kw_only=True):
    """An overwrite (ChannelPermissionOverwriteResponse)."""

    id: str
    type: int
    allow: str
    deny: str


class ChannelObject(msgspec.Struct, kw_only=True):
    """A channel of a guild (GuildChannelResponse)."""

    id: str
    type: int
    guild_id: str
    name: str
    position: int
    permission_overwrites: list[OverwriteObject]
    parent_id: str | None
    flags: int
    nsfw: bool
    rate_limit_per_user: int
    last_message_id: str | UnsetType | None = UNSET
    last_pin_timestamp: str | UnsetType | None = UNSET
    topic: str | UnsetType | None = UNSET
    bitrate: int | UnsetType = UNSET
    user_limit: int | UnsetType = UNSET
    rtc_region: str | UnsetType | None = UNSET
    video_quality_mode: int | UnsetType = UNSET
    default_auto_archive_duration: int | UnsetType = UNSET
    default_thread_rate_limit_per_user: int | UnsetType = UNSET
    default_sort_order: int | UnsetType | None = UNSET
    default_forum_layout: int | UnsetType = UNSET
    default_reaction_emoji: UnsetType | None = UNSET
    available_tags: list[str] | UnsetType = UNSET


class DirectChannelObject(msgspec.Struct, kw_only=True):
    """A direct channel or a group (Private(Group)ChannelResponse). `recipients` leave out the viewer."""

    id: str
    type: int
    last_message_id: str | None
    last_pin_timestamp: str | None = None
    flags: int = 0
    recipients: list[UserObject]
    recipient_ids: list[str] | UnsetType = UNSET
    name: str | UnsetType | None = UNSET
    """Set in groups, as all that follows."""
    icon: str | UnsetType | None = UNSET
    owner_id: str | UnsetType = UNSET
    managed: bool | UnsetType = UNSET


class RecipientObject(msgspec.Struct, kw_only=True):
    """`d` of CHANNEL_RECIPIENT_ADD and CHANNEL_RECIPIENT_REMOVE."""

    channel_id: str
    user: UserObject


def render_overwrites(channel: Channel) -> list[OverwriteObject]:
    """Return the channel's overwrites."""
    return [
        OverwriteObject(id=str(item.id), type=item.type, allow=str(item.allow), deny=str(item.deny))
        for item in channel.overwrites
    ]


def render_last_pin(channel: Channel) -> str | None:
    """Return when a message was last pinned."""
    return iso_time(channel.last_pin_ms) if channel.last_pin_ms else None


def render_channel(channel: Channel) -> ChannelObject:
    """Return the object of a guild's channel."""
    kind = channel.type
    rendered = ChannelObject(
        id=str(channel.id),
        type=kind,
        guild_id=str(channel.guild_id),
        name=channel.name,
        position=channel.position,
        permission_overwrites=render_overwrites(channel),
        parent_id=None if channel.parent_id is None else str(channel.parent_id),
        flags=channel.flags,
        nsfw=channel.nsfw,
        rate_limit_per_user=channel.rate_limit_per_user,
    )
    if kind in _HAS_TOPIC:
        rendered.topic = channel.topic
    if kind != ChannelType.CATEGORY:
        rendered.last_message_id = None if channel.last_message_id is None else str(channel.last_message_id)
    if kind in (ChannelType.TEXT, ChannelType.ANNOUNCEMENT):
        rendered.last_pin_timestamp = render_last_pin(channel)
    if kind in _IS_VOCAL:
        rendered.bitrate = channel.bitrate
        rendered.user_limit = channel.user_limit
        rendered.rtc_region = channel.rtc_region
        rendered.video_quality_mode = channel.video_quality_mode
    if channel.default_auto_archive_duration is not None:
        rendered.default_auto_archive_duration = channel.default_auto_archive_duration
    if kind in _IS_FORUM:
        rendered.available_tags = []
        rendered.default_reaction_emoji = None
        rendered.default_sort_order = channel.default_sort_order
        rendered.default_forum_layout = channel.default_forum_layout
    if kind in _HAS_THREADS:
        rendered.default_thread_rate_limit_per_user = channel.default_thread_rate_limit_per_user
    return rendered


def render_direct_channel(channel: Channel, recipients: Sequence[User]) -> DirectChannelObject:
    """Return the object of a direct channel or a group, with the recipients that the viewer should see."""
    rendered = DirectChannelObject(
        id=str(channel.id),
        type=channel.type,
        last_message_id=None if channel.last_message_id is None else str(channel.last_message_id),
        last_pin_timestamp=render_last_pin(channel),
        recipients=[render_user(user) for user in recipients],
    )
    if channel.type == ChannelType.GROUP_DM:
        rendered.name = channel.name or None
        rendered.icon = channel.icon
        rendered.owner_id = str(channel.owner_id)
        rendered.managed = False
    return rendered

"""Webhooks on the wire."""

import msgspec
from msgspec import UNSET, UnsetType

from core.domain.channels.channel import Channel
from core.domain.guilds.guild import Guild
from core.domain.guilds.webhook import Webhook
from core.domain.people.user import User
from core.wire.objects.people.user import UserObject, render_user


class SourceGuildObject(msgspec.Struct, kw_only=True):
    """WebhookSourceGuildResponse."""

    id: str
    name: str
    icon: str | None


class SourceChannelObject(msgspec.Struct, kw_only=True):
    """WebhookSourceChannelResponse."""

    id: str
    name: str


class WebhookObject(msgspec.Struct, kw_only=True):
    """ChannelFollowerWebhookResponse."""

    id: str
    type: int
    application_id: None = None
    guild_id: str
    channel_id: str
    name: str
    avatar: str | None
    user: UserObject | UnsetType = UNSET
    source_guild: SourceGuildObject | UnsetType = UNSET
    """Absent, as `source_channel`, when who has made the webhook cannot see the source any more."""
    source_channel: SourceChannelObject | UnsetType = UNSET


class FollowedChannelObject(msgspec.Struct, kw_only=True):
    """ChannelFollowerResponse."""

    channel_id: str
    webhook_id: str


class WebhooksUpdated(msgspec.Struct, kw_only=True):
    """`d` of WEBHOOKS_UPDATE."""

    guild_id: str
    channel_id: str


def render_webhook(webhook: Webhook, creator: User | None, source: tuple[Guild, Channel] | None) -> WebhookObject:
    """Return the object."""
    rendered = WebhookObject(
        id=str(webhook.id),
        type=webhook.type,
        guild_id=str(webhook.guild_id),
        channel_id=str(webhook.channel_id),
        name=webhook.name,
        avatar=webhook.avatar,
    )
    if creator is not None:
        rendered.user = render_user(creator)
    if source is not None:
        guild, channel = source
        rendered.source_guild = SourceGuildObject(id=str(guild.id), name=guild.name, icon=guild.icon)
        rendered.source_channel = SourceChannelObject(id=str(channel.id), name=channel.name)
    return rendered

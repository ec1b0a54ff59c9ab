"""Following: a channel gets a webhook, which sends what an announcement channel publishes.

rights in both channels → webhook, with WEBHOOKS_UPDATE → the channel's message that tells of it
"""

from typing import Final

import msgspec

from api.services.access import ChannelAccess, GuildAccess
from api.services.caller import Caller
from api.services.entity_cache import EntityCache
from api.services.files.quotas import QuotaReached
from api.services.ids import IdSource
from api.services.images import ImageService
from api.services.messages.message_events import message_created
from api.services.messages.pages.message_renderer import MessageRenderer
from api.services.rights import confirm_rights, on_present_rights
from api.services.webhooks.webhook_events import webhooks_updated
from api.services.webhooks.webhook_forms import FollowChannel
from api.services.webhooks.webhook_rules import check_channel_room, check_guild_room, require_follower
from core.domain.channels.channel import Channel, ChannelType
from core.domain.errors import UnknownChannel, WrongChannelType, invalid_field
from core.domain.guilds.guild import Guild
from core.domain.guilds.webhook import Webhook
from core.domain.messages.crosspost import Source
from core.domain.messages.message import Message, MessageType, ResolvedMessage
from core.domain.texts import WEBHOOK_NAME
from core.door.interfaces import Door, Opening
from core.store.aggregates.messages.messages import MessageStore
from core.store.interfaces import Store
from core.wire.objects.guilds.webhook import FollowedChannelObject

AVATARS: Final = "avatars"
"""Clients look for the pictures of webhooks where those of users are."""


class FollowingService:
    """Has channels follow others."""

    __slots__ = ("_door", "_entities", "_ids", "_images", "_messages", "_renderer", "_store")

    def __init__(
        self,
        *,
        store: Store,
        entities: EntityCache,
        images: ImageService,
        renderer: MessageRenderer,
        door: Door,
        ids: IdSource,
    ) -> None:
        self._store = store
        self._messages: MessageStore = store.messages
        self._entities = entities
        self._images = images
        self._renderer = renderer
        self._door = door
        self._ids = ids

    @on_present_rights
    async def follow(self, caller: Caller, channel_id: int, form: FollowChannel) -> FollowedChannelObject:
        """Have a channel follow an announcement channel. One that follows it already goes on with its webhook.

        Raises:
            UnknownChannel, MissingAccess: of either channel. Invalid: when the two are one.
            WrongChannelType: when the one is no announcement channel, or the other one cannot follow.
            DirectChannelAction, Forbidden: without MANAGE_WEBHOOKS where the webhook is to be.
            TooManyWebhooks, TooManyWebhooksOfGuild.
        """
        source = await self._entities.channel_access(caller.user_id, channel_id)
        if source.guild is None or source.channel.type != ChannelType.ANNOUNCEMENT:
            raise WrongChannelType
        target = await self._entities.channel_access(caller.user_id, form.webhook_channel_id)
        guild = require_follower(target)
        if target.channel.id == channel_id:
            raise invalid_field("webhook_channel_id", "BASE_TYPE_CHOICES", "A channel cannot follow itself.")
        webhook = await self._make(caller.user_id, source.guild, source.channel, target.channel)
        stored = await self._store_once(guild, webhook)
        if stored.id == webhook.id:
            await self._tell(target, guild, webhook, _name_of(source.guild.entry.guild, source.channel))
        return FollowedChannelObject(channel_id=str(channel_id), webhook_id=str(stored.id))

    async def _make(self, user_id: int, guild: GuildAccess, source: Channel, target: Channel) -> Webhook:
        webhook_id, followed = self._ids.next(), guild.entry.guild
        return Webhook(
            id=webhook_id,
            guild_id=target.guild_id,
            channel_id=target.id,
            user_id=user_id,
            name=_name_of(followed, source),
            avatar=await self._copy_icon(followed, webhook_id, user_id, target.guild_id),
            source_guild_id=followed.id,
            source_channel_id=source.id,
        )

    async def _copy_icon(self, followed: Guild, webhook_id: int, user_id: int, guild_id: int) -> str | None:
        """Give the webhook the followed guild's icon; return its name, None when there is none, or no room for it."""
        if followed.icon is None:
            return None
        source, folder = f"icons/{followed.id}", f"{AVATARS}/{webhook_id}"
        try:
            is_there = await self._images.copy(
                followed.icon, source=source, folder=folder, user_id=user_id, guild_id=guild_id
            )
        except QuotaReached:
            return None
        return followed.icon if is_there else None

    async def _store_once(self, guild: GuildAccess, webhook: Webhook) -> Webhook:
        """Store the webhook, and return it; the one that there is when the channel follows the source already."""
        guild_id, channel_id = webhook.guild_id, webhook.channel_id
        async with self._store.write(guilds=[guild_id]) as tx:
            present = await confirm_rights(tx, guild)
            if channel_id not in present.channels:
                raise UnknownChannel
            others = await tx.webhooks.list_of_channel(channel_id)
            for other in others:
                if other.source_channel_id == webhook.source_channel_id:
                    return other
            check_channel_room(others)
            check_guild_room(await tx.webhooks.list_of_guild(guild_id))
            await tx.webhooks.create(webhook)
            tx.announce(webhooks_updated(self._ids.next(), guild_id, channel_id))
        return webhook

    async def _tell(self, target: ChannelAccess, guild: GuildAccess, webhook: Webhook, source_name: str) -> None:
        """Write the channel's message about what it follows now."""
        channel, author = target.channel, guild.member.user
        opening = Opening(
            channel_id=channel.id, guild_id=channel.guild_id, author_id=author.id, is_limited=False, mark=None
        )
        message = Message(
            id=0,
            channel_id=channel.id,
            guild_id=channel.guild_id,
            author_id=author.id,
            type=MessageType.CHANNEL_FOLLOW_ADD,
            content=source_name,
            source=Source(channel_id=webhook.source_channel_id, guild_id=webhook.source_guild_id),
        )
        async with self._door.open(opening) as permit:
            # Nothing may be awaited from here to `add`, as in `api.services.messages.messages`.
            message = msgspec.structs.replace(message, id=permit.id)
            encoded = self._renderer.encode(ResolvedMessage(message=message, author=author), guild.member)
            await self._messages.add(message, message_created(channel, message, encoded.dispatch))


def _name_of(guild: Guild, channel: Channel) -> str:
    """Return what a followed channel is called elsewhere."""
    return WEBHOOK_NAME.clean(f"{guild.name} #{channel.name}")[: WEBHOOK_NAME.max_length].strip()

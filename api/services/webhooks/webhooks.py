"""Webhooks as their managers see and change them. `followings` makes them."""

import asyncio
from collections.abc import Sequence
from typing import Any

from msgspec import UNSET, UnsetType

from api.services.access import ChannelAccess
from api.services.caller import Caller
from api.services.entity_cache import EntityCache
from api.services.ids import IdSource
from api.services.images import ImageService
from api.services.rights import confirm_rights, on_present_rights
from api.services.webhooks.followings import AVATARS
from api.services.webhooks.webhook_events import webhooks_updated
from api.services.webhooks.webhook_forms import UpdateWebhook, check_name
from api.services.webhooks.webhook_rules import check_channel_room, require_follower, require_manager
from core.domain.channels.channel import Channel
from core.domain.errors import Forbidden, NotFound, UnknownChannel, UnknownWebhook
from core.domain.guilds.guild import Guild
from core.domain.guilds.permissions import Permission
from core.domain.guilds.webhook import Webhook
from core.store.interfaces import Store
from core.wire.objects.guilds.webhook import WebhookObject, render_webhook


class WebhookService:
    """Reads and changes webhooks."""

    __slots__ = ("_entities", "_ids", "_images", "_store")

    def __init__(self, *, store: Store, entities: EntityCache, images: ImageService, ids: IdSource) -> None:
        self._store = store
        self._entities = entities
        self._images = images
        self._ids = ids

    async def fetch_of_channel(self, caller: Caller, channel_id: int) -> list[WebhookObject]:
        """Return a channel's webhooks. Raises UnknownChannel, MissingAccess, DirectChannelAction, Forbidden."""
        require_manager(await self._entities.channel_access(caller.user_id, channel_id))
        return await self._show(await self._store.webhooks.list_of_channel(channel_id))

    async def fetch_of_guild(self, caller: Caller, guild_id: int) -> list[WebhookObject]:
        """Return the webhooks of a guild's channels that the caller may view. Raises UnknownGuild, Forbidden."""
        access = await self._entities.access(caller.user_id, guild_id)
        access.require(Permission.MANAGE_WEBHOOKS)
        channels = access.entry.channels
        found = await self._store.webhooks.list_of_guild(guild_id)
        return await self._show(
            [each for each in found if each.channel_id in channels and access.can_view(channels[each.channel_id])]
        )

    async def fetch(self, caller: Caller, webhook_id: int) -> WebhookObject:
        """Return a webhook. Raises UnknownWebhook, MissingAccess, Forbidden."""
        webhook, _ = await self._find(caller, webhook_id)
        [shown] = await self._show([webhook])
        return shown

    @on_present_rights
    async def update(self, caller: Caller, webhook_id: int, form: UpdateWebhook) -> WebhookObject:
        """Change the fields that the form gives. A move to another channel of the guild needs MANAGE_WEBHOOKS there.

        Raises:
            UnknownWebhook, MissingAccess, Forbidden. Invalid: for a name or a picture.
            UnknownChannel, WrongChannelType, TooManyWebhooks: for the other channel.
        """
        webhook, access = await self._find(caller, webhook_id)
        guild = require_manager(access)
        changes = await self._changes_of(caller.user_id, webhook, form)
        moved_id = changes.get("channel_id", webhook.channel_id)
        if moved_id != webhook.channel_id:
            target = await self._entities.channel_access(caller.user_id, moved_id)
            if target.channel.guild_id != webhook.guild_id:
                raise UnknownChannel
            require_follower(target)
        async with self._store.write(guilds=[webhook.guild_id]) as tx:
            await confirm_rights(tx, guild)
            if moved_id != webhook.channel_id:
                check_channel_room(await tx.webhooks.list_of_channel(moved_id))
            after = await tx.webhooks.update(webhook_id, changes) if changes else webhook
            for channel_id in dict.fromkeys((webhook.channel_id, moved_id)) if changes else ():
                tx.announce(webhooks_updated(self._ids.next(), webhook.guild_id, channel_id))
        [shown] = await self._show([after])
        return shown

    @on_present_rights
    async def delete(self, caller: Caller, webhook_id: int) -> None:
        """Delete a webhook, which ends what it follows. Raises UnknownWebhook, MissingAccess, Forbidden."""
        webhook, access = await self._find(caller, webhook_id)
        guild = require_manager(access)
        async with self._store.write(guilds=[webhook.guild_id]) as tx:
            await confirm_rights(tx, guild)
            if not await tx.webhooks.delete(webhook_id):
                raise UnknownWebhook
            tx.announce(webhooks_updated(self._ids.next(), webhook.guild_id, webhook.channel_id))

    async def _find(self, caller: Caller, webhook_id: int) -> tuple[Webhook, ChannelAccess]:
        """Find a webhook that the caller manages."""
        webhook = await self._store.webhooks.find(webhook_id)
        if webhook is None:
            raise UnknownWebhook
        try:
            access = await self._entities.channel_access(caller.user_id, webhook.channel_id)
        except UnknownChannel:
            raise UnknownWebhook from None
        require_manager(access)
        return webhook, access

    async def _changes_of(self, user_id: int, webhook: Webhook, form: UpdateWebhook) -> dict[str, Any]:
        changes: dict[str, Any] = {}
        if isinstance(form.name, str):
            changes["name"] = check_name(form.name)
        if form.avatar is None:
            changes["avatar"] = None
        elif not isinstance(form.avatar, UnsetType):
            folder = f"{AVATARS}/{webhook.id}"
            changes["avatar"] = await self._images.store(
                form.avatar, folder=folder, field="avatar", user_id=user_id, guild_id=webhook.guild_id
            )
        if form.channel_id is not None and form.channel_id is not UNSET:
            changes["channel_id"] = form.channel_id
        return changes

    async def _show(self, webhooks: Sequence[Webhook]) -> list[WebhookObject]:
        creators = await self._entities.users({each.user_id for each in webhooks})
        sources = await asyncio.gather(*map(self._find_source, webhooks))
        return [
            render_webhook(each, creators.get(each.user_id), source)
            for each, source in zip(webhooks, sources, strict=True)
        ]

    async def _find_source(self, webhook: Webhook) -> tuple[Guild, Channel] | None:
        """Find what the webhook follows, as long as who has made it may view it."""
        try:
            access = await self._entities.channel_access(webhook.user_id, webhook.source_channel_id)
        except (NotFound, Forbidden):
            return None
        return None if access.guild is None else (access.guild.entry.guild, access.channel)

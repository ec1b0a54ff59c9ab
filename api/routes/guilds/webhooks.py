"""/webhooks/{webhook_id}, the webhooks of channels and guilds, and the followers of announcement channels."""

from collections.abc import Sequence
from typing import Final

from api.http.parameters import SnowflakePath
from api.http.route import Route, delete, get, patch, post
from api.services.caller import Caller
from api.services.images import IMAGE_BODY_BYTES
from api.services.webhooks.followings import FollowingService
from api.services.webhooks.webhook_forms import FollowChannel, UpdateWebhook
from api.services.webhooks.webhooks import WebhookService
from core.wire.objects.guilds.webhook import FollowedChannelObject, WebhookObject


@post("/channels/{channel_id}/followers", is_audited=True)
async def follow_channel(
    channel_id: SnowflakePath, caller: Caller, data: FollowChannel, followings: FollowingService
) -> FollowedChannelObject:
    """Have another channel follow an announcement channel."""
    return await followings.follow(caller, channel_id, data)


@get("/channels/{channel_id}/webhooks")
async def list_channel_webhooks(
    channel_id: SnowflakePath, caller: Caller, webhooks: WebhookService
) -> list[WebhookObject]:
    """A channel's webhooks."""
    return await webhooks.fetch_of_channel(caller, channel_id)


@get("/guilds/{guild_id}/webhooks")
async def list_guild_webhooks(guild_id: SnowflakePath, caller: Caller, webhooks: WebhookService) -> list[WebhookObject]:
    """A guild's webhooks."""
    return await webhooks.fetch_of_guild(caller, guild_id)


@get("/webhooks/{webhook_id}")
async def get_webhook(webhook_id: SnowflakePath, caller: Caller, webhooks: WebhookService) -> WebhookObject:
    """One webhook."""
    return await webhooks.fetch(caller, webhook_id)


@patch("/webhooks/{webhook_id}", max_body_bytes=IMAGE_BODY_BYTES, is_audited=True)
async def update_webhook(
    webhook_id: SnowflakePath, caller: Caller, data: UpdateWebhook, webhooks: WebhookService
) -> WebhookObject:
    """Rename a webhook, change its picture, or move it to another channel of its guild."""
    return await webhooks.update(caller, webhook_id, data)


@delete("/webhooks/{webhook_id}", status=204, is_audited=True)
async def delete_webhook(webhook_id: SnowflakePath, caller: Caller, webhooks: WebhookService) -> None:
    """Delete a webhook."""
    await webhooks.delete(caller, webhook_id)


ROUTES: Final[Sequence[Route]] = (
    follow_channel,
    list_channel_webhooks,
    list_guild_webhooks,
    get_webhook,
    update_webhook,
    delete_webhook,
)
"""Webhooks that others make for themselves, and their tokens, are not built (`api.http.unbuilt_routes`)."""

"""Webhooks. Their channel and their guild take them along when they are deleted; their source does not."""

from typing import Protocol

from core.domain.guilds.webhook import Webhook
from core.store.aggregates.changes import Changes


class WebhookReader(Protocol):
    async def find(self, webhook_id: int) -> Webhook | None: ...

    async def list_of_channel(self, channel_id: int) -> list[Webhook]:
        """Return the webhooks that send into the channel, the oldest first."""

    async def list_of_guild(self, guild_id: int) -> list[Webhook]: ...

    async def list_orphans(self, *, limit: int) -> list[Webhook]:
        """Return webhooks whose source is gone."""


class WebhookWriter(WebhookReader, Protocol):
    async def create(self, webhook: Webhook) -> None:
        """Raises UnknownChannel when the channel is gone."""

    async def update(self, webhook_id: int, changes: Changes) -> Webhook:
        """Raises UnknownWebhook."""

    async def delete(self, webhook_id: int) -> bool:
        """Delete a webhook, with its crossposts' rows; tell whether it was there."""

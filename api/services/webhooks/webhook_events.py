"""The event of webhooks: that something is another in a channel. Clients read the channel's webhooks again."""

from api.services.announcements import channel_event
from core.domain.events import WEBHOOKS_UPDATE
from core.wire.envelope import Envelope
from core.wire.objects.guilds.webhook import WebhooksUpdated


def webhooks_updated(envelope_id: int, guild_id: int, channel_id: int) -> Envelope:
    """Make WEBHOOKS_UPDATE."""
    body = WebhooksUpdated(guild_id=str(guild_id), channel_id=str(channel_id))
    return channel_event(envelope_id, WEBHOOKS_UPDATE, guild_id, channel_id, body)

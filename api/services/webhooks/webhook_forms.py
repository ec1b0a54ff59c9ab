"""Bodies of requests about webhooks and followers."""

from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType

from api.forms.form import SnowflakeField
from api.forms.marks import text
from core.domain import texts
from core.domain.errors import invalid_field

WebhookName = Annotated[str, text(texts.WEBHOOK_NAME)]

_RESERVED = ("clyde", "discord")
"""Names that would look like the service itself. Source: Discord's documentation, "Create Webhook"."""


class FollowChannel(msgspec.Struct, kw_only=True):
    """POST /channels/{channel}/followers."""

    webhook_channel_id: SnowflakeField


class UpdateWebhook(msgspec.Struct, kw_only=True):
    """PATCH /webhooks/{webhook}."""

    name: WebhookName | UnsetType | None = UNSET
    avatar: str | UnsetType | None = UNSET
    channel_id: SnowflakeField | UnsetType | None = UNSET


def check_name(name: str) -> str:
    """Return a name that a webhook may be given. Raises Invalid."""
    for word in _RESERVED:
        if word in name.casefold():
            raise invalid_field("name", "USERNAME_INVALID_CONTAINS", f'Username cannot contain "{word}"')
    return name

"""Integrations on the wire."""

import msgspec

from core.wire.objects.people.user import UserObject


class IntegrationAccountObject(msgspec.Struct, kw_only=True):
    """AccountResponse."""

    id: str
    name: str


class IntegrationApplicationObject(msgspec.Struct, kw_only=True):
    """IntegrationApplicationResponse."""

    id: str
    name: str
    icon: str | None
    description: str
    summary: str = ""
    """The field is no longer documented, but Python's libraries read it without a default."""
    type: None = None
    bot: UserObject


class IntegrationObject(msgspec.Struct, kw_only=True):
    """DiscordIntegrationResponse."""

    id: str
    type: str = "discord"
    name: str
    enabled: bool = True
    account: IntegrationAccountObject
    application: IntegrationApplicationObject
    scopes: list[str]

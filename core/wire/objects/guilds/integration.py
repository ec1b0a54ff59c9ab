"""Integrations on the wire: the REST object, and the events of those that come and go."""

from typing import Final

import msgspec

from core.domain.application import Application
from core.domain.people.user import User
from core.wire.objects.people.user import UserObject, render_user

_SCOPES: Final = ("bot",)


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


class IntegrationCreated(IntegrationObject, kw_only=True):
    """`d` of INTEGRATION_CREATE."""

    guild_id: str


class IntegrationDeleted(msgspec.Struct, kw_only=True):
    """`d` of INTEGRATION_DELETE."""

    id: str
    guild_id: str
    application_id: str


class IntegrationsUpdated(msgspec.Struct, kw_only=True):
    """`d` of GUILD_INTEGRATIONS_UPDATE, which says no more than where to look again."""

    guild_id: str


def render_integration(application: Application, bot: User) -> IntegrationObject:
    """Return the object of an application whose bot is in the guild."""
    application_id = str(application.id)
    return IntegrationObject(
        id=application_id,
        name=application.name,
        account=IntegrationAccountObject(id=application_id, name=application.name),
        application=IntegrationApplicationObject(
            id=application_id,
            name=application.name,
            icon=application.icon,
            description=application.description,
            bot=render_user(bot),
        ),
        scopes=list(_SCOPES),
    )


def render_integration_created(application: Application, bot: User, guild_id: int) -> IntegrationCreated:
    """Return the event of an application whose bot has come."""
    shown = render_integration(application, bot)
    return IntegrationCreated(**msgspec.structs.asdict(shown), guild_id=str(guild_id))


def render_integration_deleted(application: Application, guild_id: int) -> IntegrationDeleted:
    """Return the event of an application whose bot has gone."""
    application_id = str(application.id)
    return IntegrationDeleted(id=application_id, guild_id=str(guild_id), application_id=application_id)

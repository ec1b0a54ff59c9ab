"""Applications on the wire."""

import msgspec
from msgspec import UNSET, UnsetType

from core.domain.application import Application
from core.domain.people.user import User
from core.wire.objects.guilds.guild import OwnGuildObject
from core.wire.objects.people.user import UserObject, render_user


class ApplicationObject(msgspec.Struct, kw_only=True):
    """An application as its owner and its bot see it (PrivateApplicationResponse)."""

    id: str
    name: str
    icon: str | None
    description: str
    summary: str = ""
    type: int | None = None
    bot: UserObject | UnsetType = UNSET
    bot_public: bool
    bot_require_code_grant: bool
    verify_key: str
    flags: int
    flags_new: str
    tags: list[str] = []
    redirect_uris: list[str] = []
    rpc_origins: list[str] = []
    interactions_endpoint_url: str | None
    role_connections_verification_url: str | None
    owner: UserObject
    approximate_guild_count: int
    approximate_user_install_count: int = 0
    approximate_user_authorization_count: int = 0
    explicit_content_filter: int = 0
    team: None = None
    eligible_oauth2_scopes: list[str] = []
    hook: bool = True


def render_application(
    application: Application, *, owner: User, bot: User | None, guild_count: int
) -> ApplicationObject:
    """Return the application's object. `guild_count` is the number of its bot's guilds."""
    return ApplicationObject(
        id=str(application.id),
        name=application.name,
        icon=application.icon,
        description=application.description,
        bot=UNSET if bot is None else render_user(bot),
        bot_public=application.bot_public,
        bot_require_code_grant=application.bot_require_code_grant,
        verify_key=application.verify_key,
        flags=application.flags,
        flags_new=str(application.flags),
        tags=list(application.tags),
        interactions_endpoint_url=application.interactions_endpoint_url,
        role_connections_verification_url=application.role_connections_verification_url,
        owner=render_user(owner),
        approximate_guild_count=guild_count,
    )


class BotTokenObject(msgspec.Struct, kw_only=True):
    """The one answer that shows a bot's token."""

    token: str


class AuthorizationObject(msgspec.Struct, kw_only=True):
    """The address to which a browser would be sent next."""

    location: str


class AuthorizationPageObject(msgspec.Struct, kw_only=True):
    """GET /oauth2/authorize: the content of a page that asks for the authorization."""

    application: ApplicationObject
    bot: UserObject
    user: UserObject
    guilds: list[OwnGuildObject]
    authorized: bool = False

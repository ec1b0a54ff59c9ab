"""/applications and /oauth2: applications, their bots, and how those get into guilds."""

from collections.abc import Sequence
from typing import Annotated, Final

from msgspec import Meta

from api.http.parameters import SnowflakePath, WireName
from api.http.route import Route, delete, get, patch, post
from api.services.applications.applications import ApplicationService, CreateApplication, UpdateApplication
from api.services.applications.authorizations import AuthorizationService, Authorize
from api.services.applications.integrations import IntegrationService
from api.services.caller import Caller
from api.services.images import IMAGE_BODY_BYTES
from core.domain.ids import MAX_SNOWFLAKE
from core.wire.objects.application import (
    ApplicationObject,
    AuthorizationObject,
    AuthorizationPageObject,
    BotTokenObject,
)
from core.wire.objects.guilds.integration import IntegrationObject

Scopes = Annotated[
    str, Meta(max_length=200, description="Scopes, separated by spaces; must hold bot"), WireName("scope")
]

ClientId = Annotated[int, Meta(ge=0, le=MAX_SNOWFLAKE, description="The application")]
PermissionsQuery = Annotated[int, Meta(ge=0, le=(1 << 63) - 1, description="Permission bits")]


@post("/applications", status=201, max_body_bytes=IMAGE_BODY_BYTES)
async def create_application(
    caller: Caller, data: CreateApplication, applications: ApplicationService
) -> ApplicationObject:
    """Make an application."""
    return await applications.create(caller, data)


@get("/applications")
async def list_applications(caller: Caller, applications: ApplicationService) -> list[ApplicationObject]:
    """The caller's applications."""
    return await applications.list_own(caller)


@get("/applications/@me")
async def get_own_application(caller: Caller, applications: ApplicationService) -> ApplicationObject:
    """The application that the caller is the bot of."""
    return await applications.fetch_of_bot(caller)


@get("/oauth2/applications/@me")
async def get_authorized_application(caller: Caller, applications: ApplicationService) -> ApplicationObject:
    """The application that the caller is the bot of."""
    return await applications.fetch_of_bot(caller)


@patch("/applications/@me", max_body_bytes=IMAGE_BODY_BYTES)
async def update_own_application(
    caller: Caller, data: UpdateApplication, applications: ApplicationService
) -> ApplicationObject:
    """Change the application that the caller is the bot of."""
    return await applications.update_of_bot(caller, data)


@get("/applications/{application_id}")
async def get_application(
    application_id: SnowflakePath, caller: Caller, applications: ApplicationService
) -> ApplicationObject:
    """An application of the caller."""
    return await applications.fetch(caller, application_id)


@patch("/applications/{application_id}", max_body_bytes=IMAGE_BODY_BYTES)
async def update_application(
    application_id: SnowflakePath, caller: Caller, data: UpdateApplication, applications: ApplicationService
) -> ApplicationObject:
    """Change an application of the caller."""
    return await applications.update(caller, application_id, data)


@post("/applications/{application_id}/bot")
async def make_bot(application_id: SnowflakePath, caller: Caller, applications: ApplicationService) -> BotTokenObject:
    """Give an application a bot, or its bot a new token."""
    return await applications.make_bot(caller, application_id)


@get("/oauth2/authorize")
async def show_authorization(
    caller: Caller, client_id: ClientId, authorizations: AuthorizationService, scopes: Scopes = "bot"
) -> AuthorizationPageObject:
    """Show the authorization that is asked for."""
    return await authorizations.show(caller, client_id, scopes)


@post("/oauth2/authorize")
async def authorize(
    caller: Caller,
    client_id: ClientId,
    data: Authorize,
    authorizations: AuthorizationService,
    scopes: Scopes = "bot",
    permissions: PermissionsQuery = 0,
) -> AuthorizationObject:
    """Let an application's bot into a guild."""
    return await authorizations.authorize(caller, client_id, scopes, permissions, data)


@get("/guilds/{guild_id}/integrations")
async def list_integrations(
    guild_id: SnowflakePath, caller: Caller, integrations: IntegrationService
) -> list[IntegrationObject]:
    """The bots in a guild."""
    return await integrations.list_of_guild(caller, guild_id)


@delete("/guilds/{guild_id}/integrations/{integration_id}", status=204, is_audited=True)
async def delete_integration(
    guild_id: SnowflakePath, integration_id: SnowflakePath, caller: Caller, integrations: IntegrationService
) -> None:
    """Remove a bot from a guild, as an integration."""
    await integrations.delete(caller, guild_id, integration_id)


ROUTES: Final[Sequence[Route]] = (
    create_application,
    list_applications,
    get_own_application,
    get_authorized_application,
    update_own_application,
    get_application,
    update_application,
    make_bot,
    show_authorization,
    authorize,
    list_integrations,
    delete_integration,
)

"""/guilds/{guild}/roles."""

from typing import Annotated

from litestar import delete, get, patch, post
from litestar.handlers import HTTPRouteHandler
from msgspec import Meta

from api.forms.form import SnowflakePath
from api.services.caller import Caller
from api.services.images import IMAGE_BODY_BYTES
from api.services.roles.role_forms import CreateRole, RolePosition, UpdateRole
from api.services.roles.roles import RoleService
from core.wire.objects.role import RoleObject


@get("/guilds/{guild_id:str}/roles")
async def list_roles(guild_id: SnowflakePath, caller: Caller, roles: RoleService) -> list[RoleObject]:
    """Show the guild's roles."""
    return await roles.fetch_all(caller, guild_id)


@post("/guilds/{guild_id:str}/roles", status_code=200, request_max_body_size=IMAGE_BODY_BYTES)
async def create_role(guild_id: SnowflakePath, caller: Caller, data: CreateRole, roles: RoleService) -> RoleObject:
    """Make a role."""
    return await roles.create(caller, guild_id, data)


@patch("/guilds/{guild_id:str}/roles")
async def move_roles(
    guild_id: SnowflakePath,
    caller: Caller,
    data: Annotated[list[RolePosition], Meta(max_length=500)],
    roles: RoleService,
) -> list[RoleObject]:
    """Move roles."""
    return await roles.move(caller, guild_id, data)


@get("/guilds/{guild_id:str}/roles/member-counts")
async def count_role_members(guild_id: SnowflakePath, caller: Caller, roles: RoleService) -> dict[str, int]:
    """How many members hold each role."""
    return await roles.count_members(caller, guild_id)


@get("/guilds/{guild_id:str}/roles/{role_id:str}")
async def get_role(guild_id: SnowflakePath, role_id: SnowflakePath, caller: Caller, roles: RoleService) -> RoleObject:
    """Show a role."""
    return await roles.fetch(caller, guild_id, role_id)


@patch("/guilds/{guild_id:str}/roles/{role_id:str}", request_max_body_size=IMAGE_BODY_BYTES)
async def update_role(
    guild_id: SnowflakePath, role_id: SnowflakePath, caller: Caller, data: UpdateRole, roles: RoleService
) -> RoleObject:
    """Change a role."""
    return await roles.update(caller, guild_id, role_id, data)


@delete("/guilds/{guild_id:str}/roles/{role_id:str}", status_code=204)
async def delete_role(guild_id: SnowflakePath, role_id: SnowflakePath, caller: Caller, roles: RoleService) -> None:
    """Delete a role."""
    await roles.delete(caller, guild_id, role_id)


HANDLERS: list[HTTPRouteHandler] = [
    list_roles,
    create_role,
    move_roles,
    count_role_members,
    get_role,
    update_role,
    delete_role,
]

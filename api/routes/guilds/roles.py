"""/guilds/{guild}/roles."""

from collections.abc import Sequence
from typing import Annotated, Final

from msgspec import Meta

from api.http.parameters import SnowflakePath
from api.http.route import Route, delete, get, patch, post
from api.services.caller import Caller
from api.services.images import IMAGE_BODY_BYTES
from api.services.roles.role_forms import CreateRole, RolePosition, UpdateRole
from api.services.roles.roles import RoleService
from core.wire.objects.guilds.role import RoleObject


@get("/guilds/{guild_id}/roles")
async def list_roles(guild_id: SnowflakePath, caller: Caller, roles: RoleService) -> list[RoleObject]:
    """Show the guild's roles."""
    return await roles.fetch_all(caller, guild_id)


@post("/guilds/{guild_id}/roles", max_body_bytes=IMAGE_BODY_BYTES, is_audited=True)
async def create_role(guild_id: SnowflakePath, caller: Caller, data: CreateRole, roles: RoleService) -> RoleObject:
    """Make a role."""
    return await roles.create(caller, guild_id, data)


@patch("/guilds/{guild_id}/roles", is_audited=True)
async def move_roles(
    guild_id: SnowflakePath,
    caller: Caller,
    data: Annotated[list[RolePosition], Meta(max_length=500)],
    roles: RoleService,
) -> list[RoleObject]:
    """Move roles."""
    return await roles.move(caller, guild_id, data)


@get("/guilds/{guild_id}/roles/member-counts")
async def count_role_members(guild_id: SnowflakePath, caller: Caller, roles: RoleService) -> dict[str, int]:
    """Count the members of each role."""
    return await roles.count_members(caller, guild_id)


@get("/guilds/{guild_id}/roles/{role_id}")
async def get_role(guild_id: SnowflakePath, role_id: SnowflakePath, caller: Caller, roles: RoleService) -> RoleObject:
    """Show a role."""
    return await roles.fetch(caller, guild_id, role_id)


@get("/guilds/{guild_id}/roles/{role_id}/member-ids")
async def list_role_member_ids(
    guild_id: SnowflakePath, role_id: SnowflakePath, caller: Caller, roles: RoleService
) -> list[str]:
    """List the ids of the first 100 members with a role, as people's clients ask."""
    return await roles.list_member_ids(caller, guild_id, role_id)


@patch("/guilds/{guild_id}/roles/{role_id}", max_body_bytes=IMAGE_BODY_BYTES, is_audited=True)
async def update_role(
    guild_id: SnowflakePath, role_id: SnowflakePath, caller: Caller, data: UpdateRole, roles: RoleService
) -> RoleObject:
    """Change a role."""
    return await roles.update(caller, guild_id, role_id, data)


@delete("/guilds/{guild_id}/roles/{role_id}", status=204, is_audited=True)
async def delete_role(guild_id: SnowflakePath, role_id: SnowflakePath, caller: Caller, roles: RoleService) -> None:
    """Delete a role."""
    await roles.delete(caller, guild_id, role_id)


ROUTES: Final[Sequence[Route]] = (
    list_roles,
    create_role,
    move_roles,
    count_role_members,
    get_role,
    list_role_member_ids,
    update_role,
    delete_role,
)

"""/guilds/{guild}/members, and pruning."""

from collections.abc import Sequence
from typing import Annotated, Final

from msgspec import Meta

from api.http.parameters import SnowflakePath, SnowflakeQuery, WireName
from api.http.route import Route, delete, get, patch, post, put
from api.services.caller import Caller
from api.services.images import IMAGE_BODY_BYTES
from api.services.members.member_forms import (
    PruneGuild,
    UpdateMember,
    UpdateMemberProfile,
    UpdateOwnMember,
    UpdateOwnNick,
)
from api.services.members.members import MemberService
from api.services.members.prune import DEFAULT_DAYS, PruneService, parse_role_ids
from core.domain.errors import NotBuilt, invalid_field
from core.wire.objects.guilds.member import MemberObject, OwnMemberObject, PruneObject
from core.wire.objects.profile import MemberProfileObject

PageLimit = Annotated[int, Meta(ge=1, le=1000)]
Days = Annotated[int, Meta(ge=1, le=30)] | None
RolesQuery = Annotated[list[str], Meta(description="Ids, one a parameter or with commas between them")] | None
MAX_SEARCH_LENGTH: Final = 100
SearchText = Annotated[str, Meta(description="1 to 100 characters"), WireName("query")]
"""The handler checks the length, because Discord reports an empty text as a missing one."""


@get("/guilds/{guild_id}/members")
async def list_members(
    guild_id: SnowflakePath,
    caller: Caller,
    members: MemberService,
    limit: PageLimit = 1,
    after: SnowflakeQuery = None,
) -> list[MemberObject]:
    """Show a page of members."""
    return await members.fetch_page(caller, guild_id, after=after or 0, limit=limit)


@get("/guilds/{guild_id}/members/search")
async def search_members(
    guild_id: SnowflakePath, caller: Caller, members: MemberService, text: SearchText = "", limit: PageLimit = 1
) -> list[MemberObject]:
    """Find members by the start of their names."""
    if not text:
        raise invalid_field("query", "BASE_TYPE_REQUIRED", "This field is required")
    if len(text) > MAX_SEARCH_LENGTH:
        raise invalid_field("query", "BASE_TYPE_MAX_LENGTH", f"Must be {MAX_SEARCH_LENGTH} or fewer in length.")
    return await members.search(caller, guild_id, query=text, limit=limit)


@get("/guilds/{guild_id}/members/{user_id}")
async def get_member(
    guild_id: SnowflakePath, user_id: SnowflakePath, caller: Caller, members: MemberService
) -> MemberObject:
    """Show a member."""
    return await members.fetch(caller, guild_id, user_id)


@put("/guilds/{guild_id}/members/{user_id}")
async def add_member(guild_id: SnowflakePath, user_id: SnowflakePath, caller: Caller) -> MemberObject:  # noqa: ARG001
    """Add a member with an OAuth2 grant, which is not built."""
    raise NotBuilt


@patch("/guilds/{guild_id}/members/@me", max_body_bytes=IMAGE_BODY_BYTES, is_audited=True)
async def update_own_member(
    guild_id: SnowflakePath, caller: Caller, data: UpdateOwnMember, members: MemberService
) -> OwnMemberObject:
    """Change one's own membership."""
    return await members.update_own(caller, guild_id, data)


@patch("/guilds/{guild_id}/profile/@me", max_body_bytes=IMAGE_BODY_BYTES)
async def update_member_profile(
    guild_id: SnowflakePath, caller: Caller, data: UpdateMemberProfile, members: MemberService
) -> MemberProfileObject:
    """Change one's own profile in a guild, as people's clients do."""
    return await members.update_profile(caller, guild_id, data)


@patch("/guilds/{guild_id}/members/@me/nick", is_audited=True)
async def update_own_nick(
    guild_id: SnowflakePath, caller: Caller, data: UpdateOwnNick, members: MemberService
) -> OwnMemberObject:
    """Change one's own nick, as older clients do."""
    return await members.update_own(caller, guild_id, UpdateOwnMember(nick=data.nick))


@patch("/guilds/{guild_id}/members/{user_id}", is_audited=True)
async def update_member(
    guild_id: SnowflakePath, user_id: SnowflakePath, caller: Caller, data: UpdateMember, members: MemberService
) -> MemberObject:
    """Change a member."""
    return await members.update(caller, guild_id, user_id, data)


@put("/guilds/{guild_id}/members/{user_id}/roles/{role_id}", status=204, is_audited=True)
async def add_member_role(
    guild_id: SnowflakePath, user_id: SnowflakePath, role_id: SnowflakePath, caller: Caller, members: MemberService
) -> None:
    """Give a member a role."""
    await members.add_role(caller, guild_id, user_id, role_id)


@delete("/guilds/{guild_id}/members/{user_id}/roles/{role_id}", status=204, is_audited=True)
async def remove_member_role(
    guild_id: SnowflakePath, user_id: SnowflakePath, role_id: SnowflakePath, caller: Caller, members: MemberService
) -> None:
    """Take a role from a member."""
    await members.remove_role(caller, guild_id, user_id, role_id)


@delete("/guilds/{guild_id}/members/{user_id}", status=204, is_audited=True)
async def kick_member(guild_id: SnowflakePath, user_id: SnowflakePath, caller: Caller, members: MemberService) -> None:
    """Kick a member."""
    await members.kick(caller, guild_id, user_id)


@get("/guilds/{guild_id}/prune")
async def count_prunable(
    guild_id: SnowflakePath,
    caller: Caller,
    prune: PruneService,
    days: Days = None,
    include_roles: RolesQuery = None,
) -> PruneObject:
    """Count the members that a prune would remove."""
    role_ids = parse_role_ids(None if include_roles is None else ",".join(include_roles))
    return await prune.count(caller, guild_id, days=days or DEFAULT_DAYS, role_ids=role_ids)


@post("/guilds/{guild_id}/prune", is_audited=True)
async def prune_members(
    guild_id: SnowflakePath,
    caller: Caller,
    data: PruneGuild,
    prune: PruneService,
    *,
    days: Days = None,
    compute_prune_count: bool | None = None,
    include_roles: RolesQuery = None,
) -> PruneObject:
    """Remove inactive members. A field that the body lacks may stand in the query, as in older versions."""
    roles = data.include_roles
    if roles is None and include_roles is not None:
        roles = ",".join(include_roles)
    with_count = compute_prune_count if data.compute_prune_count is None else data.compute_prune_count
    return await prune.prune(
        caller,
        guild_id,
        days=data.days or days or DEFAULT_DAYS,
        role_ids=parse_role_ids(roles),
        with_count=with_count is not False,
    )


ROUTES: Final[Sequence[Route]] = (
    list_members,
    search_members,
    get_member,
    add_member,
    update_own_member,
    update_member_profile,
    update_own_nick,
    update_member,
    add_member_role,
    remove_member_role,
    kick_member,
    count_prunable,
    prune_members,
)

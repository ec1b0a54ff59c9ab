"""/users: the caller's own account, other people, and the caller's guilds."""

from collections.abc import Sequence
from typing import Annotated, Final

from msgspec import Meta

from api.http.parameters import SnowflakePath, SnowflakeQuery
from api.http.route import Route, get, patch
from api.services.accounts.account_forms import UpdateAccount
from api.services.accounts.accounts import AccountService
from api.services.accounts.profiles import ProfileService
from api.services.caller import Caller
from api.services.guilds.own_guilds import OwnGuildService
from api.services.images import IMAGE_BODY_BYTES
from api.services.preferences.preference_forms import UpdateProfile
from core.wire.objects.guilds.guild import OwnGuildObject
from core.wire.objects.guilds.member import MemberObject
from core.wire.objects.people.user import OwnUserObject, UserObject
from core.wire.objects.profile import ProfileObject, UserProfileObject

MAX_GUILDS_PAGE = 200

PageLimit = Annotated[int, Meta(ge=1, le=MAX_GUILDS_PAGE, description="How many guilds at most")]

WithCounts = Annotated[bool, Meta(description="Whether to count members")]


@get("/users/@me")
async def get_own_user(caller: Caller, accounts: AccountService) -> OwnUserObject:
    """The caller's account."""
    return await accounts.fetch_own(caller)


@patch("/users/@me", max_body_bytes=IMAGE_BODY_BYTES)
async def update_own_user(caller: Caller, data: UpdateAccount, accounts: AccountService) -> OwnUserObject:
    """Change the caller's account."""
    return await accounts.update(caller, data)


@get("/users/{user_id}")
async def get_user(user_id: SnowflakePath, accounts: AccountService) -> UserObject:
    """The public account of a user."""
    return await accounts.fetch(user_id)


@get("/users/{user_id}/profile")
async def get_profile(
    user_id: SnowflakePath, caller: Caller, profiles: ProfileService, guild_id: SnowflakeQuery = None
) -> UserProfileObject:
    """The profile of a user, for callers who share a guild with them; with a guild also the membership there."""
    return await profiles.fetch(caller, user_id, guild_id)


@get("/users/@me/profile")
async def get_own_profile(
    caller: Caller, profiles: ProfileService, guild_id: SnowflakeQuery = None
) -> UserProfileObject:
    """The caller's profile."""
    return await profiles.fetch(caller, caller.user_id, guild_id)


@patch("/users/@me/profile")
async def update_own_profile(caller: Caller, data: UpdateProfile, profiles: ProfileService) -> ProfileObject:
    """Change what the caller says of itself."""
    return await profiles.update(caller, data)


@get("/users/@me/guilds")
async def list_own_guilds(
    caller: Caller,
    own_guilds: OwnGuildService,
    before: SnowflakeQuery = None,
    after: SnowflakeQuery = None,
    limit: PageLimit = MAX_GUILDS_PAGE,
    with_counts: WithCounts = False,  # noqa: FBT002 - a query parameter
) -> list[OwnGuildObject]:
    """The caller's guilds by ascending id."""
    return await own_guilds.list_page(caller, before=before, after=after, limit=limit, with_counts=with_counts)


@get("/users/@me/guilds/{guild_id}/member")
async def get_own_member(guild_id: SnowflakePath, caller: Caller, own_guilds: OwnGuildService) -> MemberObject:
    """The caller's membership of a guild."""
    return await own_guilds.fetch_member(caller, guild_id)


@get("/users/@me/connections")
async def list_connections() -> list[str]:
    """The caller's accounts elsewhere. None can be connected."""
    return []


ROUTES: Final[Sequence[Route]] = (
    get_own_user,
    update_own_user,
    get_own_profile,
    update_own_profile,
    get_user,
    get_profile,
    list_own_guilds,
    get_own_member,
    list_connections,
)

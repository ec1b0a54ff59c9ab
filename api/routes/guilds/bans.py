"""/guilds/{guild}/bans and /bulk-ban."""

from collections.abc import Sequence
from typing import Annotated, Final

from msgspec import Meta

from api.http.parameters import SnowflakePath, SnowflakeQuery, WireName
from api.http.route import Route, delete, get, post, put
from api.services.caller import Caller
from api.services.members.bans import BanService
from api.services.members.member_forms import (
    DASHED_DAYS,
    MAX_DELETE_S,
    BanUser,
    BanUsers,
    DeleteDays,
    compute_delete_s,
)
from core.wire.objects.guilds.member import BanObject, BulkBanObject

DeleteSecondsQuery = Annotated[int, Meta(ge=0, le=MAX_DELETE_S)] | None
DeleteDaysQuery = DeleteDays | None
"""Some libraries (discord.py, discordgo) send these in the query, as older versions of the API wanted."""
DashedDaysQuery = (
    Annotated[DeleteDays, Meta(description="The same, of the first libraries"), WireName(DASHED_DAYS)] | None
)
PageLimit = Annotated[int, Meta(ge=1, le=1000)]


@get("/guilds/{guild_id}/bans")
async def list_bans(
    guild_id: SnowflakePath,
    caller: Caller,
    bans: BanService,
    limit: PageLimit = 1000,
    before: SnowflakeQuery = None,
    after: SnowflakeQuery = None,
) -> list[BanObject]:
    """Show a page of bans."""
    return await bans.fetch_page(caller, guild_id, before=before, after=after, limit=limit)


@get("/guilds/{guild_id}/bans/{user_id}")
async def get_ban(guild_id: SnowflakePath, user_id: SnowflakePath, caller: Caller, bans: BanService) -> BanObject:
    """Show a ban."""
    return await bans.fetch(caller, guild_id, user_id)


@put("/guilds/{guild_id}/bans/{user_id}", status=204, is_audited=True)
async def put_ban(  # noqa: PLR0913, PLR0917 - what old and new libraries put into the query
    guild_id: SnowflakePath,
    user_id: SnowflakePath,
    caller: Caller,
    data: BanUser,
    bans: BanService,
    delete_message_seconds: DeleteSecondsQuery = None,
    delete_message_days: DeleteDaysQuery = None,
    dashed_days: DashedDaysQuery = None,
    reason: str | None = None,
) -> None:
    """Ban a user."""
    delete_s = data.delete_s or compute_delete_s(delete_message_seconds, delete_message_days, dashed_days)
    await bans.put(caller, guild_id, user_id, delete_s=delete_s, reason=reason or data.reason)


@delete("/guilds/{guild_id}/bans/{user_id}", status=204, is_audited=True)
async def delete_ban(guild_id: SnowflakePath, user_id: SnowflakePath, caller: Caller, bans: BanService) -> None:
    """Lift a ban."""
    await bans.delete(caller, guild_id, user_id)


@post("/guilds/{guild_id}/bulk-ban", is_audited=True)
async def ban_many(
    guild_id: SnowflakePath, caller: Caller, data: BanUsers, bans: BanService, reason: str | None = None
) -> BulkBanObject:
    """Ban several users."""
    return await bans.put_many(caller, guild_id, data, reason)


ROUTES: Final[Sequence[Route]] = (list_bans, get_ban, put_ban, delete_ban, ban_many)

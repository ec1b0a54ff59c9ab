"""/admin/guilds: guilds, for instance staff."""

from collections.abc import Sequence
from typing import Annotated, Final

from msgspec import Meta

from api.http.parameters import SnowflakePath
from api.http.route import Route, delete, get, put
from api.routes.administration.people import PageLimit
from api.services.administration.administration_forms import TransferGuild
from api.services.administration.guild_administration import GuildAdministration
from api.services.administration.staff_authenticator import Staff
from core.wire.objects.administration import AdminGuildDetails, AdminGuildObject

Search = Annotated[str, Meta(max_length=100, description="A part of the name")]


@get("/admin/guilds", staff_role="reader")
async def list_guilds(
    guild_administration: GuildAdministration, search: Search = "", after: SnowflakePath = 0, limit: PageLimit = 50
) -> list[AdminGuildObject]:
    """List guilds by ascending id."""
    return await guild_administration.list_page(search=search, after=after, limit=limit)


@get("/admin/guilds/{guild_id}", staff_role="reader")
async def get_guild(guild_id: SnowflakePath, guild_administration: GuildAdministration) -> AdminGuildDetails:
    """Show a guild."""
    return await guild_administration.fetch(guild_id)


@delete("/admin/guilds/{guild_id}", status=204, staff_role="owner", is_audited=True)
async def delete_guild(
    guild_id: SnowflakePath, staff: Staff, reason: str | None, guild_administration: GuildAdministration
) -> None:
    """Delete a guild with all its contents."""
    await guild_administration.delete(staff, guild_id, reason)


@put("/admin/guilds/{guild_id}/owner", status=204, staff_role="owner", is_audited=True)
async def transfer_guild(
    guild_id: SnowflakePath,
    staff: Staff,
    data: TransferGuild,
    reason: str | None,
    guild_administration: GuildAdministration,
) -> None:
    """Make another member the owner of a guild."""
    await guild_administration.transfer(staff, guild_id, data.user_id, reason)


ROUTES: Final[Sequence[Route]] = (list_guilds, get_guild, delete_guild, transfer_guild)

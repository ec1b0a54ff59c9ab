"""/guilds/{guild}: guilds themselves, their vanity codes, leaving them."""

from collections.abc import Sequence
from typing import Final

from api.http.parameters import SnowflakePath
from api.http.route import Route, delete, get, patch, post
from api.services.caller import Caller
from api.services.guilds.guild_forms import CreateGuild, UpdateGuild, UpdateVanityUrl
from api.services.guilds.guilds import GuildService
from api.services.images import IMAGE_BODY_BYTES
from api.services.invites.vanity import VanityService
from api.services.voice_regions import VoiceRegionService
from core.wire.objects.guilds.guild import GuildObject, GuildPreviewObject, VoiceRegion
from core.wire.objects.guilds.invite import VanityObject


@post("/guilds", status=201, max_body_bytes=IMAGE_BODY_BYTES)
async def create_guild(caller: Caller, data: CreateGuild, guilds: GuildService) -> GuildObject:
    """Make a guild."""
    return await guilds.create(caller, data)


@get("/guilds/{guild_id}")
async def get_guild(
    guild_id: SnowflakePath, caller: Caller, guilds: GuildService, *, with_counts: bool = False
) -> GuildObject:
    """Show a guild."""
    return await guilds.fetch(caller, guild_id, with_counts=with_counts)


@get("/guilds/{guild_id}/preview")
async def get_guild_preview(guild_id: SnowflakePath, caller: Caller, guilds: GuildService) -> GuildPreviewObject:
    """Show a guild to somebody who may not be in it."""
    return await guilds.fetch_preview(caller, guild_id)


@patch("/guilds/{guild_id}", max_body_bytes=IMAGE_BODY_BYTES, is_audited=True)
async def update_guild(guild_id: SnowflakePath, caller: Caller, data: UpdateGuild, guilds: GuildService) -> GuildObject:
    """Change a guild."""
    return await guilds.update(caller, guild_id, data)


@delete("/guilds/{guild_id}", status=204)
async def delete_guild(guild_id: SnowflakePath, caller: Caller, guilds: GuildService) -> None:
    """Delete a guild."""
    await guilds.delete(caller, guild_id)


@post("/guilds/{guild_id}/delete", status=204)
async def delete_guild_by_post(guild_id: SnowflakePath, caller: Caller, guilds: GuildService) -> None:
    """Delete a guild, as Discord's own client does."""
    await guilds.delete(caller, guild_id)


@delete("/users/@me/guilds/{guild_id}", status=204)
async def leave_guild(guild_id: SnowflakePath, caller: Caller, guilds: GuildService) -> None:
    """Leave a guild."""
    await guilds.leave(caller, guild_id)


@get("/guilds/{guild_id}/vanity-url")
async def get_vanity_url(guild_id: SnowflakePath, caller: Caller, vanity: VanityService) -> VanityObject:
    """Show the guild's vanity code."""
    return await vanity.fetch(caller, guild_id)


@patch("/guilds/{guild_id}/vanity-url")
async def update_vanity_url(
    guild_id: SnowflakePath, caller: Caller, data: UpdateVanityUrl, vanity: VanityService
) -> VanityObject:
    """Set the guild's vanity code."""
    return await vanity.update(caller, guild_id, data)


@get("/guilds/{guild_id}/regions")
async def list_guild_regions(
    guild_id: SnowflakePath, caller: Caller, guilds: GuildService, voice_regions: VoiceRegionService
) -> list[VoiceRegion]:
    """The voice regions of the guild."""
    await guilds.fetch(caller, guild_id)
    return voice_regions.list_all()


@get("/voice/regions")
async def list_regions(
    caller: Caller,  # noqa: ARG001 - asking for the caller is what wants a token
    voice_regions: VoiceRegionService,
) -> list[VoiceRegion]:
    """The voice regions."""
    return voice_regions.list_all()


ROUTES: Final[Sequence[Route]] = (
    create_guild,
    get_guild,
    get_guild_preview,
    update_guild,
    delete_guild,
    delete_guild_by_post,
    leave_guild,
    get_vanity_url,
    update_vanity_url,
    list_guild_regions,
    list_regions,
)

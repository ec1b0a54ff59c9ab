"""/invites/{code}, and the invites of channels and guilds."""

from collections.abc import Sequence
from typing import Final

from api.http.parameters import SnowflakePath, SnowflakeQuery
from api.http.route import Route, delete, get, post
from api.services.caller import Caller
from api.services.invites.invite_forms import CreateInvite, UseInvite
from api.services.invites.invites import InviteService
from core.domain.errors import unbuilt_field
from core.wire.objects.guilds.invite import InviteObject


@post("/channels/{channel_id}/invites", takes_html_forms=True, is_audited=True)
async def create_invite(
    channel_id: SnowflakePath, caller: Caller, data: CreateInvite, invites: InviteService
) -> InviteObject:
    """Make an invite."""
    return await invites.create(caller, channel_id, data)


@get("/channels/{channel_id}/invites")
async def list_channel_invites(channel_id: SnowflakePath, caller: Caller, invites: InviteService) -> list[InviteObject]:
    """Show the channel's invites."""
    return await invites.fetch_of_channel(caller, channel_id)


@get("/guilds/{guild_id}/invites")
async def list_guild_invites(guild_id: SnowflakePath, caller: Caller, invites: InviteService) -> list[InviteObject]:
    """Show the guild's invites."""
    return await invites.fetch_of_guild(caller, guild_id)


@get("/invites/{code}", is_public=True)
async def get_invite(
    code: str,
    invites: InviteService,
    *,
    with_counts: bool = False,
    guild_scheduled_event_id: SnowflakeQuery = None,
    target_channel_id: SnowflakeQuery = None,
    target_message_id: SnowflakeQuery = None,
) -> InviteObject:
    """Show an invite to anybody."""
    targets = {
        "guild_scheduled_event_id": guild_scheduled_event_id,
        "target_channel_id": target_channel_id,
        "target_message_id": target_message_id,
    }
    for name, target in targets.items():
        if target:
            raise unbuilt_field((name,), "invites to events and messages")
    return await invites.fetch(code, with_counts=with_counts)


@post("/invites/{code}")
async def use_invite(code: str, caller: Caller, data: UseInvite, invites: InviteService) -> InviteObject:  # noqa: ARG001
    """Join the guild that the invite is for."""
    return await invites.use(caller, code)


@delete("/invites/{code}", is_audited=True)
async def delete_invite(code: str, caller: Caller, invites: InviteService) -> InviteObject:
    """Take an invite back."""
    return await invites.delete(caller, code)


ROUTES: Final[Sequence[Route]] = (
    create_invite,
    list_channel_invites,
    list_guild_invites,
    get_invite,
    use_invite,
    delete_invite,
)

"""/guilds/{guild}/channels and /channels/{channel}."""

from collections.abc import Sequence
from typing import Annotated, Final

from msgspec import Meta

from api.http.parameters import SnowflakePath
from api.http.route import Route, delete, get, patch, post, put
from api.services.caller import Caller
from api.services.channels.channel_forms import ChannelPosition, CreateChannel, UpdateChannel
from api.services.channels.channel_positions import ChannelOrderService
from api.services.channels.channels import ChannelService
from api.services.images import IMAGE_BODY_BYTES
from core.wire.objects.channels.channel import ChannelObject, DirectChannelObject

AnyChannelObject = ChannelObject | DirectChannelObject


@get("/guilds/{guild_id}/channels")
async def list_channels(guild_id: SnowflakePath, caller: Caller, channels: ChannelService) -> list[ChannelObject]:
    """Show the guild's channels."""
    return await channels.fetch_all(caller, guild_id)


@post("/guilds/{guild_id}/channels", status=201, is_audited=True)
async def create_channel(
    guild_id: SnowflakePath, caller: Caller, data: CreateChannel, channels: ChannelService
) -> ChannelObject:
    """Make a channel."""
    return await channels.create(caller, guild_id, data)


@patch("/guilds/{guild_id}/channels", status=204)
async def move_channels(
    guild_id: SnowflakePath,
    caller: Caller,
    data: Annotated[list[ChannelPosition], Meta(max_length=1000)],
    channel_order: ChannelOrderService,
) -> None:
    """Move channels."""
    await channel_order.move(caller, guild_id, data)


@get("/channels/{channel_id}")
async def get_channel(channel_id: SnowflakePath, caller: Caller, channels: ChannelService) -> AnyChannelObject:
    """Show a channel."""
    return await channels.fetch(caller, channel_id)


@patch("/channels/{channel_id}", is_audited=True, max_body_bytes=IMAGE_BODY_BYTES)
async def update_channel(
    channel_id: SnowflakePath, caller: Caller, data: UpdateChannel, channels: ChannelService
) -> AnyChannelObject:
    """Change a channel."""
    return await channels.update(caller, channel_id, data)


@put("/channels/{channel_id}", is_audited=True, max_body_bytes=IMAGE_BODY_BYTES)
async def replace_channel(
    channel_id: SnowflakePath, caller: Caller, data: UpdateChannel, channels: ChannelService
) -> AnyChannelObject:
    """Change a channel, as older clients do."""
    return await channels.update(caller, channel_id, data)


@delete("/channels/{channel_id}", is_audited=True)
async def delete_channel(
    channel_id: SnowflakePath, caller: Caller, channels: ChannelService, *, silent: bool = False
) -> AnyChannelObject:
    """Delete a channel, close a direct one, or leave a group. With `silent` no message in the group tells of it."""
    return await channels.delete(caller, channel_id, is_silent=silent)


ROUTES: Final[Sequence[Route]] = (
    list_channels,
    create_channel,
    move_channels,
    get_channel,
    update_channel,
    replace_channel,
    delete_channel,
)

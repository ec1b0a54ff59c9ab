"""/users/@me/channels: direct-message channels."""

from collections.abc import Sequence
from typing import Final

from api.http.route import Route, get, post
from api.services.caller import Caller
from api.services.channels.direct_channels import DirectChannelService, OpenDirectChannel
from core.wire.objects.channel import DirectChannelObject


@post("/users/@me/channels")
async def open_direct_channel(
    data: OpenDirectChannel, caller: Caller, direct_channels: DirectChannelService
) -> DirectChannelObject:
    """The direct-message channel with somebody, made on first use."""
    return await direct_channels.open(caller.user, data)


@get("/users/@me/channels")
async def list_direct_channels(caller: Caller, direct_channels: DirectChannelService) -> list[DirectChannelObject]:
    """The caller's direct-message channels."""
    return await direct_channels.list_all(caller.user_id)


ROUTES: Final[Sequence[Route]] = (open_direct_channel, list_direct_channels)

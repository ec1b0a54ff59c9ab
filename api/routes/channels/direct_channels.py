"""/users/@me/channels and /channels/{channel}/recipients: direct channels and groups."""

from collections.abc import Sequence
from typing import Final

from api.http.parameters import SnowflakePath
from api.http.route import Route, delete, get, post, put
from api.services.caller import Caller
from api.services.channels.group_channels import GroupChannelService
from api.services.channels.private_channel_forms import AddRecipient, OpenPrivateChannel
from api.services.channels.private_channels import PrivateChannelService
from core.wire.objects.channels.channel import DirectChannelObject


@post("/users/@me/channels")
async def open_private_channel(
    data: OpenPrivateChannel, caller: Caller, private_channels: PrivateChannelService
) -> DirectChannelObject:
    """The direct channel with somebody, made on first use, or a new group of several friends."""
    return await private_channels.open(caller, data)


@get("/users/@me/channels")
async def list_private_channels(caller: Caller, private_channels: PrivateChannelService) -> list[DirectChannelObject]:
    """The direct channels and groups that the caller sees; none for bots."""
    return await private_channels.list_all(caller)


@put("/channels/{channel_id}/recipients/{user_id}", status=204)
async def add_recipient(
    channel_id: SnowflakePath,
    user_id: SnowflakePath,
    caller: Caller,
    data: AddRecipient,  # noqa: ARG001 - its fields are refused
    groups: GroupChannelService,
) -> None:
    """Add a friend to a group."""
    await groups.add(caller, channel_id, user_id)


@delete("/channels/{channel_id}/recipients/{user_id}", status=204)
async def remove_recipient(
    channel_id: SnowflakePath, user_id: SnowflakePath, caller: Caller, groups: GroupChannelService
) -> None:
    """Remove somebody from a group, as its owner, or leave it."""
    await groups.remove(caller, channel_id, user_id)


ROUTES: Final[Sequence[Route]] = (open_private_channel, list_private_channels, add_recipient, remove_recipient)

"""Private channels as their recipients reach them by `/channels/{channel}`: the direct ones, and groups."""

from api.services.caller import Caller
from api.services.channels.channel_forms import UpdateChannel
from api.services.channels.direct_channels import DirectChannelService
from api.services.channels.group_channels import GroupChannelService
from api.services.channels.private_channel_forms import OpenPrivateChannel
from core.domain.channels.channel import Channel, ChannelType
from core.domain.errors import DirectChannelAction, InvalidRecipients
from core.wire.objects.channels.channel import DirectChannelObject


class PrivateChannelService:
    """Leads each request to the kind of channel that it is about."""

    __slots__ = ("_directs", "_groups")

    def __init__(self, *, directs: DirectChannelService, groups: GroupChannelService) -> None:
        self._directs = directs
        self._groups = groups

    async def open(self, caller: Caller, form: OpenPrivateChannel) -> DirectChannelObject:
        """Open the direct channel with one other user, or make a group: of several, or of one whom oneself goes with.

        Raises:
            InvalidRecipients: nobody is asked for. As the two kinds' own methods.
        """
        others = [user_id for user_id in form.asked if user_id != caller.user_id]
        if not others:
            raise InvalidRecipients
        if len(others) == 1 and caller.user_id not in form.asked:
            return await self._directs.open(caller.user, others[0])
        return await self._groups.create(caller, others)

    async def list_all(self, caller: Caller) -> list[DirectChannelObject]:
        """Return the channels that the caller sees. A bot may have them without end, and sees none."""
        return [] if caller.is_bot else await self._directs.list_all(caller.user_id)

    async def show(self, caller: Caller, channel: Channel) -> DirectChannelObject:
        """Return a channel as the caller sees it."""
        return await self._directs.show(caller.user_id, channel)

    async def update(self, caller: Caller, channel: Channel, form: UpdateChannel) -> DirectChannelObject:
        """Change a group. Raises DirectChannelAction for a direct channel, which has nothing to change."""
        if channel.type == ChannelType.DM:
            raise DirectChannelAction
        return await self._groups.update(caller, channel.id, form)

    async def leave(self, caller: Caller, channel: Channel, *, is_silent: bool) -> DirectChannelObject:
        """Close a direct channel for the caller, or leave a group. With `is_silent` no message there tells of it."""
        if channel.type == ChannelType.DM:
            return await self._directs.close(caller, channel)
        return await self._groups.leave(caller, channel, is_silent=is_silent)

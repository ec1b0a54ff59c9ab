"""Statuses of voice channels: set by those who are there, or manage it, and shown to those who view it.

Source: Discord's documentation, "Set Voice Channel Status".
"""

from typing import Final

import msgspec

from api.services.caller import Caller
from api.services.entity_cache import EntityCache
from api.services.rights import confirm_rights, on_present_rights
from api.services.voice.voice_changes import VoiceChanges
from core.domain.channels.channel import ChannelType
from core.domain.errors import DomainError, Forbidden, Unavailable, WrongChannelType
from core.domain.guilds.permissions import Permission
from core.store.interfaces import Store
from core.wire.objects.guilds.voice_status import render_statuses

_encode: Final = msgspec.json.Encoder().encode


class VoiceStatusService:
    """Sets statuses, and lists them."""

    __slots__ = ("_changes", "_entities", "_store")

    def __init__(self, *, store: Store, entities: EntityCache, changes: VoiceChanges) -> None:
        self._store = store
        self._entities = entities
        self._changes = changes

    @on_present_rights
    async def set(self, caller: Caller, channel_id: int, status: str | None) -> None:
        """Set the status of a voice channel; none or an empty one removes it.

        Raises:
            UnknownChannel, MissingAccess, WrongChannelType
            Forbidden: without SET_VOICE_CHANNEL_STATUS, and for who is not in the channel without MANAGE_CHANNELS.
        """
        access = await self._entities.channel_access(caller.user_id, channel_id)
        if access.guild is None or access.channel.type != ChannelType.VOICE:
            raise WrongChannelType
        access.require(Permission.SET_VOICE_CHANNEL_STATUS)
        guild_id = access.channel.guild_id
        async with self._store.write(guilds=[guild_id]) as tx:
            await confirm_rights(tx, access.guild)
            state = await tx.voice_states.find(guild_id, caller.user_id)
            is_there = state is not None and state.channel_id == channel_id
            if not is_there and not access.permissions & Permission.MANAGE_CHANNELS:
                raise Forbidden
            await self._changes.set_status(tx, guild_id, channel_id, status or "")

    async def show(self, user_id: int, guild_id: int) -> bytes | None:
        """Return `d` of CHANNEL_STATUSES, with the channels that the user views. None for who is no member.

        Raises:
            Unavailable
        """
        try:
            access = await self._entities.access(user_id, guild_id)
        except Unavailable:
            raise
        except DomainError:
            return None
        viewed = {channel.id for channel in access.entry.channels.values() if access.can_view(channel)}
        statuses = await self._store.voice_statuses.list_of_guild(guild_id)
        return _encode(render_statuses(guild_id, [each for each in statuses if each.channel_id in viewed]))

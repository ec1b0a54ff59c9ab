"""Statuses of voice channels."""

from typing import Protocol

from core.domain.guilds.voice_status import VoiceStatus


class VoiceStatusReader(Protocol):
    async def list_of_guild(self, guild_id: int) -> list[VoiceStatus]:
        """Return the statuses of the guild's channels, by ascending channel id."""


class VoiceStatusWriter(VoiceStatusReader, Protocol):
    async def put(self, status: VoiceStatus) -> bool:
        """Set the status of its channel. Return whether it was another one."""

    async def remove(self, channel_id: int) -> bool:
        """Remove the channel's status. Return whether there was one."""

    async def remove_if_left(self, channel_id: int) -> bool:
        """Remove the channel's status if nobody is in voice there. Return whether one was removed."""

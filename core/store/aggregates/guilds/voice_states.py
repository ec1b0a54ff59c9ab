"""Voice states. Their channel takes them along when it is deleted."""

from typing import Protocol

from core.domain.guilds.voice_state import VoiceState


class VoiceStateReader(Protocol):
    async def find(self, guild_id: int, user_id: int) -> VoiceState | None: ...

    async def list_of_channel(self, channel_id: int) -> list[VoiceState]:
        """Return who is in the channel, by ascending user id."""

    async def count_in_channel(self, channel_id: int) -> int: ...

    async def list_page(self, *, after: tuple[int, int] = (0, 0), limit: int = 1000) -> list[VoiceState]:
        """Return voice states of all guilds, by guild and user, behind the (guild id, user id) of `after`."""


class VoiceStateWriter(VoiceStateReader, Protocol):
    async def put(self, state: VoiceState) -> None:
        """Set the user's voice state in the guild."""

    async def remove(self, guild_id: int, user_id: int) -> VoiceState | None:
        """Remove the user's voice state, and return it. None when there was none."""

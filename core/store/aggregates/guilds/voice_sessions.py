"""The log of voice: stays that are over."""

from typing import Protocol

from core.domain.guilds.voice_session import VoiceSession


class VoiceSessionReader(Protocol):
    async def list_page(
        self,
        guild_id: int,
        *,
        before_ms: int | None = None,
        limit: int,
        user_id: int | None = None,
        channel_id: int | None = None,
    ) -> list[VoiceSession]:
        """List a guild's stays by their beginning, newest first: those that began before a moment, of a user, in a
        channel.
        """


class VoiceSessionWriter(VoiceSessionReader, Protocol):
    async def put(self, session: VoiceSession) -> None:
        """Add a stay. One with measures takes the place of the same one without; the other way nothing is changed."""

    async def remove_older(self, ended_before_ms: int, *, limit: int) -> int:
        """Remove stays of all guilds that ended before a moment, so many at a time; return how many."""

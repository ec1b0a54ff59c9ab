"""The users who may not come back into a guild."""

from typing import Protocol

from core.domain.guilds.member import Ban


class BanReader(Protocol):
    async def find(self, guild_id: int, user_id: int) -> Ban | None: ...

    async def list_page(
        self, guild_id: int, *, before: int | None = None, after: int | None = None, limit: int = 1000
    ) -> list[Ban]:
        """List bans by ascending user id (with `before`: the last `limit` below it, still ascending)."""


class BanWriter(BanReader, Protocol):
    async def put(self, guild_id: int, user_id: int, reason: str | None) -> bool:
        """Add a ban; return whether it is new. Raises UnknownUser."""

    async def delete(self, guild_id: int, user_id: int) -> None:
        """Remove a ban. Raises UnknownBan."""

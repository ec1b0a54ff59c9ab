"""Guilds, with their roles and channels as one snapshot."""

from collections.abc import Collection
from typing import Protocol

from core.domain.guilds.guild import Guild, GuildSnapshot
from core.domain.guilds.member import Member
from core.store.aggregates.changes import Changes


class GuildReader(Protocol):
    async def find(self, guild_id: int) -> Guild | None: ...

    async def load_snapshot(self, guild_id: int) -> GuildSnapshot | None:
        """Return guild, roles, channels, member count and revision, read in one transaction. Who is in voice is not."""

    async def load_snapshots(self, guild_ids: Collection[int]) -> dict[int, GuildSnapshot]:
        """Return the snapshots of guilds with who is in voice, each of one instant, in few trips.

        Unknown guilds are absent.
        """

    async def list_of_user(
        self, user_id: int, *, before: int | None = None, after: int | None = None, limit: int = 200
    ) -> list[tuple[Guild, Member]]:
        """Return the user's guilds by ascending id (with `before`: the last `limit` below it, still ascending)."""

    async def list_ids_of_user(self, user_id: int) -> list[int]: ...

    async def list_page(self, *, search: str = "", after: int = 0, limit: int) -> list[Guild]:
        """List guilds by ascending id, from above `after`: those whose name has the text, or all."""

    async def list_ids_of_owner(self, user_id: int) -> list[int]:
        """List the guilds that a user owns, by ascending id."""

    async def find_by_vanity_code(self, code: str) -> Guild | None: ...

    async def count_vanity_uses(self, guild_id: int) -> int:
        """Return how often the guild's vanity code was used, 0 for an unknown guild."""


class GuildWriter(GuildReader, Protocol):
    async def create(self, guild: Guild) -> None: ...

    async def update(self, guild_id: int, changes: Changes) -> Guild:
        """Change a guild. A new `vanity_url_code` has no uses. Raises UnknownGuild; Invalid when the code is taken."""

    async def use_vanity_code(self, guild_id: int, code: str) -> None:
        """Add one use. Raises UnknownInvite when the guild has another code, or none."""

    async def delete(self, guild_id: int) -> None:
        """Delete a guild with its contents. Messages stay, unreachable. Raises UnknownGuild."""

"""The memberships of users in guilds."""

from collections.abc import Collection, Sequence
from typing import Protocol

from core.domain.guilds.member import Member
from core.store.aggregates.changes import Changes


class MemberReader(Protocol):
    async def find(self, guild_id: int, user_id: int) -> Member | None: ...

    async def find_many(self, guild_id: int, user_ids: Collection[int]) -> list[Member]: ...

    async def list_page(self, guild_id: int, *, after: int = 0, limit: int = 1000) -> list[Member]:
        """Return members by ascending user id."""

    async def list_all(self, guild_ids: Collection[int]) -> dict[int, list[Member]]:
        """Return all members of small guilds, by ascending user id, in few trips. Unknown guilds are absent."""

    async def search(self, guild_id: int, prefix: str, limit: int) -> list[Member]:
        """Return members whose nick, global name or username starts with `prefix`, without case; "" finds everybody.

        They come by ascending user id. When more than `limit` match, a small guild returns the first, a large one any.
        """

    async def count(self, guild_id: int) -> int:
        """Return the number of members, which is stored and not counted."""

    async def count_by_role(self, guild_id: int) -> dict[int, int]: ...

    async def list_ids_of_role(self, guild_id: int, role_id: int, *, limit: int) -> list[int]:
        """Return ids of members with this role, by ascending id."""

    async def list_prunable(self, guild_id: int, *, inactive_since_ms: int, role_ids: Collection[int]) -> list[int]:
        """Return ids of members without roles (besides `role_ids`) who were not seen since; no bots and no owner."""

    async def list_temporary(self, user_id: int) -> list[int]:
        """Return guild ids of the user's temporary memberships without roles; no guilds that the user owns."""


class MemberWriter(MemberReader, Protocol):
    async def add(
        self,
        guild_id: int,
        user_id: int,
        *,
        joined_ms: int,
        role_ids: Sequence[int] = (),
        is_temporary: bool = False,
    ) -> Member | None:
        """Return the new member, None when the user is one already. A timeout goes on. Raises UnknownUser."""

    async def add_many(self, added: Sequence[Member]) -> None:
        """Add members in bulk, who must be users and new to the guild. Raises Conflict if not."""

    async def update(self, guild_id: int, user_id: int, changes: Changes) -> Member:
        """Change a member; `role_ids` replaces the whole set. Raises UnknownMember."""

    async def add_role(self, guild_id: int, user_id: int, role_id: int) -> Member: ...

    async def remove_role(self, guild_id: int, user_id: int, role_id: int) -> Member: ...

    async def remove(self, guild_id: int, user_id: int) -> Member:
        """Raises UnknownMember."""

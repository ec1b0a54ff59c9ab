"""The roles of guilds, which are read with their guild."""

from typing import Protocol

from core.domain.guilds.role import Role
from core.store.aggregates.changes import Changes


class RoleWriter(Protocol):
    async def create(self, role: Role) -> None: ...

    async def find(self, role_id: int) -> Role | None: ...

    async def list_of_guild(self, guild_id: int) -> list[Role]: ...

    async def update(self, role_id: int, changes: Changes) -> Role:
        """Raises UnknownRole."""

    async def delete(self, role_id: int) -> None:
        """Delete a role, and take it from members and overwrites. Raises UnknownRole."""

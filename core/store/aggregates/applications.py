"""Applications, to which bots belong."""

from typing import Protocol

from core.domain.application import Application
from core.store.aggregates.changes import Changes


class ApplicationReader(Protocol):
    async def find(self, application_id: int) -> Application | None: ...

    async def find_by_bot(self, bot_id: int) -> Application | None: ...

    async def list_by_owner(self, owner_id: int) -> list[Application]: ...

    async def count_guilds(self, bot_id: int) -> int: ...

    async def list_in_guild(self, guild_id: int) -> list[Application]:
        """Return the applications whose bots are members of the guild, by ascending id."""


class ApplicationWriter(ApplicationReader, Protocol):
    async def create(self, application: Application) -> None: ...

    async def update(self, application_id: int, changes: Changes) -> Application:
        """Raises UnknownApplication."""

"""Invites into guilds."""

from typing import Protocol

from core.domain.guilds.member import Invite


class InviteReader(Protocol):
    async def find(self, code: str) -> Invite | None: ...

    async def list_of_guild(self, guild_id: int) -> list[Invite]: ...

    async def list_of_channel(self, channel_id: int) -> list[Invite]: ...


class InviteWriter(InviteReader, Protocol):
    async def create(self, invite: Invite) -> None: ...

    async def count_use(self, code: str) -> Invite:
        """Add one use. Raises UnknownInvite."""

    async def delete(self, code: str) -> Invite:
        """Raises UnknownInvite."""

"""Channels of guilds and direct channels."""

from typing import Protocol

from core.domain.channels.channel import Channel, Overwrite
from core.store.aggregates.changes import Changes


class ChannelReader(Protocol):
    async def find(self, channel_id: int) -> Channel | None: ...

    async def find_direct(self, user_a: int, user_b: int) -> Channel | None:
        """Return the direct-message channel of two users."""

    async def list_direct(self, user_id: int) -> list[Channel]:
        """List the direct channels and groups that the user sees, by ascending id."""


class ChannelWriter(ChannelReader, Protocol):
    async def create(self, channel: Channel) -> None: ...

    async def update(self, channel_id: int, changes: Changes) -> Channel:
        """Raises UnknownChannel."""

    async def put_overwrite(self, channel_id: int, overwrite: Overwrite) -> Channel: ...

    async def delete_overwrite(self, channel_id: int, overwrite_id: int) -> Channel:
        """Raises UnknownOverwrite."""

    async def delete(self, channel_id: int) -> None:
        """Delete a channel. Children of a category stay, without a parent. Raises UnknownChannel."""

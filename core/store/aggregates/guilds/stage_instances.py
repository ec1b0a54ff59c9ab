"""Stage instances, by channel. A guild's snapshot has its own."""

from typing import Protocol

from core.domain.guilds.stage_instance import StageInstance


class StageInstanceReader(Protocol):
    async def find(self, channel_id: int) -> StageInstance | None: ...


class StageInstanceWriter(StageInstanceReader, Protocol):
    async def put(self, stage: StageInstance) -> None:
        """Set the stage instance of its channel."""

    async def remove(self, channel_id: int) -> StageInstance | None:
        """Remove the channel's stage instance, and return it. None when there was none."""

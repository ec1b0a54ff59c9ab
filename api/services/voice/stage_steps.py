"""The steps by which stage instances change: the one place that writes their rows, each with its event.

All methods are steps of a caller's unit of work, which names the guild. The caller checks the rights.
"""

import msgspec

from api.services.announcements import channel_event
from api.services.ids import IdSource
from core.domain.errors import StageIsOpen, UnknownStageInstance
from core.domain.events import STAGE_INSTANCE_CREATE, STAGE_INSTANCE_DELETE, STAGE_INSTANCE_UPDATE
from core.domain.guilds.stage_instance import StageInstance
from core.store.aggregates.changes import Changes
from core.store.interfaces import Transaction
from core.wire.objects.guilds.stage_instance import render_stage_instance


class StageSteps:
    """Opens stages, and closes them."""

    __slots__ = ("_ids",)

    def __init__(self, *, ids: IdSource) -> None:
        self._ids = ids

    async def open(self, tx: Transaction, guild_id: int, channel_id: int, topic: str) -> StageInstance:
        """Open a stage. Raises StageIsOpen."""
        if await tx.stage_instances.find(channel_id) is not None:
            raise StageIsOpen
        stage = StageInstance(id=self._ids.next(), guild_id=guild_id, channel_id=channel_id, topic=topic)
        await tx.stage_instances.put(stage)
        self._tell(tx, STAGE_INSTANCE_CREATE, stage)
        return stage

    async def change(self, tx: Transaction, channel_id: int, changes: Changes) -> StageInstance:
        """Change a stage. Raises UnknownStageInstance."""
        before = await tx.stage_instances.find(channel_id)
        if before is None:
            raise UnknownStageInstance
        after = msgspec.structs.replace(before, **changes)
        if after != before:
            await tx.stage_instances.put(after)
            self._tell(tx, STAGE_INSTANCE_UPDATE, after)
        return after

    async def close(self, tx: Transaction, channel_id: int) -> StageInstance | None:
        """Close a stage, and return it. None when it was not open."""
        stage = await tx.stage_instances.remove(channel_id)
        if stage is not None:
            self._tell(tx, STAGE_INSTANCE_DELETE, stage)
        return stage

    def _tell(self, tx: Transaction, event: str, stage: StageInstance) -> None:
        payload = render_stage_instance(stage)
        tx.announce(channel_event(self._ids.next(), event, stage.guild_id, stage.channel_id, payload))

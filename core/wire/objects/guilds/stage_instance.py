"""Stage instances on the wire."""

import msgspec

from core.domain.guilds.stage_instance import StageInstance


class StageInstanceObject(msgspec.Struct, kw_only=True):
    """A stage instance (StageInstanceResponse), and `d` of its events."""

    id: str
    guild_id: str
    channel_id: str
    topic: str
    privacy_level: int
    discoverable_disabled: bool = True
    guild_scheduled_event_id: str | None = None


def render_stage_instance(stage: StageInstance) -> StageInstanceObject:
    """Return the object."""
    return StageInstanceObject(
        id=str(stage.id),
        guild_id=str(stage.guild_id),
        channel_id=str(stage.channel_id),
        topic=stage.topic,
        privacy_level=stage.privacy_level,
    )

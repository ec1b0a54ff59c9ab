"""Bodies of requests about stage instances."""

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, UnsetType

from api.forms.form import SnowflakeField
from api.forms.marks import text, unbuilt
from core.domain import texts
from core.domain.guilds.stage_instance import PrivacyLevel

StageTopic = Annotated[str, text(texts.STAGE_TOPIC)]


class CreateStageInstance(msgspec.Struct, kw_only=True):
    """POST /stage-instances."""

    channel_id: SnowflakeField
    topic: StageTopic
    privacy_level: PrivacyLevel | None = None
    send_start_notification: bool | None = None
    guild_scheduled_event_id: Annotated[Any, unbuilt("scheduled events")] = None


class UpdateStageInstance(msgspec.Struct, kw_only=True):
    """PATCH /stage-instances/{channel}."""

    topic: StageTopic | UnsetType = UNSET
    privacy_level: PrivacyLevel | UnsetType = UNSET

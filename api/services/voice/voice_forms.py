"""Bodies of requests about voice states and statuses."""

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from api.forms.form import SnowflakeField
from api.forms.marks import text
from api.forms.moments import Moment
from core.domain import texts


class SetVoiceStatus(msgspec.Struct, kw_only=True):
    """PUT /channels/{channel}/voice-status."""

    status: Annotated[str, text(texts.VOICE_STATUS)] | None = None


class UpdateVoiceState(msgspec.Struct, kw_only=True):
    """PATCH /guilds/{guild}/voice-states/{user}."""

    channel_id: SnowflakeField | UnsetType | None = UNSET
    suppress: bool | UnsetType | None = UNSET


class UpdateOwnVoiceState(UpdateVoiceState, kw_only=True):
    """PATCH /guilds/{guild}/voice-states/@me."""

    request_to_speak_timestamp: Moment | UnsetType | None = UNSET


class JoinVoice(msgspec.Struct, kw_only=True):
    """POST /voice/{channel}/join. A flag that is not given stays as it is."""

    session_id: Annotated[str, Meta(pattern=r"^[0-9A-Za-z]{1,64}\Z")]
    """The gateway session that the voice state is to belong to."""
    self_mute: bool | None = None
    self_deaf: bool | None = None
    self_video: bool | None = None
    self_stream: bool | None = None


class ChangeOwnVoice(msgspec.Struct, kw_only=True):
    """PATCH /voice/state. Without a guild it is about the call."""

    guild_id: SnowflakeField | None = None
    self_mute: bool | None = None
    self_deaf: bool | None = None
    self_video: bool | None = None
    self_stream: bool | None = None

"""Bodies of requests about voice states and statuses."""

import datetime as dt
from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType

from api.forms.form import SnowflakeField
from api.forms.marks import text
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

    request_to_speak_timestamp: dt.datetime | UnsetType | None = UNSET

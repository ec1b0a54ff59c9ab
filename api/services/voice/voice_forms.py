"""Bodies of requests about voice states."""

import datetime as dt

import msgspec
from msgspec import UNSET, UnsetType

from api.forms.form import SnowflakeField


class UpdateVoiceState(msgspec.Struct, kw_only=True):
    """PATCH /guilds/{guild}/voice-states/{user}."""

    channel_id: SnowflakeField | UnsetType | None = UNSET
    suppress: bool | UnsetType | None = UNSET


class UpdateOwnVoiceState(UpdateVoiceState, kw_only=True):
    """PATCH /guilds/{guild}/voice-states/@me."""

    request_to_speak_timestamp: dt.datetime | UnsetType | None = UNSET

"""Bodies of requests about calls."""

from typing import Annotated, Final

import msgspec
from msgspec import UNSET, Meta, UnsetType

from api.forms.form import SnowflakeField
from api.services.voice_regions import RtcRegion

_MOST_RECIPIENTS: Final = 1000
"""More than any setting of groups allows."""


class ChangeCallForm(msgspec.Struct, kw_only=True):
    """PATCH /channels/{channel}/call."""

    region: RtcRegion | UnsetType | None = UNSET


class RingForm(msgspec.Struct, kw_only=True):
    """POST /channels/{channel}/call/ring and …/stop-ringing."""

    recipients: Annotated[list[SnowflakeField], Meta(max_length=_MOST_RECIPIENTS)] | None = None

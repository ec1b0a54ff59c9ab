"""Bodies of requests about calls."""

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from api.forms.form import SnowflakeField

_MOST_RECIPIENTS: Final = 1000
"""More than any setting of groups allows."""


class RingForm(msgspec.Struct, kw_only=True):
    """POST /channels/{channel}/call/ring and …/stop-ringing."""

    recipients: Annotated[list[SnowflakeField], Meta(max_length=_MOST_RECIPIENTS)] | None = None

"""What clients say about what their people have read."""

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from api.forms.form import SnowflakeField
from core.domain.ids import MAX_SNOWFLAKE

_MAX_BULK: Final = 100
_MAX_COUNT: Final = (1 << 31) - 1
"""What a column of counts holds."""

OF_CHANNEL: Final = 0
"""The kind of read states that channels have. The others are of things that this server does not have."""

Count = Annotated[int, Meta(ge=0, le=_MAX_COUNT)]
Wide = Annotated[int, Meta(ge=0, le=MAX_SNOWFLAKE)]


class AckMessage(msgspec.Struct, kw_only=True):
    """POST /channels/{channel_id}/messages/{message_id}/ack."""

    token: str | None = None
    """What an earlier ack has answered, which is always null."""
    manual: bool | None = None
    mention_count: Count | None = None
    flags: Wide | None = None
    last_viewed: Wide | None = None


class BulkEntry(msgspec.Struct, kw_only=True):
    """One channel of a bulk ack."""

    channel_id: SnowflakeField
    message_id: SnowflakeField
    read_state_type: Count = OF_CHANNEL


class AckBulk(msgspec.Struct, kw_only=True):
    """POST /read-states/ack-bulk."""

    read_states: Annotated[list[BulkEntry], Meta(max_length=_MAX_BULK)]


class ForgetReadState(msgspec.Struct, kw_only=True):
    """DELETE /channels/{channel_id}/messages/ack."""

    version: Count | None = None
    """The version of the form, which has one shape here."""
    read_state_type: Count = OF_CHANNEL


class UpdateReadReceipts(msgspec.Struct, kw_only=True):
    """PATCH /users/@me/read-receipts."""

    enabled: bool

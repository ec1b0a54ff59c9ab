"""Bodies of requests about invites."""

from typing import Annotated

import msgspec
from msgspec import Meta

from api.forms import SnowflakeField


class CreateInvite(msgspec.Struct, kw_only=True):
    """POST /channels/{channel}/invites."""

    max_age: Annotated[int, Meta(ge=0, le=5_184_000)] | None = None
    max_uses: Annotated[int, Meta(ge=0, le=100)] | None = None
    temporary: bool | None = None
    unique: bool | None = None
    target_type: int | None = None
    target_user_id: SnowflakeField | None = None
    target_application_id: SnowflakeField | None = None


class UseInvite(msgspec.Struct, kw_only=True):
    """POST /invites/{code}; what Discord's client sends there is not needed."""

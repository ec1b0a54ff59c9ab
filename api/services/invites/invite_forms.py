"""Bodies of requests about invites."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from api.forms.form import SnowflakeField
from api.forms.marks import as_set, unbuilt

MAX_ROLES = 250
Target = Annotated[Any, unbuilt("invites to streams and activities")]


class CreateInvite(msgspec.Struct, kw_only=True):
    """POST /channels/{channel}/invites."""

    max_age: Annotated[int, Meta(ge=0, le=5_184_000)] | None = None
    max_uses: Annotated[int, Meta(ge=0, le=100)] | None = None
    temporary: bool | None = None
    unique: bool | None = None
    target_type: Target = None
    target_user_id: Target = None
    target_application_id: Target = None
    role_ids: Annotated[list[SnowflakeField], as_set(MAX_ROLES)] | str | None = None
    """The roles of members who join by the invite. HTML forms send a text with commas."""


class UseInvite(msgspec.Struct, kw_only=True):
    """POST /invites/{code}. The fields that Discord's client sends are not needed."""

"""Errors as REST answers them."""

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType


class ErrorObject(msgspec.Struct, kw_only=True):
    """ErrorResponse. `errors.<path>._errors[]` are a field's faults, each with a code (a text) and a message."""

    message: str
    code: int
    errors: dict[str, Any] | UnsetType = UNSET


class RateLimitErrorObject(msgspec.Struct, kw_only=True):
    """RatelimitedResponse. `retry_after` is in seconds."""

    message: str
    code: int
    retry_after: float
    global_: bool = msgspec.field(name="global")

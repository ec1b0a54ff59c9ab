"""The changes of an entity that a PATCH body asks for. Each field has its own meaning of null."""

from collections.abc import Collection
from typing import Any

import msgspec
from msgspec import UNSET

from core.domain.errors import invalid_field


def pick_changes(form: msgspec.Struct, fields: Collection[str], *, clearable: Collection[str] = ()) -> dict[str, Any]:
    """Return the fields of the form that were given. Clients send null for "not given", save for `clearable` fields."""
    changes: dict[str, Any] = {}
    for field in (*fields, *clearable):
        value = getattr(form, field)
        if value is UNSET or (value is None and field not in clearable):
            continue
        changes[field] = value
    return changes


def merge_flags(given: int, current: int, *, settable: int) -> int:
    """Return `current` with the settable bits of `given`. The other bits are not the caller's, and stay.

    Clients send back the flags that they read, so a bit that is set already may be given.

    Raises:
        Invalid: naming `flags`, when `given` sets another bit.
    """
    refused = given & ~(current | settable)
    if refused:
        raise invalid_field("flags", "BASE_TYPE_CHOICES", f"Flags {refused} cannot be set here.")
    return current & ~settable | given & settable

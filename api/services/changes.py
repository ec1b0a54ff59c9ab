"""From a PATCH body to an entity's changes: which fields were given, and what null means for each."""

from collections.abc import Collection
from typing import Any

import msgspec
from msgspec import UNSET

from core.domain.errors import invalid_field


def pick_changes(form: msgspec.Struct, fields: Collection[str], *, clearable: Collection[str] = ()) -> dict[str, Any]:
    """The fields of the form that were given. Null means "not given" (clients send it so), save for `clearable` ones."""
    changes: dict[str, Any] = {}
    for field in (*fields, *clearable):
        value = getattr(form, field)
        if value is UNSET or (value is None and field not in clearable):
            continue
        changes[field] = value
    return changes


def merge_flags(given: int, current: int, *, settable: int) -> int:
    """`current` with what `given` says of the bits that can be set; the others stay, as they are not the caller's.

    Clients send back what they read, so a bit that is set already may be given whatever it is.

    Raises:
        Invalid: naming `flags`, when a bit is to be set that cannot be.
    """
    refused = given & ~(current | settable)
    if refused:
        raise invalid_field("flags", "BASE_TYPE_CHOICES", f"Flags {refused} cannot be set here.")
    return current & ~settable | given & settable

"""From a PATCH body to an entity's changes: which fields were given, and what null means for each."""

from collections.abc import Collection
from typing import Any

import msgspec
from msgspec import UNSET


def pick_changes(form: msgspec.Struct, fields: Collection[str], *, clearable: Collection[str] = ()) -> dict[str, Any]:
    """The fields of the form that were given. Null means "not given" (clients send it so), save for `clearable` ones."""
    changes: dict[str, Any] = {}
    for field in (*fields, *clearable):
        value = getattr(form, field)
        if value is UNSET or (value is None and field not in clearable):
            continue
        changes[field] = value
    return changes

"""When a person was last seen, on the wire: an object of our own."""

from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType

from core.domain.people.last_seen import LastSeen, SeenBy
from core.wire.times import iso_time

SeenByName = Literal["friends", "acquaintances"]

SEEN_BY: dict[SeenByName, SeenBy] = {"friends": SeenBy.FRIENDS, "acquaintances": SeenBy.ACQUAINTANCES}
_NAMES: dict[int, SeenByName] = {number: name for name, number in SEEN_BY.items()}


class LastSeenObject(msgspec.Struct, kw_only=True):
    """GET /users/{id}/last-seen. Without a time the caller is not shown one, or there is none."""

    user_id: str
    last_seen: str | None
    seen_by: SeenByName | UnsetType | None = UNSET
    """To the person itself: who is shown the time, None when nobody is."""


def render_last_seen(user_id: int, shown: LastSeen | None) -> LastSeenObject:
    """Return what others are shown."""
    seen_ms = None if shown is None else shown.seen_ms
    return LastSeenObject(user_id=str(user_id), last_seen=None if seen_ms is None else iso_time(seen_ms))


def render_own_last_seen(user_id: int, kept: LastSeen | None) -> LastSeenObject:
    """Return what the person itself is shown."""
    shown = render_last_seen(user_id, kept)
    shown.seen_by = None if kept is None else _NAMES[kept.seen_by]
    return shown

"""When a person was last seen: the moment from which others have seen it as offline. Kept for who wants it shown.

An invisible session is never seen, so what it does moves nothing: the time is that of the last change from a status
that others saw to none.
"""

import enum

import msgspec


class SeenBy(enum.IntEnum):
    """Who is shown when a person was last seen. The numbers are stored."""

    FRIENDS = 1
    ACQUAINTANCES = 2
    """Friends, and who shares a guild with the person."""


class LastSeen(msgspec.Struct, kw_only=True, frozen=True):
    """A person that wants to be shown as last seen."""

    user_id: int
    seen_by: int = SeenBy.FRIENDS
    seen_ms: int | None = None
    """None when the person has not gone offline since it wants that."""

"""Suspensions: accounts that may not log in until staff lets them again. What they wrote stays."""

import msgspec


class Suspension(msgspec.Struct, kw_only=True, frozen=True):
    """The suspension of one account."""

    user_id: int
    actor_id: int
    """The member of staff who did it."""
    since_ms: int
    reason: str | None = None

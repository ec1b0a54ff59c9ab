"""The instance's log of what its staff did: who, what, to whom, when, why. Entries are added and never changed."""

from collections.abc import Mapping

import msgspec


class InstanceLogEntry(msgspec.Struct, kw_only=True, frozen=True):
    """One action."""

    id: int
    """A snowflake, so that entries are in the order of their time."""
    at_ms: int
    actor_id: int
    """The member of staff; `OPERATOR_ID` for who did it from the server's machine."""
    action: str
    """What was done, as `user.suspend`."""
    target: str
    """The id or the code of what it was done to; "" for the whole server."""
    reason: str | None = None
    details: Mapping[str, str] = {}
    """What else is to be known, never a secret."""

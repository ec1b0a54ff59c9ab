"""Instance staff: accounts that administer the server, each with a role, and the tokens by which they do it."""

from typing import Final, Literal

import msgspec

StaffRole = Literal["reader", "moderator", "owner"]
"""A reader looks, a moderator suspends and ends sessions besides, an owner does everything."""

_RANKS: Final[tuple[StaffRole, ...]] = ("reader", "moderator", "owner")

OPERATOR_ID: Final = 0
"""The id, in logs, of whoever administers the server from its own machine. No account has it."""


class StaffMember(msgspec.Struct, kw_only=True, frozen=True):
    """An account with a role."""

    user_id: int
    role: StaffRole
    since_ms: int


class StaffToken(msgspec.Struct, kw_only=True, frozen=True):
    """The row of a token. The token itself is never stored, only its SHA-256."""

    id: int
    user_id: int
    token_hash: bytes
    created_ms: int
    expires_ms: int
    """0 for a token that does not expire."""

    def is_expired(self, now_ms: int) -> bool:
        """Tell whether it is of no use any more."""
        return 0 < self.expires_ms <= now_ms


def has_rank(role: StaffRole, least: StaffRole) -> bool:
    """Tell whether a role may do what the other may."""
    return _RANKS.index(role) >= _RANKS.index(least)

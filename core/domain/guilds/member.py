"""Memberships of users in guilds, bans, and invites."""

from typing import Final

import msgspec

from core.domain.people.user import User

BYPASSES_VERIFICATION: Final = 1 << 2
"""The flag of a member whom the guild's verification level does not hold back."""


class Member(msgspec.Struct, kw_only=True, frozen=True):
    """A membership. `role_ids` never holds @everyone."""

    guild_id: int
    user: User
    joined_ms: int
    role_ids: tuple[int, ...] = ()
    nick: str | None = None
    avatar: str | None = None
    banner: str | None = None
    bio: str = ""
    pronouns: str = ""
    mute: bool = False
    deaf: bool = False
    pending: bool = False
    flags: int = 0
    timeout_until_ms: int = 0
    """The end of the time in which the member may only view and read; 0 = no timeout."""
    is_temporary: bool = False
    """Whether the member came by a temporary invite, and so leaves on going offline without a role."""


class Ban(msgspec.Struct, kw_only=True, frozen=True):
    """A user who may not come back."""

    guild_id: int
    user: User
    reason: str | None = None


class Invite(msgspec.Struct, kw_only=True, frozen=True):
    """A code that lets people in. `max_age_s` and `max_uses` of 0 mean no limit."""

    code: str
    guild_id: int
    channel_id: int
    inviter_id: int | None = None
    created_ms: int = 0
    max_age_s: int = 86_400
    max_uses: int = 0
    uses: int = 0
    temporary: bool = False
    role_ids: tuple[int, ...] = ()
    """The roles that a new member gets, as far as they still exist."""

    def is_expired(self, now_ms: int) -> bool:
        """Return whether the invite's age or uses have run out."""
        too_old = self.max_age_s > 0 and now_ms >= self.created_ms + self.max_age_s * 1000
        return too_old or (self.max_uses > 0 and self.uses >= self.max_uses)

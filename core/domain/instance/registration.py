"""Who may register, as staff has set it, and the invites to register that staff makes."""

from typing import Literal

import msgspec

RegistrationMode = Literal["open", "invite", "closed"]


class RegistrationInvite(msgspec.Struct, kw_only=True, frozen=True):
    """An invite to register. Each account that is made with it is a use."""

    code: str
    creator_id: int
    """The member of staff who made it."""
    created_ms: int
    expires_ms: int
    """0 for an invite that does not expire."""
    max_uses: int
    uses: int = 0

    def is_good(self, now_ms: int) -> bool:
        """Tell whether somebody may register with it."""
        return self.uses < self.max_uses and not 0 < self.expires_ms <= now_ms

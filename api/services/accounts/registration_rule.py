"""Who may make an account: everybody, who has an invite, or nobody, as the operator says (`instance.registration`).

An invite is one to a guild that is good now, since Discord's clients send the code along by which somebody came; or one
of the operator's own codes. The registration uses up no invite: it is used when its guild is joined. Faults are told at
the field `email`, since people's clients show the field `invite` nowhere.
"""

import hmac
from collections.abc import Sequence
from typing import Final

from core.domain.errors import FieldError, Invalid
from core.runtime.clock import Clock
from core.runtime.settings.settings import InstanceSettings
from core.store.aggregates.guilds.invites import InviteReader

_FIELD: Final = ("email",)


class RegistrationRule:
    """The operator's rule."""

    __slots__ = ("_clock", "_codes", "_invites", "_mode")

    def __init__(self, *, settings: InstanceSettings, invites: InviteReader, clock: Clock) -> None:
        self._mode = settings.registration
        self._codes: Sequence[bytes] = [code.encode() for code in settings.registration_codes]
        self._invites = invites
        self._clock = clock

    async def check(self, code: str | None) -> None:
        """Check a registration that came with this code.

        Raises:
            Invalid: for the code of a closed server or of one that asks for an invite, REGISTRATION_DISABLED,
                INVITE_ONLY or INVITE_INVALID.
        """
        match self._mode:
            case "open":
                return
            case "closed":
                raise Invalid(FieldError(_FIELD, "REGISTRATION_DISABLED", "New registrations are closed."))
        if not code:
            raise Invalid(FieldError(_FIELD, "INVITE_ONLY", "This server wants an invite to register."))
        if not (self._is_own(code) or await self._is_good_invite(code)):
            raise Invalid(FieldError(_FIELD, "INVITE_INVALID", "The invite is unknown or has expired."))

    def _is_own(self, code: str) -> bool:
        """Compare with the operator's codes, each in a time that tells nothing about it."""
        typed = code.encode()
        return any(hmac.compare_digest(typed, each) for each in self._codes)

    async def _is_good_invite(self, code: str) -> bool:
        invite = await self._invites.find(code)
        return invite is not None and not invite.is_expired(self._clock.now_ms())

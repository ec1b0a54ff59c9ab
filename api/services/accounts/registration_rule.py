"""Who may make an account: everybody, who has an invite, or nobody. The settings say it (`instance.registration`),
until staff says otherwise.

An invite is one to register, which staff makes and which a registration uses up; or one to a guild that is good now,
since Discord's clients send the code along by which somebody came; or one of the operator's own codes. The registration
uses up none of the last two: that of a guild is used when its guild is joined. Faults are told at the field `email`,
since people's clients show the field `invite` nowhere.
"""

import hmac
from collections.abc import Sequence
from typing import Final

from core.domain.errors import FieldError, Invalid
from core.domain.instance.registration import RegistrationMode
from core.runtime.clock import Clock
from core.runtime.settings.settings import InstanceSettings
from core.store.interfaces import Store, Transaction

_FIELD: Final = ("email",)


class RegistrationRule:
    """The rule of this server."""

    __slots__ = ("_clock", "_codes", "_store", "configured")

    def __init__(self, *, settings: InstanceSettings, store: Store, clock: Clock) -> None:
        self.configured: RegistrationMode = settings.registration
        """The mode of the settings, which holds unless staff has set another."""
        self._codes: Sequence[bytes] = [code.encode() for code in settings.registration_codes]
        self._store = store
        self._clock = clock

    async def find_mode(self) -> RegistrationMode:
        """Return the mode that holds now."""
        return await self._store.registration.find_mode() or self.configured

    async def check(self, code: str | None) -> str | None:
        """Check a registration that came with this code; return the invite to register that it will use up, if any.

        Raises:
            Invalid: for the code of a closed server or of one that asks for an invite, REGISTRATION_DISABLED,
                INVITE_ONLY or INVITE_INVALID.
        """
        match await self.find_mode():
            case "open":
                return None
            case "closed":
                raise Invalid(FieldError(_FIELD, "REGISTRATION_DISABLED", "New registrations are closed."))
        if not code:
            raise Invalid(FieldError(_FIELD, "INVITE_ONLY", "This server wants an invite to register."))
        if self._is_own(code) or await self._is_good_invite(code):
            return None
        invite = await self._store.registration.find_invite(code)
        if invite is None or not invite.is_good(self._clock.now_ms()):
            raise _wrong_invite()
        return code

    async def use(self, tx: Transaction, code: str) -> None:
        """Use up an invite to register, in the registration's unit of work. Raises Invalid when others were faster."""
        if not await tx.registration.use_invite(code, self._clock.now_ms()):
            raise _wrong_invite()

    def _is_own(self, code: str) -> bool:
        """Compare with the operator's codes, each in a time that tells nothing about it."""
        typed = code.encode()
        return any(hmac.compare_digest(typed, each) for each in self._codes)

    async def _is_good_invite(self, code: str) -> bool:
        invite = await self._store.invites.find(code)
        return invite is not None and not invite.is_expired(self._clock.now_ms())


def _wrong_invite() -> Invalid:
    return Invalid(FieldError(_FIELD, "INVITE_INVALID", "The invite is unknown or has expired."))

"""Who may register, and invites to register, as instance staff sees and sets them."""

from collections.abc import Callable
from typing import Any, Final

from api.services.accounts.registration_rule import RegistrationRule
from api.services.administration.administration_forms import CreateRegistrationInvite, SetRegistration
from api.services.administration.staff_actions import StaffActions
from api.services.administration.staff_authenticator import Staff
from core.domain.instance.registration import RegistrationInvite
from core.runtime.clock import Clock
from core.store.interfaces import Store
from core.wire.objects.administration import RegistrationInviteObject, RegistrationObject, render_invite

_LETTERS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789"
"""Letters and digits that nobody takes for each other when they are read aloud."""
_CODE_LENGTH: Final = 16


class RegistrationAdministration:
    """Reads and changes the rule of registrations for staff."""

    __slots__ = ("_actions", "_choose", "_clock", "_rule", "_store")

    def __init__(
        self,
        *,
        store: Store,
        actions: StaffActions,
        rule: RegistrationRule,
        clock: Clock,
        choose: Callable[[str], Any],
    ) -> None:
        """`choose` picks a letter at random, unpredictably."""
        self._store = store
        self._actions = actions
        self._rule = rule
        self._clock = clock
        self._choose = choose

    async def fetch(self) -> RegistrationObject:
        """Return who may register."""
        return RegistrationObject(mode=await self._rule.find_mode(), configured=self._rule.configured)

    async def set_mode(self, staff: Staff, form: SetRegistration, reason: str | None) -> RegistrationObject:
        """Set who may register; null leaves it to the settings again."""
        details = {"mode": form.mode or "as the settings say"}
        async with self._actions.act(staff, "owner", "registration.set", reason=reason, details=details) as tx:
            await tx.registration.set_mode(form.mode)
        return await self.fetch()

    async def list_invites(self) -> list[RegistrationInviteObject]:
        """List the invites to register, oldest first, used up or not."""
        return [render_invite(invite) for invite in await self._store.registration.list_invites()]

    async def create_invite(
        self, staff: Staff, form: CreateRegistrationInvite, reason: str | None
    ) -> RegistrationInviteObject:
        """Make an invite to register."""
        now_ms = self._clock.now_ms()
        invite = RegistrationInvite(
            code="".join(self._choose(_LETTERS) for _ in range(_CODE_LENGTH)),
            creator_id=staff.actor_id,
            created_ms=now_ms,
            expires_ms=now_ms + form.max_age * 1000 if form.max_age else 0,
            max_uses=form.max_uses,
        )
        async with self._actions.act(staff, "moderator", "registration.invite", invite.code, reason=reason) as tx:
            await tx.registration.create_invite(invite)
        return render_invite(invite)

    async def delete_invite(self, staff: Staff, code: str, reason: str | None) -> None:
        """Revoke an invite to register. Raises UnknownInvite."""
        async with self._actions.act(staff, "moderator", "registration.revoke", code, reason=reason) as tx:
            await tx.registration.delete_invite(code)

"""The staff itself: who is on it, with which role, and their tokens. Owners change it, everybody on it sees it."""

from api.services.accounts.tokens import make_token
from api.services.administration.administration_forms import CreateStaffToken, PutStaffMember
from api.services.administration.staff_actions import StaffActions
from api.services.administration.staff_authenticator import Staff
from api.services.ids import IdSource
from core.domain.errors import AccountSuspended, UnknownStaffMember, UnknownUser, WrongAccountKind
from core.domain.instance.staff import StaffMember, StaffToken
from core.domain.tokens import hash_token
from core.runtime.clock import Clock
from core.runtime.randomness import Randomness
from core.store.interfaces import Store
from core.wire.objects.administration import StaffMemberObject, StaffTokenObject, render_member, render_token


class StaffAdministration:
    """Reads and changes the staff."""

    __slots__ = ("_actions", "_clock", "_ids", "_random", "_store")

    def __init__(self, *, store: Store, actions: StaffActions, ids: IdSource, clock: Clock, random: Randomness) -> None:
        self._store = store
        self._actions = actions
        self._ids = ids
        self._clock = clock
        self._random = random

    async def list_all(self) -> list[StaffMemberObject]:
        """List the staff by ascending id."""
        members = await self._store.staff.list_all()
        users = await self._store.users.find_many([member.user_id for member in members])
        return [render_member(each, users[each.user_id].username) for each in members if each.user_id in users]

    async def put(self, staff: Staff, user_id: int, form: PutStaffMember, reason: str | None) -> StaffMemberObject:
        """Add a person to the staff, or give another role. Raises UnknownUser, AccountSuspended, WrongAccountKind."""
        member = StaffMember(user_id=user_id, role=form.role, since_ms=self._clock.now_ms())
        unit = self._actions.act(
            staff, "owner", "staff.set", user_id, reason=reason, details={"role": form.role}, users=[user_id]
        )
        async with unit as tx:
            user = await tx.users.find(user_id)
            if user is None:
                raise UnknownUser
            if user.bot:
                raise WrongAccountKind
            if await tx.suspensions.find(user_id) is not None:
                raise AccountSuspended
            await tx.staff.put(member)
            present = await tx.staff.find(user_id)
        return render_member(present or member, user.username)

    async def remove(self, staff: Staff, user_id: int, reason: str | None) -> None:
        """Remove somebody from the staff, with all tokens. Raises UnknownStaffMember."""
        unit = self._actions.act(staff, "owner", "staff.remove", user_id, reason=reason, users=[user_id])
        async with unit as tx:
            if await tx.staff.find(user_id) is None:
                raise UnknownStaffMember
            await tx.staff.remove(user_id)

    async def list_tokens(self, user_id: int) -> list[StaffTokenObject]:
        """List the tokens of a member, without the tokens themselves. Raises UnknownStaffMember."""
        if await self._store.staff.find(user_id) is None:
            raise UnknownStaffMember
        return [render_token(token) for token in await self._store.staff.list_tokens(user_id)]

    async def create_token(
        self, staff: Staff, user_id: int, form: CreateStaffToken, reason: str | None
    ) -> StaffTokenObject:
        """Make a token for a member. Raises UnknownStaffMember, AccountSuspended."""
        now_ms = self._clock.now_ms()
        token = make_token(user_id, now_ms, self._random)
        row = StaffToken(
            id=self._ids.next(),
            user_id=user_id,
            token_hash=hash_token(token),
            created_ms=now_ms,
            expires_ms=now_ms + form.max_age * 1000 if form.max_age else 0,
        )
        details = {"token": str(row.id)}
        unit = self._actions.act(
            staff, "owner", "staff.create-token", user_id, reason=reason, details=details, users=[user_id]
        )
        async with unit as tx:
            if await tx.staff.find(user_id) is None:
                raise UnknownStaffMember
            if await tx.suspensions.find(user_id) is not None:
                raise AccountSuspended
            await tx.staff.add_token(row)
        return render_token(row, token)

    async def delete_token(self, staff: Staff, user_id: int, token_id: int, reason: str | None) -> None:
        """Revoke a token. Raises UnknownStaffToken."""
        details = {"token": str(token_id)}
        unit = self._actions.act(
            staff, "owner", "staff.revoke-token", user_id, reason=reason, details=details, users=[user_id]
        )
        async with unit as tx:
            await tx.staff.delete_token(token_id, user_id)

"""Accounts as instance staff sees them: found, made, given a new password, suspended."""

from typing import Final

from api.services.accounts.auth import Registration, check_registration, render_session, revocation
from api.services.accounts.password_attempts import PasswordAttempts
from api.services.administration.administration_forms import CreateUser, ResetPassword
from api.services.administration.staff_actions import StaffActions, require_above
from api.services.administration.staff_authenticator import Staff
from api.services.ids import IdSource
from core.domain.errors import UnknownUser, WrongAccountKind
from core.domain.ids import MAX_SNOWFLAKE
from core.domain.instance.suspension import Suspension
from core.domain.people.user import Account, User
from core.runtime.clock import Clock
from core.runtime.randomness import Randomness
from core.store.interfaces import Store
from core.wire.objects.administration import (
    AdminUserDetails,
    AdminUserObject,
    NewPassword,
    render_user,
    render_user_details,
)
from core.wire.objects.people.auth_session import SessionObject

_PASSWORD_BYTES: Final = 12
"""24 letters of hex, which nobody guesses."""
_ID_DIGITS: Final = 19


class PeopleAdministration:
    """Reads and changes accounts for staff."""

    __slots__ = ("_actions", "_clock", "_ids", "_passwords", "_random", "_store")

    def __init__(
        self,
        *,
        store: Store,
        actions: StaffActions,
        passwords: PasswordAttempts,
        ids: IdSource,
        clock: Clock,
        random: Randomness,
    ) -> None:
        self._store = store
        self._actions = actions
        self._passwords = passwords
        self._ids = ids
        self._clock = clock
        self._random = random

    async def list_page(self, *, search: str, after: int, limit: int) -> list[AdminUserObject]:
        """List accounts by ascending id. A search for an id or an e-mail address finds the one that has it."""
        accounts = await self._find(search)
        if accounts is None:
            accounts = await self._store.users.list_page(search=search, after=after, limit=limit)
        suspensions = await self._store.suspensions.find_many([account.user.id for account in accounts])
        return [render_user(account, suspensions.get(account.user.id)) for account in accounts]

    async def _find(self, search: str) -> list[Account] | None:
        """Find by what names one account; None when the search is the beginning of a name."""
        if "@" in search:
            account = await self._store.users.find_account_by_email(search)
            return [] if account is None else [account]
        is_id = search.isascii() and search.isdigit() and len(search) <= _ID_DIGITS and int(search) <= MAX_SNOWFLAKE
        account = await self._store.users.find_account(int(search)) if is_id else None
        return None if account is None else [account]

    async def fetch(self, user_id: int) -> AdminUserDetails:
        """Return an account. Raises UnknownUser."""
        account = await self._store.users.find_account(user_id)
        if account is None:
            raise UnknownUser
        member = await self._store.staff.find(user_id)
        return render_user_details(
            render_user(account, await self._store.suspensions.find(user_id)),
            sessions=len(await self._store.users.list_auth_sessions(user_id)),
            guilds=len(await self._store.guilds.list_ids_of_user(user_id)),
            owned=await self._store.guilds.list_ids_of_owner(user_id),
            role=None if member is None else member.role,
        )

    async def create(self, staff: Staff, form: CreateUser, reason: str | None) -> NewPassword:
        """Make an account, whoever may register. Raises Invalid."""
        password = form.password or self._random.token_hex(_PASSWORD_BYTES)
        registration = Registration(
            username=form.username, email=form.email, password=password, date_of_birth=form.date_of_birth
        )
        check_registration(registration, self._clock.now_ms())
        user = User(id=self._ids.next(), username=form.username, global_name=form.global_name)
        account = Account(
            user=user,
            email=form.email,
            password_hash=await self._passwords.hash(password),
            birth_date=form.date_of_birth,
        )
        async with self._actions.act(staff, "owner", "user.create", user.id, reason=reason, users=[user.id]) as tx:
            await tx.users.create(account)
        return NewPassword(user_id=str(user.id), password=None if form.password else password)

    async def reset_password(self, staff: Staff, user_id: int, form: ResetPassword, reason: str | None) -> NewPassword:
        """Give an account a new password, and end its auth sessions. Raises UnknownUser, WrongAccountKind."""
        password = form.password or self._random.token_hex(_PASSWORD_BYTES)
        password_hash = await self._passwords.hash(password)
        unit = self._actions.act(staff, "owner", "user.reset-password", user_id, reason=reason, users=[user_id])
        async with unit as tx:
            account = await tx.users.find_account(user_id)
            if account is not None and account.user.bot:
                raise WrongAccountKind("Bots have no password")
            if account is None or account.password_hash is None:  # none: it was deleted
                raise UnknownUser
            await tx.users.update(user_id, {"password_hash": password_hash})
            await self._actions.end_sessions(tx, user_id)
        return NewPassword(user_id=str(user_id), password=None if form.password else password)

    async def suspend(self, staff: Staff, user_id: int, reason: str | None) -> None:
        """Keep an account from logging in until it is let again, and end all that it is logged in with.

        Its messages stay. Tokens of staff end too, and a bot needs a new token afterwards. Raises UnknownUser.
        """
        unit = self._actions.act(staff, "moderator", "user.suspend", user_id, reason=reason, users=[user_id])
        async with unit as tx:
            if await tx.users.find(user_id) is None:
                raise UnknownUser
            await require_above(tx, staff, user_id)
            await tx.suspensions.put(
                Suspension(user_id=user_id, actor_id=staff.actor_id, since_ms=self._clock.now_ms(), reason=reason)
            )
            await tx.staff.delete_tokens_of(user_id)
            await self._actions.end_sessions(tx, user_id)

    async def unsuspend(self, staff: Staff, user_id: int, reason: str | None) -> None:
        """Let an account log in again. No error when it may. Raises UnknownUser."""
        unit = self._actions.act(staff, "moderator", "user.unsuspend", user_id, reason=reason, users=[user_id])
        async with unit as tx:
            if await tx.users.find(user_id) is None:
                raise UnknownUser
            await require_above(tx, staff, user_id)
            await tx.suspensions.delete(user_id)

    async def list_sessions(self, user_id: int) -> list[SessionObject]:
        """List an account's auth sessions, newest first. Raises UnknownUser."""
        if await self._store.users.find(user_id) is None:
            raise UnknownUser
        sessions = await self._store.users.list_auth_sessions(user_id)
        return [render_session(each, is_current=False) for each in reversed(sessions)]

    async def end_sessions(self, staff: Staff, user_id: int, reason: str | None) -> None:
        """End all auth sessions of an account. Raises UnknownUser."""
        unit = self._actions.act(staff, "moderator", "user.end-sessions", user_id, reason=reason, users=[user_id])
        async with unit as tx:
            if await tx.users.find(user_id) is None:
                raise UnknownUser
            await require_above(tx, staff, user_id)
            await self._actions.end_sessions(tx, user_id)

    async def end_session(self, staff: Staff, user_id: int, session_id: int, reason: str | None) -> None:
        """End one auth session of an account. Raises UnknownSession."""
        details = {"session": str(session_id)}
        unit = self._actions.act(
            staff, "moderator", "user.end-session", user_id, reason=reason, details=details, users=[user_id]
        )
        async with unit as tx:
            await require_above(tx, staff, user_id)
            await tx.users.delete_auth_session(session_id, user_id)
            tx.announce(revocation(self._ids.next(), user_id, session_id))

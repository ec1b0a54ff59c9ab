"""Accounts and their auth sessions."""

from collections.abc import Collection, Sequence
from typing import Any, Final

from sqlalchemy import bindparam, delete, insert, or_, select, update

from core.domain.errors import FieldError, Invalid, UnknownSession, UnknownUser
from core.domain.people.user import Account, AuthSession, User
from core.store.aggregates.changes import Changes
from core.store.sql.engine.connection import Executor
from core.store.sql.engine.constraints import taken
from core.store.sql.engine.query import Query
from core.store.sql.schema.columns import EntityMap, fold, folded
from core.store.sql.schema.tables.users import auth_sessions, users

USER = EntityMap(User, users)
SESSION = EntityMap(AuthSession, auth_sessions)
_PRIVATE = ("email", "password_hash", "birth_date")
_USERNAME_TAKEN: Final = FieldError(("username",), "USERNAME_ALREADY_TAKEN", "Username is taken")
_EMAIL_TAKEN: Final = FieldError(("email",), "EMAIL_ALREADY_REGISTERED", "Email is already registered")
_TAKEN: Final = {"uq_users_username_key": _USERNAME_TAKEN, "uq_users_email_key": _EMAIL_TAKEN}
ACCOUNT_COLUMNS = (*USER.columns, *(users.c[name] for name in _PRIVATE))

_FIND = Query(select(*USER.columns).where(users.c.id == bindparam("user_id")))
_FIND_ACCOUNT = Query(select(*ACCOUNT_COLUMNS).where(users.c.id == bindparam("user_id")))
_FIND_BY_EMAIL = Query(select(*ACCOUNT_COLUMNS).where(users.c.email_key == bindparam("email_key")))
_FIND_BY_USERNAME = Query(select(*USER.columns).where(users.c.username_key == bindparam("username_key")))
_TOUCH_SESSION = (
    update(auth_sessions).where(auth_sessions.c.id == bindparam("session_id")).values(last_used_ms=bindparam("now_ms"))
)
_FIND_SESSION = Query(select(*SESSION.columns).where(auth_sessions.c.token_hash == bindparam("token_hash")))
_LIST_SESSIONS = Query(
    select(*SESSION.columns).where(auth_sessions.c.user_id == bindparam("user_id")).order_by(auth_sessions.c.id)
)


class SqlUsers:
    """The `UserWriter` on SQL; the store shows its reading half."""

    __slots__ = ("_db",)

    def __init__(self, db: Executor) -> None:
        self._db = db

    async def find(self, user_id: int) -> User | None:
        rows = await self._db.query(_FIND, user_id=user_id)
        return USER.entity(rows[0]) if rows else None

    async def find_many(self, user_ids: Collection[int]) -> dict[int, User]:
        if not user_ids:
            return {}
        rows = await self._db.fetch_all(select(*USER.columns).where(users.c.id.in_(list(user_ids))))
        return {row[0]: USER.entity(row) for row in rows}

    async def find_account(self, user_id: int) -> Account | None:
        rows = await self._db.query(_FIND_ACCOUNT, user_id=user_id)
        return account_from_row(rows[0]) if rows else None

    async def find_account_by_email(self, email: str) -> Account | None:
        rows = await self._db.query(_FIND_BY_EMAIL, email_key=fold(email))
        return account_from_row(rows[0]) if rows else None

    async def find_by_username(self, username: str) -> User | None:
        rows = await self._db.query(_FIND_BY_USERNAME, username_key=fold(username))
        return USER.entity(rows[0]) if rows else None

    async def list_page(self, *, search: str = "", after: int = 0, limit: int) -> list[Account]:
        statement = select(*ACCOUNT_COLUMNS).where(users.c.id > after).order_by(users.c.id).limit(limit)
        if search:
            statement = statement.where(users.c.username_fold.startswith(fold(search) or "", autoescape=True))
        return [account_from_row(row) for row in await self._db.fetch_all(statement)]

    async def find_auth_session(self, token_hash: bytes) -> AuthSession | None:
        rows = await self._db.query(_FIND_SESSION, token_hash=token_hash)
        return SESSION.entity(rows[0]) if rows else None

    async def list_auth_sessions(self, user_id: int) -> list[AuthSession]:
        return [SESSION.entity(row) for row in await self._db.query(_LIST_SESSIONS, user_id=user_id)]

    async def create(self, account: Account) -> None:
        values = _values(account)
        await self._check_unique(account.user.id, values["username_key"], values["email_key"])
        with taken(_TAKEN):
            await self._db.execute(insert(users), values)

    async def create_many(self, accounts: Sequence[Account]) -> None:
        if accounts:
            with taken(_TAKEN):
                await self._db.execute(insert(users), [_values(account) for account in accounts])

    async def update(self, user_id: int, changes: Changes) -> Account:
        values = folded(changes, "username", "global_name")
        account = await self.find_account(user_id)
        if account is None:
            raise UnknownUser
        if not values:
            return account
        username_key = None if account.user.bot else values.get("username_fold")
        if username_key is not None:
            values["username_key"] = username_key
        if "email" in changes:
            values["email_key"] = fold(changes["email"])
        await self._check_unique(user_id, username_key, values.get("email_key"))
        statement = update(users).where(users.c.id == user_id).values(values).returning(*ACCOUNT_COLUMNS)
        with taken(_TAKEN):
            row = await self._db.fetch_one(statement)
        if row is None:
            raise UnknownUser
        return account_from_row(row)

    async def add_auth_session(self, session: AuthSession) -> None:
        await self._db.execute(insert(auth_sessions), SESSION.values(session))

    async def add_auth_sessions(self, sessions: Sequence[AuthSession]) -> None:
        if sessions:
            await self._db.execute(insert(auth_sessions), [SESSION.values(session) for session in sessions])

    async def touch_auth_sessions(self, session_ids: Collection[int], now_ms: int) -> None:
        rows = [{"session_id": session_id, "now_ms": now_ms} for session_id in sorted(session_ids)]
        # The ids are in order, so that two processes that touch the same sessions do not wait for each other.
        if rows:
            await self._db.execute(_TOUCH_SESSION, rows)

    async def delete_auth_session(self, session_id: int, user_id: int) -> None:
        statement = delete(auth_sessions).where(auth_sessions.c.id == session_id, auth_sessions.c.user_id == user_id)
        if not await self._db.execute(statement):
            raise UnknownSession

    async def delete_auth_sessions_of(self, user_id: int) -> list[int]:
        statement = delete(auth_sessions).where(auth_sessions.c.user_id == user_id).returning(auth_sessions.c.id)
        return sorted(row[0] for row in await self._db.fetch_all(statement))

    async def _check_unique(self, user_id: int, username_key: str | None, email_key: str | None) -> None:
        """Name both fields if both are taken. A constraint names one, but it also knows units that run now."""
        is_alike = or_(users.c.username_key == username_key, users.c.email_key == email_key)
        statement = select(users.c.username_key, users.c.email_key).where(is_alike, users.c.id != user_id)
        rows = await self._db.fetch_all(statement)
        fields: list[FieldError] = []
        if username_key is not None and any(row[0] == username_key for row in rows):
            fields.append(_USERNAME_TAKEN)
        if email_key is not None and any(row[1] == email_key for row in rows):
            fields.append(_EMAIL_TAKEN)
        if fields:
            raise Invalid(*fields)


def _values(account: Account) -> dict[str, Any]:
    user = account.user
    values = folded(USER.values(user), "username", "global_name")
    values["username_key"] = None if user.bot else values["username_fold"]
    values |= {name: getattr(account, name) for name in _PRIVATE}
    values["email_key"] = fold(account.email)
    return values


def account_from_row(row: Sequence[Any], start: int = 0) -> Account:
    """Return the account whose `ACCOUNT_COLUMNS` stand in the row from `start` on."""
    private_at = start + len(USER.columns)
    email, password_hash, birth_date = row[private_at : private_at + len(_PRIVATE)]
    return Account(user=USER.entity(row, start), email=email, password_hash=password_hash, birth_date=birth_date)

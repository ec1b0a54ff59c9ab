"""Accounts, the users that they are shown as, and their auth sessions."""

from collections.abc import Collection, Sequence
from typing import Protocol

from core.domain.people.user import Account, AuthSession, User
from core.store.aggregates.changes import Changes


class UserReader(Protocol):
    async def find(self, user_id: int) -> User | None: ...

    async def find_many(self, user_ids: Collection[int]) -> dict[int, User]:
        """Return the users that exist, keyed by id."""

    async def find_account(self, user_id: int) -> Account | None: ...

    async def find_account_by_email(self, email: str) -> Account | None:
        """Find an account by e-mail, compared without case."""

    async def find_by_username(self, username: str) -> User | None:
        """Find a person. People's usernames are unique without case; bots' are not."""

    async def list_page(self, *, search: str = "", after: int = 0, limit: int) -> list[Account]:
        """List accounts by ascending id, from above `after`: those whose username begins so, or all."""

    async def find_auth_session(self, token_hash: bytes) -> AuthSession | None: ...

    async def list_auth_sessions(self, user_id: int) -> list[AuthSession]: ...


class UserWriter(UserReader, Protocol):
    async def create(self, account: Account) -> None:
        """Raises Invalid (fields username or email, code USERNAME_ALREADY_TAKEN / EMAIL_ALREADY_REGISTERED).

        The error names every field that is taken, or the first one when another unit takes it at the same time.
        """

    async def create_many(self, accounts: Sequence[Account]) -> None:
        """Create accounts in bulk. Raises Invalid with the first field that is taken, as `create`."""

    async def update(self, user_id: int, changes: Changes) -> Account:
        """Change an account: fields of User, `email` and `password_hash`. Raises as `create`, and UnknownUser."""

    async def add_auth_session(self, session: AuthSession) -> None: ...

    async def add_auth_sessions(self, sessions: Sequence[AuthSession]) -> None: ...

    async def touch_auth_sessions(self, session_ids: Collection[int], now_ms: int) -> None:
        """Set `last_used_ms` of the auth sessions that still exist."""

    async def delete_auth_session(self, session_id: int, user_id: int) -> None:
        """Raises UnknownSession."""

    async def delete_auth_sessions_of(self, user_id: int) -> list[int]:
        """Delete all auth sessions of a user (a bot whose token is reset); return their ids."""

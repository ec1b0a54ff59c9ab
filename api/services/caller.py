"""Who makes a request: an account, by one of its logins.

The gate puts it into the request's scope before any handler runs; `api.http.binding` hands it to handlers that ask for `caller`.
"""

from msgspec import Struct

from core.domain.user import User


class Caller(Struct, kw_only=True, frozen=True):
    """The account and the login whose token came with the request."""

    user: User
    auth_session_id: int

    @property
    def user_id(self) -> int:
        """The account's id."""
        return self.user.id

    @property
    def is_bot(self) -> bool:
        """Whether the account is a bot's."""
        return self.user.bot

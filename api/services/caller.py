"""The caller: the account that makes a request, with the auth session of its token.

The gate puts it into the request's scope before the handler runs; `api.http.binding` gives it to handlers with a
parameter `caller`.
"""

from msgspec import Struct

from core.domain.people.user import User


class Caller(Struct, kw_only=True, frozen=True):
    """The account and the auth session whose token came with the request."""

    user: User
    auth_session_id: int
    sees_content: bool = True
    """False for a bot whose application lacks the privilege of message content."""

    @property
    def user_id(self) -> int:
        """The account's id."""
        return self.user.id

    @property
    def is_bot(self) -> bool:
        """True when the account is a bot's."""
        return self.user.bot

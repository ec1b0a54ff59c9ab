"""Logins at the gateway: all that it reads when somebody identifies."""

from collections.abc import Collection
from typing import Protocol

from core.domain.login import LoginSnapshot


class LoginReader(Protocol):
    async def find_many(self, token_hashes: Collection[bytes]) -> dict[bytes, LoginSnapshot]:
        """The logins that exist, by the hash of their token.

        Each is as of one instant, which is not before the call. Many cost hardly more than one.
        """

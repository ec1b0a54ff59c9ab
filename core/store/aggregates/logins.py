"""Logins at the gateway: the data that it reads when a client identifies."""

from collections.abc import Collection
from typing import Protocol

from core.domain.login import LoginSnapshot


class LoginReader(Protocol):
    async def find_many(self, token_hashes: Collection[bytes]) -> dict[bytes, LoginSnapshot]:
        """Return a snapshot for each token of an auth session that exists, keyed by the token's hash.

        Each is as of one instant, which is not before the call. Many cost hardly more than one.
        """

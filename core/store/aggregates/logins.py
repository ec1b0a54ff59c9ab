"""Logins at the gateway: the data that it reads when a client identifies."""

from collections.abc import Collection, Mapping
from typing import Protocol

from core.domain.login import LoginSnapshot


class LoginReader(Protocol):
    async def find_many(self, token_hashes: Collection[bytes]) -> dict[bytes, LoginSnapshot]:
        """Return a snapshot for each token of an auth session that exists, keyed by the token's hash.

        Each is as of one instant, which is not before the call. Many cost hardly more than one.
        """

    async def fetch_revisions(self) -> Mapping[int, int]:
        """Return how new the rows are: for each shard that has one, the revision of its newest committed event.

        Whatever was read before, of any aggregate, contains no event of a later revision. So who has read rows, then
        this, and then waits for these revisions (`Bus.wait_for_revisions`), has heard of all that the rows contain.
        """

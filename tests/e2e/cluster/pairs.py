"""A person who talks to both API processes of a cluster: `first` and `second` are the same account."""

from typing import Self

from tests.support.clusters.cluster import Cluster
from tests.support.person import Person


class Pair:
    """One account at two API processes."""

    def __init__(self, first: Person, second: Person) -> None:
        self.first = first
        self.second = second

    @classmethod
    async def register(cls, cluster: Cluster) -> "Pair":
        """Register a new account."""
        first_api, second_api = cluster.apis()[:2]
        first = await Person.register(first_api)
        second = Person(second_api, first.token)
        second.id, second.name = first.id, first.name
        return cls(first, second)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.first.__aexit__()
        await self.second.__aexit__()

    @property
    def id(self) -> str:
        """The account's id."""
        return self.first.id

    @property
    def token(self) -> str:
        """The account's token."""
        return self.first.token

    def swapped(self) -> "Pair":
        """Return the same person with the processes' parts exchanged."""
        return Pair(self.second, self.first)

    async def status(self, method: str, path: str, body: object = None) -> int:
        """Send a request to the second process, and return its status."""
        return (await self.second.request(method, path, body)).status_code

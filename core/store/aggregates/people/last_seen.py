"""When people were last seen (`core.domain.people.last_seen`), of those who want that kept."""

from collections.abc import Collection, Mapping
from typing import Protocol

from core.domain.people.last_seen import LastSeen


class LastSeenReader(Protocol):
    async def find(self, user_id: int) -> LastSeen | None: ...

    async def find_many(self, user_ids: Collection[int]) -> dict[int, LastSeen]:
        """Return those of these people that want to be shown, keyed by user id."""


class LastSeenWriter(LastSeenReader, Protocol):
    async def put(self, last_seen: LastSeen) -> None:
        """Add a person's entry, or replace it. The user exists."""

    async def note(self, seen: Mapping[int, int]) -> None:
        """Take times, keyed by user id. An earlier time than the stored one changes nothing, nor does a person's who
        has no entry.
        """

    async def delete(self, user_id: int) -> None:
        """Forget a person's entry. No error when there is none."""

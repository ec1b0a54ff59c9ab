"""Suspensions of accounts."""

from collections.abc import Collection
from typing import Protocol

from core.domain.instance.suspension import Suspension


class SuspensionReader(Protocol):
    async def find(self, user_id: int) -> Suspension | None: ...

    async def find_many(self, user_ids: Collection[int]) -> dict[int, Suspension]:
        """Return the suspensions of these users, up to some hundreds, keyed by user."""


class SuspensionWriter(SuspensionReader, Protocol):
    async def put(self, suspension: Suspension) -> None:
        """Add a suspension, or replace it. The user exists."""

    async def delete(self, user_id: int) -> None:
        """Delete a suspension. No error when there is none."""

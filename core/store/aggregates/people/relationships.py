"""Relationships of people, each side of a pair as a row of its own (`core.domain.people.relationship`)."""

from collections.abc import Mapping
from typing import Protocol

from core.domain.people.relationship import Relationship, RelationshipType


class RelationshipReader(Protocol):
    async def find(self, user_id: int, other_id: int) -> Relationship | None:
        """Find the side of `user_id`."""

    async def list_of(self, user_id: int) -> list[Relationship]:
        """List a user's sides by ascending id of the others."""

    async def types_of(self, user_id: int) -> Mapping[int, RelationshipType]:
        """Return the types of a user's sides, keyed by the others."""

    async def count(self, user_id: int) -> Mapping[RelationshipType, int]:
        """Count a user's sides of each type that it has."""


class RelationshipWriter(RelationshipReader, Protocol):
    async def put(self, relationship: Relationship) -> None:
        """Add a side, or replace it. Both users exist."""

    async def delete(self, user_id: int, other_id: int) -> None:
        """Delete a side. No error when there is none."""

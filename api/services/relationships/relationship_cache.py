"""A read-through cache of relationships: what each person has with whom.

A send asks it whether one of two people blocks the other, and so does everything else in which a block is in force. All
sides of a user are one entry, so that what is asked of two people costs two look-ups. The events of the sides drop it,
as those of `EntityCache` do, before the writer's own caller goes on.
"""

from collections.abc import Mapping
from typing import Final

from api.services.single_flight import SingleFlight
from core.bus.interfaces import Bus, Delivery
from core.domain.events import RELATIONSHIP_EVENTS
from core.domain.people.relationship import RelationshipType
from core.store.aggregates.people.relationships import RelationshipReader

_CAPACITY: Final = 50_000
"""The number of users. An entry without sides takes some 200 bytes, each side some 100 more."""

Sides = Mapping[int, RelationshipType]
"""A user's sides, keyed by the other one's id."""


class RelationshipCache:
    """Cached reads of the types of people's sides."""

    __slots__ = ("_relationships", "_sides")

    def __init__(self, *, relationships: RelationshipReader, bus: Bus) -> None:
        self._relationships = relationships
        self._sides: SingleFlight[int, Sides] = SingleFlight(self._load, capacity=_CAPACITY)
        bus.subscribe(self._on_delivery)

    async def sides_of(self, user_id: int) -> Sides:
        """Return what the user has with whom."""
        return self._sides.find_cached(user_id) or await self._sides.get(user_id)

    async def friends_of(self, user_id: int) -> set[int]:
        """Return the user's friends."""
        sides = await self.sides_of(user_id)
        return {other_id for other_id, kind in sides.items() if kind is RelationshipType.FRIEND}

    async def are_friends(self, user_id: int, other_id: int) -> bool:
        """Tell whether the two are friends."""
        return (await self.sides_of(user_id)).get(other_id) is RelationshipType.FRIEND

    async def mutual_friends_of(self, user_id: int, other_id: int) -> set[int]:
        """Return the friends of both; nobody where one of the two blocks the other."""
        if await self.is_block_between(user_id, other_id):
            return set()
        return await self.friends_of(user_id) & await self.friends_of(other_id)

    async def is_wanted(self, user_id: int, other_id: int) -> bool:
        """Tell whether the other one is the user's friend, or asks to be."""
        wanted = (RelationshipType.FRIEND, RelationshipType.INCOMING)
        return (await self.sides_of(user_id)).get(other_id) in wanted

    async def has_blocked(self, user_id: int, other_id: int) -> bool:
        """Tell whether `user_id` blocks `other_id`."""
        return (await self.sides_of(user_id)).get(other_id) is RelationshipType.BLOCKED

    async def is_block_between(self, user_id: int, other_id: int) -> bool:
        """Tell whether one of the two blocks the other."""
        return await self.has_blocked(user_id, other_id) or await self.has_blocked(other_id, user_id)

    def forget_all(self) -> None:
        """Forget everything."""
        self._sides.clear()

    async def _load(self, user_id: int) -> Sides:
        return await self._relationships.types_of(user_id)

    def _on_delivery(self, delivery: Delivery) -> None:
        envelope = delivery.envelope
        if envelope.event in RELATIONSHIP_EVENTS:
            self._sides.drop(envelope.user_id)

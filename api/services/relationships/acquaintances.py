"""Who may write to whom: friends, and people or bots with a common guild, unless one of the two blocks the other.

The guilds of a user are cached as a set, so that a direct message costs a few look-ups. Whoever joins or leaves a guild
is read again, and all are when a guild is deleted, which is seldom and told once for all its members.
"""

from typing import Final

from api.services.relationships.relationship_cache import RelationshipCache
from api.services.single_flight import SingleFlight
from core.bus.interfaces import Bus, Delivery
from core.domain.events import GUILD_DELETE, GUILD_JOINED, GUILD_MEMBER_ADD, GUILD_MEMBER_REMOVE
from core.store.aggregates.guilds import GuildReader

_CAPACITY: Final = 50_000
"""The number of users. An entry has up to 200 guilds of a person, some 10 KB; most have a few."""

_MOVES: Final = frozenset({GUILD_JOINED, GUILD_MEMBER_ADD, GUILD_MEMBER_REMOVE})


class Acquaintances:
    """Tells who may write to whom."""

    __slots__ = ("_guild_ids", "_guilds", "_relationships")

    def __init__(self, *, relationships: RelationshipCache, guilds: GuildReader, bus: Bus) -> None:
        self._relationships = relationships
        self._guilds = guilds
        self._guild_ids: SingleFlight[int, frozenset[int]] = SingleFlight(self._load, capacity=_CAPACITY)
        bus.subscribe(self._on_delivery)

    async def may_write(self, user_id: int, other_id: int) -> bool:
        """Tell whether the two may write to each other. It is the same in both directions."""
        if await self._relationships.is_block_between(user_id, other_id):
            return False
        if await self._relationships.are_friends(user_id, other_id):
            return True
        own = await self._guild_ids.get(user_id)
        return not own.isdisjoint(await self._guild_ids.get(other_id))

    def forget_all(self) -> None:
        """Forget everything."""
        self._guild_ids.clear()

    async def _load(self, user_id: int) -> frozenset[int]:
        return frozenset(await self._guilds.list_ids_of_user(user_id))

    def _on_delivery(self, delivery: Delivery) -> None:
        envelope = delivery.envelope
        if envelope.event in _MOVES:
            self._guild_ids.drop(envelope.user_id)
        elif envelope.event == GUILD_DELETE:
            self._guild_ids.clear()

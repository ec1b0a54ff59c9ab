"""Who may write to whom: friends, and people or bots with a common guild, unless one of the two blocks the other.

Whoever is written to may close a guild: its members, who are no friends, do not write to this person any more
(`restricted_guilds` of the settings). The person itself may still write to them.

The guilds of a user are cached as two sets, so that a direct message costs a few look-ups. Whoever joins or leaves a
guild or changes settings is read again, and all are when a guild is deleted, which is seldom and told once for all its
members.
"""

from typing import Final, NamedTuple

from api.services.relationships.relationship_cache import RelationshipCache
from api.services.single_flight import SingleFlight
from core.bus.interfaces import Bus, Delivery
from core.domain.events import GUILD_DELETE, GUILD_JOINED, GUILD_MEMBER_ADD, GUILD_MEMBER_REMOVE, USER_SETTINGS_UPDATE
from core.store.aggregates.guilds.guilds import GuildReader
from core.store.aggregates.people.preferences import PreferenceReader
from core.wire.objects.people.preferences import parse_user_settings

_CAPACITY: Final = 50_000
"""The number of users. An entry has up to 200 guilds of a person, some 10 KB; most have a few."""

FRIENDS: Final = 0
"""The tie of friends, which is no guild."""

_CHANGES: Final = frozenset({GUILD_JOINED, GUILD_MEMBER_ADD, GUILD_MEMBER_REMOVE, USER_SETTINGS_UPDATE})


class _Guilds(NamedTuple):
    """The guilds of a user. Those that are `open` have members who may write to the user."""

    all: frozenset[int]
    open: frozenset[int]


class Acquaintances:
    """Tells who may write to whom."""

    __slots__ = ("_guilds", "_of_users", "_preferences", "_relationships")

    def __init__(
        self, *, relationships: RelationshipCache, guilds: GuildReader, preferences: PreferenceReader, bus: Bus
    ) -> None:
        self._relationships = relationships
        self._guilds = guilds
        self._preferences = preferences
        self._of_users: SingleFlight[int, _Guilds] = SingleFlight(self._load, capacity=_CAPACITY)
        bus.subscribe(self._on_delivery)

    async def find_tie(self, user_id: int, other_id: int) -> int | None:
        """Return the guild by which `user_id` may write to `other_id`; FRIENDS when it needs none; None if it may not.

        A door lets a message in only while both are members of that guild (`Opening.shared_guild_id`).
        """
        if await self._relationships.is_block_between(user_id, other_id):
            return None
        if await self._relationships.are_friends(user_id, other_id):
            return FRIENDS
        own = await self._of_users.get(user_id)
        return min(own.all & (await self._of_users.get(other_id)).open, default=None)

    async def share_guild(self, user_id: int, other_id: int) -> bool:
        """Tell whether the two have a common guild."""
        own = await self._of_users.get(user_id)
        return not own.all.isdisjoint((await self._of_users.get(other_id)).all)

    def forget_all(self) -> None:
        """Forget everything."""
        self._of_users.clear()

    async def _load(self, user_id: int) -> _Guilds:
        guild_ids = frozenset(await self._guilds.list_ids_of_user(user_id))
        settings = parse_user_settings((await self._preferences.find_settings(user_id)).changed)
        restricted = {int(each) for each in settings.restricted_guilds if each.isdecimal()}
        return _Guilds(guild_ids, guild_ids - restricted)

    def _on_delivery(self, delivery: Delivery) -> None:
        envelope = delivery.envelope
        if envelope.event in _CHANGES:
            self._of_users.drop(envelope.user_id)
        elif envelope.event == GUILD_DELETE:
            self._of_users.clear()

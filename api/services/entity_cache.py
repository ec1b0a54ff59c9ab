"""A read-through cache of guilds with their roles and channels, of members, users and direct channels.

A miss loads from the store, and concurrent misses of one key load once. Events of the bus invalidate; nothing expires.
The events arrive before the writer's own caller resumes, so no caller is served the state before its own change. A
guild's entry keeps its revision: an event that it contains already, because it came later than the load, is skipped.
The cache also answers what follows from its entries: the rights of a user in a guild or a channel. It writes nothing to
the store.
"""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Final
from weakref import WeakValueDictionary

from api.services.access import (
    ChannelAccess,
    GuildAccess,
    GuildEntry,
    access_direct_channel,
    access_guild_channel,
    as_entry,
)
from api.services.single_flight import SingleFlight
from core.bus.interfaces import Bus, Delivery
from core.domain.channels.channel import Channel
from core.domain.errors import MissingAccess, UnknownChannel, UnknownGuild, UnknownUser
from core.domain.events import (
    CHANNEL_CREATE,
    CHANNEL_DELETE,
    CHANNEL_PINS_UPDATE,
    CHANNEL_UPDATE,
    GUILD_DELETE,
    GUILD_MEMBER_ADD,
    GUILD_MEMBER_REMOVE,
    GUILD_ROLE_CREATE,
    GUILD_ROLE_DELETE,
    GUILD_ROLE_UPDATE,
    GUILD_UPDATE,
    PRIVATE_CHANNEL_EVENTS,
    USER_UPDATE,
)
from core.domain.guilds.member import Member
from core.domain.people.user import User
from core.runtime.clock import Clock
from core.store.interfaces import Store

_GUILD_EVENTS: Final = frozenset(
    {
        GUILD_UPDATE,
        GUILD_DELETE,
        GUILD_ROLE_CREATE,
        GUILD_ROLE_UPDATE,
        GUILD_ROLE_DELETE,
        CHANNEL_CREATE,
        CHANNEL_UPDATE,
        CHANNEL_DELETE,
        CHANNEL_PINS_UPDATE,
    }
)
"""Events that invalidate a guild's snapshot. A new guild has none yet, and a failed load is not kept."""

_STRIPS_MEMBERS: Final = frozenset({GUILD_ROLE_DELETE, GUILD_DELETE})
"""Events that change all members of a guild, and are announced once instead of once a member."""

_MEMBER_COUNT_STEPS: Final = {GUILD_MEMBER_ADD: 1, GUILD_MEMBER_REMOVE: -1}

_GUILD_CAPACITY: Final = 10_000
_MEMBER_CAPACITY: Final = 200_000
_CHANNEL_CAPACITY: Final = 200_000
_USER_CAPACITY: Final = 100_000

MemberKey = tuple[int, int, int]
"""Guild id, epoch of the guild's members, user id."""


class EntityCache:
    """Cached reads of the store's entities, and the rights that follow from them."""

    __slots__ = ("_channels", "_clock", "_epochs", "_guilds", "_members", "_store", "_turns", "_users")

    def __init__(self, *, store: Store, bus: Bus, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._guilds: SingleFlight[int, GuildEntry] = SingleFlight(self._load_guild, capacity=_GUILD_CAPACITY)
        self._members: SingleFlight[MemberKey, Member | None] = SingleFlight(
            self._load_member, capacity=_MEMBER_CAPACITY
        )
        self._channels: SingleFlight[int, Channel] = SingleFlight(self._load_channel, capacity=_CHANNEL_CAPACITY)
        """Direct channels are kept whole. Of a guild channel only `guild_id` is used, which never changes."""
        self._users: SingleFlight[int, User] = SingleFlight(self._load_user, capacity=_USER_CAPACITY)
        self._epochs: dict[int, int] = {}
        """Keyed by guild id. A new epoch makes all cached members of the guild unreachable at once."""
        self._turns: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()
        """Keyed by guild id."""
        bus.subscribe(self._on_delivery)

    def turn(self, guild_id: int) -> asyncio.Lock:
        """Return the lock of those who look at a guild anew, because it was changed while they meant to change it."""
        return self._turns.setdefault(guild_id, asyncio.Lock())

    async def guild(self, guild_id: int) -> GuildEntry:
        """Return the guild with its roles and channels. Raises UnknownGuild."""
        return await self._guilds.get(guild_id)

    async def channel(self, channel_id: int) -> Channel:
        """Return a channel of a guild, or a direct channel. Raises UnknownChannel."""
        place = self._channels.find_cached(channel_id) or await self._channels.get(channel_id)
        if not place.guild_id:
            return place
        try:
            entry = self._guilds.find_cached(place.guild_id) or await self._guilds.get(place.guild_id)
        except UnknownGuild:
            raise UnknownChannel from None
        found = entry.channels.get(channel_id)
        if found is None:
            raise UnknownChannel
        return found

    async def member(self, guild_id: int, user_id: int) -> Member | None:
        """Return the membership, or None."""
        key = (guild_id, self._epochs.get(guild_id, 0), user_id)
        return self._members.find_cached(key) or await self._members.get(key)

    async def members(self, guild_id: int, user_ids: Iterable[int]) -> dict[int, Member]:
        """Return the memberships of those users that are in the guild, keyed by user id."""
        epoch = self._epochs.get(guild_id, 0)
        found = await self._members.get_many([(guild_id, epoch, user_id) for user_id in user_ids], self._load_members)
        return {user_id: member for (_, _, user_id), member in found.items() if member is not None}

    async def user(self, user_id: int) -> User:
        """Return the user. Raises UnknownUser."""
        return await self._users.get(user_id)

    async def users(self, user_ids: Iterable[int]) -> dict[int, User]:
        """Return the users that exist, keyed by id."""
        return await self._users.get_many(user_ids, self._store.users.find_many)

    async def access(self, user_id: int, guild_id: int) -> GuildAccess:
        """Return the user's rights in the guild.

        Raises:
            UnknownGuild: when there is no such guild, or the user is not a member. The two look alike on purpose.
        """
        entry = self._guilds.find_cached(guild_id) or await self._guilds.get(guild_id)
        member = await self.member(guild_id, user_id)
        if member is None:
            raise UnknownGuild
        return GuildAccess(entry=entry, member=member, now_ms=self._clock.now_ms())

    async def channel_access(self, user_id: int, channel_id: int) -> ChannelAccess:
        """Return the user's rights in the channel.

        Raises:
            UnknownChannel: when there is no such channel.
            MissingAccess: when the user may not view it.
        """
        channel = await self.channel(channel_id)
        if not channel.guild_id:
            return access_direct_channel(user_id, channel)
        try:
            guild = await self.access(user_id, channel.guild_id)
        except UnknownGuild:
            raise MissingAccess from None
        # The guild may have been loaded again since: the channel is taken from the snapshot that the rights come from.
        present = guild.entry.channels.get(channel_id)
        if present is None:
            raise UnknownChannel
        return access_guild_channel(guild, present)

    async def text_access(self, user_id: int, channel_id: int) -> ChannelAccess:
        """Return the user's rights over the channel's messages.

        Raises:
            UnknownChannel: when there is no such channel.
            MissingAccess: when the user may not view it, or it is a voice channel and the user may not CONNECT.
        """
        access = await self.channel_access(user_id, channel_id)
        if access.guild is not None and not access.guild.reads(access.channel):
            raise MissingAccess
        return access

    def forget_guild(self, guild_id: int) -> None:
        """Invalidate the guild and its members."""
        self._guilds.drop(guild_id)
        self._epochs[guild_id] = self._epochs.get(guild_id, 0) + 1

    def forget_all(self) -> None:
        """Invalidate everything."""
        for kept in (self._guilds, self._channels, self._users, self._members):
            kept.clear()

    async def _load_guild(self, guild_id: int) -> GuildEntry:
        snapshot = await self._store.guilds.load_snapshot(guild_id)
        if snapshot is None:
            raise UnknownGuild
        return as_entry(snapshot)

    async def _load_member(self, key: MemberKey) -> Member | None:
        guild_id, _, user_id = key
        return await self._store.members.find(guild_id, user_id)

    async def _load_members(self, keys: Sequence[MemberKey]) -> dict[MemberKey, Member | None]:
        """Load members whose keys share one guild and one epoch."""
        found = await self._store.members.find_many(keys[0][0], [user_id for _, _, user_id in keys])
        members = {member.user.id: member for member in found}
        return {key: members.get(key[2]) for key in keys}

    async def _load_channel(self, channel_id: int) -> Channel:
        channel = await self._store.channels.find(channel_id)
        if channel is None:
            raise UnknownChannel
        return channel

    async def _load_user(self, user_id: int) -> User:
        user = await self._store.users.find(user_id)
        if user is None:
            raise UnknownUser
        return user

    def _on_delivery(self, delivery: Delivery) -> None:
        envelope = delivery.envelope
        event = envelope.event
        if not envelope.guild_id and (event in PRIVATE_CHANNEL_EVENTS or event == CHANNEL_PINS_UPDATE):
            self._channels.drop(envelope.channel_id)
        elif event in _GUILD_EVENTS:
            if not self._contains(delivery):
                self._guilds.drop(envelope.guild_id)
            if event == CHANNEL_DELETE:
                self._channels.drop(envelope.channel_id)
            elif event in _STRIPS_MEMBERS:
                self._epochs[envelope.guild_id] = self._epochs.get(envelope.guild_id, 0) + 1
        elif event.startswith("GUILD_MEMBER_"):
            self._on_member_event(delivery)
        elif event == USER_UPDATE:
            self._users.drop(envelope.user_id)

    def _contains(self, delivery: Delivery) -> bool:
        """Tell whether the cached guild has the event already."""
        entry = self._guilds.find_cached(delivery.envelope.guild_id)
        return entry is not None and 0 < delivery.revision <= entry.revision

    def _on_member_event(self, delivery: Delivery) -> None:
        envelope = delivery.envelope
        guild_id = envelope.guild_id
        self._members.drop((guild_id, self._epochs.get(guild_id, 0), envelope.user_id))
        step = _MEMBER_COUNT_STEPS.get(envelope.event, 0)
        if not step or self._contains(delivery):
            return
        # A load in flight may or may not count this member already, so its result is not kept.
        self._guilds.disown(guild_id)
        entry = self._guilds.find_cached(guild_id)
        if entry is not None:
            entry.member_count += step
            entry.revision = delivery.revision or entry.revision

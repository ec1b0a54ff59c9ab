"""People who are in many guilds with many unread channels, written straight into a store.

All people of the world are in all its guilds, beside members who have no session. Every guild has the same channels. In
some of them there is a message that nobody has read.
"""

import asyncio
from pathlib import Path
from typing import Final

import msgspec

from api.services.accounts.tokens import make_token
from core.domain.channels.channel import Channel, ChannelType
from core.domain.guilds.guild import Guild
from core.domain.guilds.member import Member
from core.domain.guilds.permissions import DEFAULT_EVERYONE
from core.domain.guilds.role import Role
from core.domain.messages.message import Message
from core.domain.messages.read_state import Ack
from core.domain.people.user import Account, AuthSession, User
from core.domain.tokens import hash_token
from core.runtime.clock import SystemClock
from core.runtime.randomness import SYSTEM_RANDOMNESS
from core.runtime.settings.settings import StoreSettings
from core.store.sql.store import SqlStore
from core_ext.ids import SnowflakeGenerator

_ROLES: Final = 5
_AT_ONCE: Final = 200
"""The messages that are written together."""


class Shape(msgspec.Struct, kw_only=True, frozen=True):
    """The size of the world. `unread` channels of each guild have a message, `people` of the members have a token."""

    guilds: int
    channels: int
    unread: int
    members: int
    people: int


class ManyGuilds(msgspec.Struct, kw_only=True, frozen=True):
    """A written world."""

    guild_ids: list[int]
    unread_ids: list[int]
    """The channels with a message that nobody has read."""
    tokens: list[str]
    """The tokens of the people."""


def make_many_guilds(database: Path, shape: Shape) -> ManyGuilds:
    """Write the world into a new database."""
    return asyncio.run(_make(database, shape))


async def _make(database: Path, shape: Shape) -> ManyGuilds:
    clock = SystemClock()
    store = await SqlStore.open(str(database), clock=clock, num_shards=StoreSettings().num_shards)
    try:
        return await _Writing(store, clock, shape).write()
    finally:
        await store.close()


class _Writing:
    def __init__(self, store: SqlStore, clock: SystemClock, shape: Shape) -> None:
        self._store = store
        self._shape = shape
        self._now_ms = clock.now_ms()
        self._ids = SnowflakeGenerator(0, 0, clock.now_ms)
        self._users = [User(id=self._ids.next(), username=f"m{number}") for number in range(shape.members)]
        self._tokens = [make_token(user.id, self._now_ms, SYSTEM_RANDOMNESS) for user in self._users[: shape.people]]

    async def write(self) -> ManyGuilds:
        await self._write_people()
        guild_ids, unread = [], []
        for number in range(self._shape.guilds):
            guild_id, channel_ids = await self._write_guild(number)
            guild_ids.append(guild_id)
            unread += [(guild_id, channel_id) for channel_id in channel_ids[: self._shape.unread]]
        for first in range(0, len(unread), _AT_ONCE):
            await asyncio.gather(*(self._say(*place) for place in unread[first : first + _AT_ONCE]))
        unread_ids = [channel_id for _, channel_id in unread]
        for user in self._users[: self._shape.people]:
            # Read as far as the channel's own id, which is older than its message.
            acks = [Ack(channel_id=channel_id, message_id=channel_id) for channel_id in unread_ids]
            async with self._store.write(users=[user.id]) as tx:
                await tx.read_states.ack(user.id, acks, now_ms=self._now_ms)
        return ManyGuilds(guild_ids=guild_ids, unread_ids=unread_ids, tokens=self._tokens)

    async def _write_people(self) -> None:
        logins = [
            AuthSession(
                id=self._ids.next(), user_id=user.id, token_hash=hash_token(token), created_ms=1, last_used_ms=1
            )
            for user, token in zip(self._users[: self._shape.people], self._tokens, strict=True)
        ]
        async with self._store.write() as tx:
            await tx.users.create_many([Account(user=user) for user in self._users])
            await tx.users.add_auth_sessions(logins)

    async def _write_guild(self, number: int) -> tuple[int, list[int]]:
        guild_id, shape = self._ids.next(), self._shape
        channel_ids = [self._ids.next() for _ in range(shape.channels)]
        role_ids = [self._ids.next() for _ in range(_ROLES)]
        async with self._store.write(guilds=[guild_id]) as tx:
            await tx.guilds.create(Guild(id=guild_id, name=f"guild {number}", owner_id=self._users[-1].id))
            await tx.roles.create(
                Role(id=guild_id, guild_id=guild_id, name="@everyone", permissions=int(DEFAULT_EVERYONE))
            )
            for place, role_id in enumerate(role_ids, 1):
                await tx.roles.create(Role(id=role_id, guild_id=guild_id, name=f"role {place}", position=place))
            for place, channel_id in enumerate(channel_ids):
                channel = Channel(
                    id=channel_id, type=ChannelType.TEXT, guild_id=guild_id, name=f"channel-{place}", position=place
                )
                await tx.channels.create(channel)
            await tx.members.add_many(
                [Member(guild_id=guild_id, user=user, joined_ms=self._now_ms, role_ids=()) for user in self._users]
            )
        return guild_id, channel_ids

    async def _say(self, guild_id: int, channel_id: int) -> None:
        message = Message(
            id=self._ids.next(),
            channel_id=channel_id,
            guild_id=guild_id,
            author_id=self._users[-1].id,
            content="unread",
        )
        await self._store.messages.add(message, [])

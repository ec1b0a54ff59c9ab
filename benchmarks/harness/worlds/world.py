"""The guild of the measurements: members with tokens, roles, channels and overwrites, written straight into a store.

A plain world has one channel that everybody sees. A mixed one has many, most of them private to a few of the roles.
Sets compute the viewers of each here, so that the number of deliveries that a gateway owes is known without asking it.
"""

import asyncio
import random
from pathlib import Path
from typing import Final

import msgspec

from api.services.accounts.tokens import make_token
from core.domain.channels.channel import Channel, ChannelType, Overwrite
from core.domain.guilds.guild import Guild
from core.domain.guilds.member import Member
from core.domain.guilds.permissions import DEFAULT_EVERYONE, Permission
from core.domain.guilds.role import Role
from core.domain.people.user import Account, AuthSession, User
from core.domain.tokens import hash_token
from core.runtime.clock import SystemClock
from core.runtime.randomness import SYSTEM_RANDOMNESS
from core.runtime.settings.settings import StoreSettings
from core.store.sql.store import SqlStore
from core_ext.ids import SnowflakeGenerator
from guildway.data.data_files import DATABASE_NAME

_ROLES: Final = 20
_ROLES_OF_A_MEMBER: Final = 3
_ROLES_OF_A_CHANNEL: Final = 3
_PUBLIC_SHARE: Final = 0.2
_OF_A_ROLE: Final = 0
"""The value of `Overwrite.type` for a role."""
_SEED: Final = 7


class World(msgspec.Struct, kw_only=True, frozen=True):
    """A written world. The first member owns the guild, sees everything, writes the messages and has no session."""

    guild_id: int
    author: User
    channel_ids: list[int]
    tokens: list[str]
    """The tokens of all members but the first."""
    viewers: list[list[int]]
    """For each channel, the indexes in `tokens` of its viewers."""


class _Plan:
    """Ids, roles and their holders, before anything is written."""

    def __init__(self, *, members: int, channels: int) -> None:
        clock = SystemClock()
        chance = random.Random(_SEED)
        ids = SnowflakeGenerator(0, 0, clock.now_ms)
        self.now_ms = clock.now_ms()
        self.ids = ids
        self.users = [User(id=ids.next(), username=f"member{number}") for number in range(members + 1)]
        self.tokens = [make_token(user.id, self.now_ms, SYSTEM_RANDOMNESS) for user in self.users]
        self.guild_id = ids.next()
        is_mixed = channels > 1
        self.role_ids = [ids.next() for _ in range(_ROLES if is_mixed else 0)]
        self.roles_of = [
            chance.sample(self.role_ids, _ROLES_OF_A_MEMBER) if is_mixed else [] for _ in range(members + 1)
        ]
        self.channel_ids = [ids.next() for _ in range(channels)]
        self.allowed_roles: list[list[int]] = [
            chance.sample(self.role_ids, _ROLES_OF_A_CHANNEL) if is_mixed and chance.random() > _PUBLIC_SHARE else []
            for _ in range(channels)
        ]
        """The roles that see each channel. The list is empty for a channel that all see."""

    def viewers(self) -> list[list[int]]:
        """Compute `World.viewers`."""
        everybody = list(range(len(self.users) - 1))
        return [
            [number for number in everybody if not set(allowed).isdisjoint(self.roles_of[number + 1])]
            if allowed
            else everybody
            for allowed in self.allowed_roles
        ]


async def make_world(database: Path, *, members: int, channels: int = 1) -> World:
    """Write a guild with `members` besides its owner into a new database."""
    plan = _Plan(members=members, channels=channels)
    store = await SqlStore.open(str(database), clock=SystemClock(), num_shards=StoreSettings().num_shards)
    try:
        await _write(store, plan)
    finally:
        await store.close()
    return World(
        guild_id=plan.guild_id,
        author=plan.users[0],
        channel_ids=plan.channel_ids,
        tokens=plan.tokens[1:],
        viewers=plan.viewers(),
    )


async def _write(store: SqlStore, plan: _Plan) -> None:
    async with store.write(guilds=[plan.guild_id]) as tx:
        await tx.users.create_many([Account(user=user) for user in plan.users])
        await tx.users.add_auth_sessions(
            [_make_login(plan, *pair) for pair in zip(plan.users, plan.tokens, strict=True)]
        )
        await tx.guilds.create(Guild(id=plan.guild_id, name="bench", owner_id=plan.users[0].id))
        everyone = Role(id=plan.guild_id, guild_id=plan.guild_id, name="@everyone", permissions=int(DEFAULT_EVERYONE))
        await tx.roles.create(everyone)
        for place, role_id in enumerate(plan.role_ids, 1):
            await tx.roles.create(Role(id=role_id, guild_id=plan.guild_id, name=f"role{place}", position=place))
        for channel_id, allowed in zip(plan.channel_ids, plan.allowed_roles, strict=True):
            await tx.channels.create(_make_channel(plan.guild_id, channel_id, allowed))
        members = [
            Member(guild_id=plan.guild_id, user=user, joined_ms=plan.now_ms, role_ids=tuple(sorted(role_ids)))
            for user, role_ids in zip(plan.users, plan.roles_of, strict=True)
        ]
        await tx.members.add_many(members)


def _make_login(plan: _Plan, user: User, token: str) -> AuthSession:
    return AuthSession(id=plan.ids.next(), user_id=user.id, token_hash=hash_token(token), created_ms=1, last_used_ms=1)


def _make_channel(guild_id: int, channel_id: int, allowed: list[int]) -> Channel:
    view = int(Permission.VIEW_CHANNEL)
    hidden = [Overwrite(guild_id, _OF_A_ROLE, 0, view)] if allowed else []
    shown = [Overwrite(role_id, _OF_A_ROLE, view, 0) for role_id in allowed]
    return Channel(
        id=channel_id,
        type=ChannelType.TEXT,
        guild_id=guild_id,
        name=f"channel{channel_id}",
        overwrites=(*hidden, *shown),
    )


def make_data(folder: Path, *, members: int) -> tuple[Path, World]:
    """Make a data folder for `guildway run` within `folder`, with the world in it."""
    data = folder / "data"
    data.mkdir()
    return data, asyncio.run(make_world(data / DATABASE_NAME, members=members))

"""Guilds, channels and bots put straight into the store, for tests that are not about making them."""

import itertools
from collections.abc import Sequence
from typing import Any

from api.services.accounts.tokens import make_token
from api.services.announcements import channel_event, guild_event
from core.domain.channel import Channel, ChannelType, Overwrite
from core.domain.guild import Guild
from core.domain.permissions import DEFAULT_EVERYONE
from core.domain.role import Role
from core.domain.tokens import BOT_SCHEME, hash_token
from core.domain.user import Account, AuthSession, User
from core_ext.ids import SnowflakeGenerator
from tests.support.embedded_api import Actor, ApiUnderTest

_now_ms = itertools.count(1_800_000_000_000)
_ids = SnowflakeGenerator(1, 1, lambda: next(_now_ms))


def next_id() -> int:
    """A snowflake that the API under test does not make."""
    return _ids.next()


class Place:
    """A guild with one text channel. What is changed in it is announced, as the API does it."""

    def __init__(self, api: ApiUnderTest, guild: Guild, channel_id: int) -> None:
        self._api = api
        self.guild = guild
        self.channel_id = channel_id

    @property
    def messages(self) -> str:
        """Where the channel's messages are."""
        return f"/channels/{self.channel_id}/messages"

    async def add_channel(self, **fields: Any) -> int:
        """A channel; a text channel unless told otherwise."""
        channel = Channel(id=next_id(), guild_id=self.guild.id, **{"type": ChannelType.TEXT, "name": "more", **fields})
        async with self._api.store.write() as tx:
            await tx.channels.create(channel)
            tx.announce(channel_event(next_id(), "CHANNEL_CREATE", self.guild.id, channel.id, {}))
        return channel.id

    async def change_channel(self, **changes: Any) -> None:
        """Set fields of the first channel."""
        async with self._api.store.write() as tx:
            await tx.channels.update(self.channel_id, changes)
            tx.announce(channel_event(next_id(), "CHANNEL_UPDATE", self.guild.id, self.channel_id, {}))

    async def overwrite(self, target: Actor | int, *, allow: int = 0, deny: int = 0) -> None:
        """Overwrite permissions of a member or a role in the first channel."""
        is_member = isinstance(target, Actor)
        target_id = int(target.id) if isinstance(target, Actor) else target
        async with self._api.store.write() as tx:
            await tx.channels.put_overwrite(
                self.channel_id, Overwrite(id=target_id, type=int(is_member), allow=int(allow), deny=int(deny))
            )
            tx.announce(channel_event(next_id(), "CHANNEL_UPDATE", self.guild.id, self.channel_id, {}))

    async def add_role(self, **fields: Any) -> int:
        """A role that nobody has."""
        role = Role(id=next_id(), guild_id=self.guild.id, **{"name": "role", **fields})
        async with self._api.store.write() as tx:
            await tx.roles.create(role)
            tx.announce(guild_event(next_id(), "GUILD_ROLE_CREATE", self.guild.id, {}))
        return role.id

    async def change_member(self, member: Actor, **changes: Any) -> None:
        """Set fields of a membership."""
        async with self._api.store.write() as tx:
            await tx.members.update(self.guild.id, int(member.id), changes)
            tx.announce(guild_event(next_id(), "GUILD_MEMBER_UPDATE", self.guild.id, {}, user_id=int(member.id)))


async def make_place(api: ApiUnderTest, owner: Actor, *members: Actor, permissions: int = DEFAULT_EVERYONE) -> Place:
    """A guild of these people with a text channel."""
    guild = Guild(id=next_id(), name="place", owner_id=int(owner.id))
    channel = Channel(id=next_id(), type=ChannelType.TEXT, guild_id=guild.id, name="general")
    async with api.store.write() as tx:
        await tx.guilds.create(guild)
        await tx.roles.create(Role(id=guild.id, guild_id=guild.id, name="@everyone", permissions=int(permissions)))
        await tx.channels.create(channel)
        for member in (owner, *members):
            await tx.members.add(guild.id, int(member.id), joined_ms=1_790_000_000_000)
    return Place(api, guild, channel.id)


async def make_bot(api: ApiUnderTest, name: str = "robot") -> Actor:
    """A bot account with a token."""
    user = User(id=next_id(), username=name, bot=True)
    token = make_token(user.id, next_id() & 0xFFFFFF)
    login = AuthSession(
        id=next_id(), user_id=user.id, token_hash=hash_token(token), created_ms=1, last_used_ms=1, user_agent=""
    )
    async with api.store.write() as tx:
        await tx.users.create(Account(user=user))
        await tx.users.add_auth_session(login)
    actor = api.actor(BOT_SCHEME + token)
    actor.id = str(user.id)
    return actor


async def send_all(sender: Actor, place: Place, contents: Sequence[str]) -> list[dict[str, Any]]:
    """Send one after the other; the answers."""
    answers = []
    for content in contents:
        answer = await sender.post(place.messages, {"content": content})
        assert answer.status_code == 200, answer.text
        answers.append(answer.json())
    return answers

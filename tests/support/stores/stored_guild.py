"""Guilds, channels and bots written straight into an API's store, for tests of other things than their creation."""

import itertools
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from core.domain.channels.channel import Overwrite
from core.domain.guilds.permissions import DEFAULT_EVERYONE
from core.domain.tokens import BOT_SCHEME
from core_ext.ids import SnowflakeGenerator
from tests.support.embedded_api import Actor, ApiUnderTest
from tests.support.stores.store_writer import StoreWriter

_JOINED_MS: Final = 1_790_000_000_000
"""A time of joining, early enough for tests about members who are long absent."""
_now_ms = itertools.count(1_800_000_000_000)
_ids = SnowflakeGenerator(1, 2, lambda: next(_now_ms))


def next_id() -> int:
    """Return a snowflake that neither the API under test nor its writer makes."""
    return _ids.next()


class _User(msgspec.Struct, frozen=True):
    """The fields of a caller that the writer needs."""

    id: int


class StoredGuild:
    """A guild with one text channel. Its changes are announced, as the API does it."""

    def __init__(self, writer: StoreWriter, guild_id: int, channel_id: int) -> None:
        self._writer = writer
        self.guild_id = guild_id
        self.channel_id = channel_id

    @property
    def messages(self) -> str:
        """The path of the channel's messages."""
        return f"/channels/{self.channel_id}/messages"

    async def add_channel(self, **fields: Any) -> int:
        """Add a channel, by default a text channel."""
        return await self._writer.channel(self.guild_id, **fields)

    async def change_channel(self, **changes: Any) -> None:
        """Set fields of the first channel."""
        await self._writer.update_channel(self.channel_id, **changes)

    async def overwrite(self, target: Actor | int, *, allow: int = 0, deny: int = 0) -> None:
        """Overwrite permissions of a member or a role in the first channel."""
        is_member = isinstance(target, Actor)
        target_id = int(target.id) if isinstance(target, Actor) else target
        overwrite = Overwrite(id=target_id, type=int(is_member), allow=int(allow), deny=int(deny))
        await self._writer.put_overwrite(self.channel_id, overwrite)

    async def add_role(self, **fields: Any) -> int:
        """Add a role that nobody has."""
        return await self._writer.role(self.guild_id, **fields)

    async def change_member(self, member: Actor, **changes: Any) -> None:
        """Set fields of a membership."""
        await self._writer.update_member(self.guild_id, _User(int(member.id)), **changes)


async def store_guild(
    api: ApiUnderTest, owner: Actor, *members: Actor, permissions: int = DEFAULT_EVERYONE
) -> StoredGuild:
    """Store a guild of these people with a text channel."""
    users = [_User(int(member.id)) for member in (owner, *members)]
    guild_id = await api.writer.guild(*users, name="place", everyone=int(permissions), joined_ms=_JOINED_MS)
    return StoredGuild(api.writer, guild_id, await api.writer.channel(guild_id, name="general"))


async def store_bot(api: ApiUnderTest, name: str = "robot") -> Actor:
    """Store a bot account with a token."""
    login = await api.writer.person(name, bot=True)
    actor = api.actor(BOT_SCHEME + login.token)
    actor.id = str(login.id)
    return actor


async def send_all(sender: Actor, guild: StoredGuild, contents: Sequence[str]) -> list[dict[str, Any]]:
    """Send texts one after the other, and return the answers."""
    answers = []
    for content in contents:
        answer = await sender.post(guild.messages, {"content": content})
        assert answer.status_code == 200, answer.text
        answers.append(answer.json())
    return answers

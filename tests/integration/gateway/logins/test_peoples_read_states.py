"""Read states in READY of people: in both forms, with the mentions that wait, and of nothing that is hidden."""

from typing import Any

import pytest

from core.domain.channels.channel import Overwrite
from core.domain.guilds.permissions import Permission
from core.domain.messages.read_state import Ack
from core.wire.capabilities import Capability
from tests.integration.gateway.conftest import Connect
from tests.support.gateway.gateway_client import GatewayClient
from tests.support.stores.store_writer import Login, StoreWriter

VERSIONED = int(Capability.VERSIONED_READ_STATES)
HIDDEN_FROM_ALL = int(Permission.VIEW_CHANNEL)


class Scene:
    """A guild with an open and a hidden channel, and a direct channel. Bob is mentioned in each."""

    def __init__(self, writer: StoreWriter) -> None:
        self.writer = writer

    async def build(self) -> "Scene":
        writer = self.writer
        self.alice, self.bob = await writer.person("alice"), await writer.person("bob")
        self.guild = await writer.guild(self.alice, self.bob)
        self.open = await writer.channel(self.guild)
        self.hidden = await writer.channel(self.guild, Overwrite(self.guild, 0, 0, HIDDEN_FROM_ALL))
        self.direct = await writer.direct_channel(self.alice, self.bob)
        self.first = await self.mention(self.open)
        for channel_id in (self.open, self.open, self.hidden):
            await self.mention(channel_id)
        await writer.say(self.direct, self.alice, "hello", to=(self.alice, self.bob))
        return self

    async def mention(self, channel_id: int) -> int:
        return await self.writer.say(channel_id, self.alice, "you", guild_id=self.guild, mentions=(self.bob,))

    async def ack(self, channel_id: int, message_id: int) -> int:
        """Let Bob ack; return the version."""
        ack = Ack(channel_id=channel_id, message_id=message_id, flags=1, last_viewed=4000)
        async with self.writer.store.write(users=[self.bob.id]) as tx:
            (state,) = await tx.read_states.ack(self.bob.id, [ack], now_ms=1_700_000_000_000)
        return state.version


@pytest.fixture
async def scene(writer: StoreWriter) -> Scene:
    """The scene of these tests."""
    return await Scene(writer).build()


async def log_in(client: GatewayClient, login: Login, capabilities: int = 0) -> Any:
    return (await client.identify(login.token, intents=None, capabilities=capabilities))["read_state"]


async def test_entries_tell_places_and_waiting_mentions(scene: Scene, connect: Connect) -> None:
    version = await scene.ack(scene.open, scene.first)
    async with connect() as client:
        entries = {entry["id"]: entry for entry in await log_in(client, scene.bob)}
    assert entries.keys() == {str(scene.open), str(scene.direct)}
    assert entries[str(scene.open)] == {
        "id": str(scene.open),
        "channel_id": str(scene.open),
        "last_message_id": str(scene.first),
        "mention_count": 2,
        "last_pin_timestamp": "1970-01-01T00:00:00.000000+00:00",
        "flags": 1,
        "last_viewed": 4000,
        "version": version,
        "read_state_type": 0,
    }
    assert entries[str(scene.direct)]["last_message_id"] == "0"
    assert entries[str(scene.direct)]["mention_count"] == 1


async def test_capability_asks_for_a_version(scene: Scene, connect: Connect) -> None:
    version = await scene.ack(scene.open, scene.first)
    async with connect() as client:
        versioned = await log_in(client, scene.bob, VERSIONED)
    assert (versioned["partial"], versioned["version"]) == (False, version)
    assert {entry["id"] for entry in versioned["entries"]} == {str(scene.open), str(scene.direct)}


async def test_channel_that_is_hidden_by_now_is_left_out(scene: Scene, connect: Connect) -> None:
    await scene.ack(scene.open, scene.first)
    await scene.writer.put_overwrite(scene.open, Overwrite(scene.guild, 0, 0, HIDDEN_FROM_ALL))
    async with connect() as client:
        assert [entry["id"] for entry in await log_in(client, scene.bob)] == [str(scene.direct)]


async def test_who_sees_the_hidden_channel_gets_its_entry(scene: Scene, connect: Connect) -> None:
    await scene.writer.say(scene.hidden, scene.bob, "you", guild_id=scene.guild, mentions=(scene.alice,))
    async with connect() as client:
        assert [entry["id"] for entry in await log_in(client, scene.alice)] == [str(scene.hidden)]

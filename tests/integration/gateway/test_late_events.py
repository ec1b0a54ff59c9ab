"""Events that come later than the rows that they announce, as in a cluster: nobody is left out, and nothing is missed."""

import asyncio
from collections.abc import Callable

import pytest

from core.bus.interfaces import Bus
from core.domain.channels.channel import Overwrite
from core.domain.guilds.permissions import Permission
from core.domain.ids import shard_of
from core.store.sql.store import SqlStore
from gateway.app import Gateway
from tests.fakes.gated_store import GatedStore
from tests.fakes.late_bus import LateBus
from tests.integration.gateway.conftest import Connect
from tests.support.gateway.gateway_client import GatewayClient
from tests.support.stores.store_writer import Login, StoreWriter

VIEW = int(Permission.VIEW_CHANNEL)


@pytest.fixture
def gateway_bus(store: SqlStore) -> LateBus:
    """A bus over a network."""
    return LateBus(store.bus)


@pytest.fixture
def gateway_store(store: SqlStore) -> GatedStore:
    """A store whose reads can be held up."""
    return GatedStore(store)


async def until(check: Callable[[], bool]) -> None:
    """Wait until something is true that nobody tells of."""
    async with asyncio.timeout(60):
        while not check():  # noqa: ASYNC110
            await asyncio.sleep(0.001)


async def begin_login(client: GatewayClient, login: Login) -> None:
    """Identify, and wait for nothing."""
    await client.send(2, {"token": login.token, "properties": {"os": "linux"}})


class Scene:
    """An owner's guild with a channel and a member."""

    owner: Login
    member: Login
    guild_id: int
    channel_id: int

    def __init__(self, writer: StoreWriter, bus: LateBus) -> None:
        self.writer = writer
        self.bus = bus

    async def fill(self) -> None:
        """Make the guild."""
        self.owner, self.member = await self.writer.person("owner"), await self.writer.person("member")
        self.guild_id = await self.writer.guild(self.owner, self.member)
        self.channel_id = await self.writer.channel(self.guild_id)

    def shard(self, owner_id: int) -> int:
        """The shard of a guild or a user."""
        return shard_of(owner_id, self.bus.num_shards)

    async def stranger(self) -> Login:
        """Make a user of another shard than the guild's."""
        while True:
            login = await self.writer.person("stranger")
            if self.shard(login.id) != self.shard(self.guild_id):
                return login

    async def say(self, content: str) -> int:
        """The owner says something."""
        return await self.writer.say(self.channel_id, self.owner, content, guild_id=self.guild_id)


@pytest.fixture
async def scene(writer: StoreWriter, gateway_bus: Bus, gateway: Gateway) -> Scene:
    """The scene, with a running gateway."""
    assert isinstance(gateway_bus, LateBus)
    place = Scene(writer, gateway_bus)
    await place.fill()
    return place


async def test_login_waits_for_the_events_of_its_rows(scene: Scene, connect: Connect) -> None:
    """Its user was thrown out and is back. Were that heard of after READY, the session would be left outside."""
    scene.bus.hold()
    await scene.writer.remove(scene.guild_id, scene.member)
    await scene.writer.join(scene.guild_id, scene.member)
    async with connect() as client:
        await begin_login(client, scene.member)
        await until(lambda: scene.bus.is_waited_for)
        assert client.dispatches == []
        scene.bus.release()
        await client.wait_for_guild()
        await scene.say("hello")
        await client.wait_for("MESSAGE_CREATE")
        assert len(client.guilds) == 1
        assert "GUILD_DELETE" not in client.names()


async def test_loaded_guild_is_not_live_before_the_events_of_its_snapshot(scene: Scene, connect: Connect) -> None:
    async with connect() as client:
        scene.bus.hold()
        await scene.writer.put_overwrite(scene.channel_id, Overwrite(id=scene.guild_id, type=0, allow=0, deny=VIEW))
        await begin_login(client, scene.member)
        await until(lambda: scene.bus.is_waited_for)
        scene.bus.release()
        create = await client.wait_for_guild()
        assert create["channels"] == []
        assert "CHANNEL_DELETE" not in client.names()


@pytest.mark.parametrize("first", ["guild", "user"])
async def test_join_that_two_shards_tell_of_misses_no_message(scene: Scene, connect: Connect, first: str) -> None:
    stranger = await scene.stranger()
    shards = [scene.shard(scene.guild_id), scene.shard(stranger.id)]
    if first == "user":
        shards.reverse()
    async with connect() as client:
        await client.identify(stranger.token)
        scene.bus.hold()
        await scene.writer.join(scene.guild_id, stranger)
        await scene.say("right after the join")
        for shard in shards:
            scene.bus.release(shard)
            # What was handed over is applied, and an arrival that may go in does.
            for _ in range(50):
                await asyncio.sleep(0.001)
        scene.bus.release()
        await client.wait_for("MESSAGE_CREATE")
        assert [name for name in client.names() if name in {"GUILD_CREATE", "MESSAGE_CREATE"}] == [
            "GUILD_CREATE",
            "MESSAGE_CREATE",
        ]


async def test_what_was_said_before_a_join_is_not_told_although_the_join_is_heard_of_first(
    scene: Scene, connect: Connect
) -> None:
    stranger = await scene.stranger()
    async with connect() as client:
        await client.identify(stranger.token)
        scene.bus.hold()
        await scene.say("before the join")
        await scene.writer.join(scene.guild_id, stranger)
        await scene.say("after the join")
        scene.bus.release(scene.shard(stranger.id))
        for _ in range(50):  # what was handed over is applied
            await asyncio.sleep(0.001)
        scene.bus.release()
        await client.wait_for("MESSAGE_CREATE", lambda message: message["content"] == "after the join")
        assert client.contents() == ["after the join"]


async def test_user_who_leaves_and_comes_back_is_in_the_guild_whatever_is_heard_first(
    scene: Scene, connect: Connect
) -> None:
    member = await scene.stranger()
    await scene.writer.join(scene.guild_id, member)
    async with connect() as client:
        await client.identify(member.token)
        await client.wait_for_guild()
        scene.bus.hold()
        await scene.writer.remove(scene.guild_id, member)
        await scene.writer.join(scene.guild_id, member)
        scene.bus.release(scene.shard(member.id))
        await asyncio.sleep(0.02)
        scene.bus.release()
        await client.wait_until(lambda: len(client.guilds) == 2)
        await scene.say("welcome back")
        await client.wait_for("MESSAGE_CREATE")
        assert client.names().index("GUILD_DELETE") < client.names().index("GUILD_CREATE")


@pytest.mark.guilds_are("here")  # elsewhere the login is read once more, when the user's home has answered
async def test_join_that_the_guild_tells_of_during_a_login_is_entered_at_ready(
    scene: Scene, gateway_store: GatedStore, connect: Connect
) -> None:
    """The user's own shard tells of it much later."""
    stranger = await scene.stranger()
    async with connect() as client:
        reading = gateway_store.hold("logins.fetch_revisions", after_reading=True)
        await begin_login(client, stranger)
        await reading.reached.wait()
        scene.bus.hold()
        await scene.writer.join(scene.guild_id, stranger)
        scene.bus.release(scene.shard(scene.guild_id))
        reading.open()
        await client.wait_for("READY")
        await scene.say("after READY")
        scene.bus.release(scene.shard(scene.guild_id))
        scene.bus.release()
        await client.wait_for("MESSAGE_CREATE")
        assert client.names().index("GUILD_CREATE") < client.names().index("MESSAGE_CREATE")


@pytest.mark.parametrize("changed", ["channel", "role", "none"])
async def test_what_was_said_during_an_entrance_is_told_to_those_who_saw_it_then(
    scene: Scene, gateway_store: GatedStore, connect: Connect, changed: str
) -> None:
    """Rights that come back before the session has entered do not show what was said while they were away."""
    stranger = await scene.stranger()
    role_id = await scene.writer.role(scene.guild_id)
    async with connect() as client:
        await client.identify(stranger.token)
        reading = gateway_store.hold("guilds.load_snapshots", after_reading=True)
        await scene.writer.join(scene.guild_id, stranger)
        await reading.reached.wait()
        await scene.say("seen")
        if changed == "channel":
            await scene.writer.put_overwrite(scene.channel_id, Overwrite(id=scene.guild_id, type=0, allow=0, deny=VIEW))
            await scene.say("secret")
            await scene.writer.put_overwrite(scene.channel_id, Overwrite(id=scene.guild_id, type=0, allow=VIEW, deny=0))
        if changed == "role":
            await scene.writer.put_overwrite(scene.channel_id, Overwrite(id=scene.guild_id, type=0, allow=0, deny=VIEW))
            await scene.writer.put_overwrite(scene.channel_id, Overwrite(id=role_id, type=0, allow=VIEW, deny=0))
            await scene.say("secret")
            await scene.writer.update_member(scene.guild_id, stranger, role_ids=[role_id])
        await scene.say("seen again")
        reading.open()
        await client.wait_for("MESSAGE_CREATE", lambda message: message["content"] == "seen again")
        assert client.contents() == ["seen", "seen again"]
        assert client.names().index("GUILD_CREATE") < client.names().index("MESSAGE_CREATE")

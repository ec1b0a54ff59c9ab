"""The guilds of a large bot that follow READY, and their changes before their turn."""

from typing import Any

import pytest

from core.store.sql.store import SqlStore
from gateway.guilds.attendance import Attendance
from tests.fakes.gated_store import Gate, GatedStore
from tests.integration.gateway.conftest import Connect
from tests.support.gateway.gateway_client import GatewayClient
from tests.support.stores.store_writer import Login, StoreWriter


@pytest.fixture
def gateway_store(store: SqlStore) -> GatedStore:
    """The gateway's store, with gates."""
    return GatedStore(store)


@pytest.fixture(autouse=True)
def no_guild_is_prepared(monkeypatch: pytest.MonkeyPatch) -> None:
    """All guilds of a login follow READY, one after the other."""
    monkeypatch.setattr("gateway.login.identify.PREPARED_GUILDS", 0)


class LargeBot:
    """A bot in three guilds. The first guild is loaded but not entered yet, so the others wait for their turn."""

    def __init__(self, writer: StoreWriter, gate: Gate, owner: Login, login: Login) -> None:
        self.writer = writer
        self.gate = gate
        self.owner = owner
        self.login = login
        self.guilds: list[int] = []
        self.channels: dict[int, int] = {}
        self.client: GatewayClient

    @classmethod
    async def make(cls, writer: StoreWriter, gateway_store: GatedStore) -> "LargeBot":
        owner = await writer.person("owner")
        bot = cls(
            writer, gateway_store.hold("guilds.load_snapshots", after_reading=True), owner, await writer.bot(owner)
        )
        for _ in range(3):
            guild_id = await writer.guild(owner, bot.login)
            bot.guilds.append(guild_id)
            bot.channels[guild_id] = await writer.channel(guild_id)
        return bot

    async def identify(self, client: GatewayClient) -> None:
        """Log in, and wait until the first guild is being loaded."""
        self.client = client
        ready = await client.identify(self.login.token)
        assert [guild["id"] for guild in ready["guilds"]] == [str(guild_id) for guild_id in self.guilds]
        await self.gate.reached.wait()

    async def join_again(self, guild_id: int) -> None:
        """Be thrown out and let in again, and hear a word."""
        await self.writer.remove(guild_id, self.login)
        await self.writer.join(guild_id, self.login)
        await self.say(guild_id, "welcome back")

    async def say(self, guild_id: int, content: str) -> None:
        """Let the owner write a message."""
        await self.writer.say(self.channels[guild_id], self.owner, content, guild_id=guild_id)

    def told_of(self, guild_id: int) -> list[tuple[str, Any]]:
        """Return the events of the guild so far, each with the value of `unavailable` or the content."""
        return [
            (each["t"], each["d"].get("content", each["d"].get("unavailable")))
            for each in self.client.dispatches
            if str(guild_id) in (each["d"].get("guild_id"), each["d"].get("id"))
        ]

    async def enter_the_others(self, *gone: int) -> None:
        """Open the gate, and wait until all guilds but those that are gone were entered."""
        self.gate.open()
        for guild_id in self.guilds:
            if guild_id not in gone:
                await self.client.wait_for_guild(lambda created, wanted=str(guild_id): created["id"] == wanted)
                assert self.told_of(guild_id) == [("GUILD_CREATE", False)]


@pytest.fixture
async def bot(writer: StoreWriter, gateway_store: GatedStore) -> LargeBot:
    """The bot."""
    return await LargeBot.make(writer, gateway_store)


GONE = [("GUILD_DELETE", None)]
BACK = [*GONE, ("GUILD_CREATE", None), ("MESSAGE_CREATE", "welcome back")]


@pytest.mark.parametrize("place", [0, 1, 2])
async def test_bot_that_is_thrown_out_before_its_turn_gets_guild_delete_at_once(
    place: int, bot: LargeBot, connect: Connect
) -> None:
    async with connect() as client:
        await bot.identify(client)
        guild_id = bot.guilds[place]
        await bot.writer.remove(guild_id, bot.login)
        await client.wait_for("GUILD_DELETE")
        await bot.enter_the_others(guild_id)
        assert bot.told_of(guild_id) == GONE


@pytest.mark.parametrize("place", [0, 1, 2])
async def test_bot_whose_guild_is_deleted_before_its_turn_gets_guild_delete_at_once(
    place: int, bot: LargeBot, connect: Connect
) -> None:
    async with connect() as client:
        await bot.identify(client)
        guild_id = bot.guilds[place]
        await bot.writer.delete_guild(guild_id)
        await client.wait_for("GUILD_DELETE")
        await bot.enter_the_others(guild_id)
        assert bot.told_of(guild_id) == GONE


@pytest.mark.guilds_are("here")  # elsewhere the login is read once more, when the user's home has answered
@pytest.mark.parametrize("is_deleted", [False, True])
async def test_guild_that_is_gone_before_ready_gets_guild_delete_in_its_turn(
    is_deleted: bool, bot: LargeBot, gateway_store: GatedStore, connect: Connect
) -> None:
    read = gateway_store.hold("logins.find_many", after_reading=True)
    async with connect() as client:
        bot.client = client
        await client.send(2, {"token": bot.login.token, "intents": 1, "properties": {}})
        await read.reached.wait()
        guild_id = bot.guilds[1]
        await (bot.writer.delete_guild(guild_id) if is_deleted else bot.writer.remove(guild_id, bot.login))
        read.open()
        await client.wait_for("READY")
        await bot.enter_the_others(guild_id)
        assert bot.told_of(guild_id) == GONE


@pytest.mark.parametrize("keeps_all", [True, False])
@pytest.mark.parametrize("place", [0, 1, 2])
async def test_bot_that_joins_again_before_its_turn_gets_a_new_guild_with_all_messages_since(
    place: int, keeps_all: bool, bot: LargeBot, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not keeps_all:
        monkeypatch.setattr("gateway.guilds.guild_loader.KEEP_ALL_BELOW", 1)
    async with connect() as client:
        await bot.identify(client)
        guild_id = bot.guilds[place]
        await bot.say(guild_id, "before")
        await bot.join_again(guild_id)
        await bot.enter_the_others(guild_id)
        await client.wait_for("MESSAGE_CREATE")
        assert bot.told_of(guild_id) == BACK
        await bot.say(guild_id, "more")
        await client.wait_for("MESSAGE_CREATE", lambda message: message["content"] == "more")
        assert bot.told_of(guild_id) == [*BACK, ("MESSAGE_CREATE", "more")]


async def test_user_who_is_thrown_out_while_a_join_is_under_way_and_joins_again_enters_once(
    bot: LargeBot, gateway_store: GatedStore, connect: Connect
) -> None:
    """READY has not named the guild, so nothing is told of the first join."""
    guild_id = await bot.writer.guild(bot.owner)
    bot.channels[guild_id] = await bot.writer.channel(guild_id)
    async with connect() as client:
        await bot.identify(client)
        gate = gateway_store.hold("guilds.load_snapshots")
        await bot.writer.join(guild_id, bot.login)
        await gate.reached.wait()
        await bot.say(guild_id, "welcome")
        await bot.join_again(guild_id)
        gate.open()
        await client.wait_for("MESSAGE_CREATE")
        assert bot.told_of(guild_id) == BACK[1:]


@pytest.mark.guilds_are("here")  # elsewhere the guild is asked for again
async def test_fault_in_one_guild_keeps_a_bot_from_no_other(
    bot: LargeBot, connect: Connect, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    attach = Attendance.attach

    def fail(attendance: Attendance, *args: Any, **options: Any) -> bool:
        if attendance._state.guild_id == bot.guilds[0]:
            raise KeyError
        return attach(attendance, *args, **options)

    async with connect() as client:
        await bot.identify(client)
        with monkeypatch.context() as broken:
            broken.setattr(Attendance, "attach", fail)
            await bot.enter_the_others(bot.guilds[0])
        assert caplog.text.count("could not enter a guild") == 1
        await bot.writer.remove(bot.guilds[0], bot.login)
        await bot.writer.join(bot.guilds[0], bot.login)
        await client.wait_for_guild(lambda created: created["id"] == str(bot.guilds[0]))
        assert bot.told_of(bot.guilds[0]) == [("GUILD_CREATE", None)]

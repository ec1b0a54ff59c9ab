"""Live sessions whose guild gets another home, or whose link to it breaks: they go on, or begin anew."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from core.domain.channels.channel import Overwrite
from core.domain.guilds.permissions import Permission
from core.runtime.metrics.metrics import Metrics
from core.wire.opcodes import Opcode
from tests.integration.gateway.conftest import Connect
from tests.support.gateway.gateway_client import GatewayClient
from tests.support.gateway.neighbours import FixedNeighbours
from tests.support.stores.store_writer import Login, StoreWriter

Neighbours = tuple[FixedNeighbours, FixedNeighbours]
Owner = Callable[[int], str]

pytestmark = pytest.mark.guilds_are("elsewhere")

VIEW = int(Permission.VIEW_CHANNEL)


def at_home(_shard: int) -> str:
    """The gateway without clients has every guild."""
    return "home"


def at_host(_shard: int) -> str:
    """The gateway of the clients has every guild."""
    return "host"


def nowhere(_shard: int) -> str:
    """Nobody has any guild."""
    return ""


class Talk:
    """Two members of a guild, one of whom is connected, and what is said there."""

    def __init__(self, writer: StoreWriter, neighbours: Neighbours, metrics: Metrics) -> None:
        self.writer = writer
        self.host, self.home = neighbours
        self.metrics = metrics
        self.said: list[str] = []
        self.alice: Login
        self.bob: Login
        self.guild_id = self.channel_id = 0
        self.client: GatewayClient

    async def begin(self, client: GatewayClient, *, as_bot: bool = False) -> None:
        """Make the guild, and log in."""
        self.client = client
        self.alice, self.bob = await self.writer.person(), await self.writer.person()
        if as_bot:
            self.bob = await self.writer.bot(self.alice)
        self.guild_id = await self.writer.guild(self.alice, self.bob)
        self.channel_id = await self.writer.channel(self.guild_id)
        await client.identify(self.bob.token)
        await client.wait_for_guild()
        await self.hear()

    async def say(self, times: int = 1) -> None:
        """Let the other one say something, and then something else."""
        for _ in range(times):
            self.said.append(f"word {len(self.said)}")
            await self.writer.say(self.channel_id, self.alice, self.said[-1], guild_id=self.guild_id)

    async def hear(self) -> None:
        """Say something, and wait until everything so far has arrived: once, in its order, without a break."""
        await self.say()
        await self.client.wait_for("MESSAGE_CREATE", lambda message: message["content"] == self.said[-1])
        assert self.client.contents() == self.said
        assert [each["s"] for each in self.client.dispatches] == list(range(1, len(self.client.dispatches) + 1))
        assert self.client.names().count("READY") == 1

    def move(self, owner: Owner) -> None:
        """Let both gateways hear that the guilds have another home."""
        self.home.homes.move(owner)
        self.host.homes.move(owner)

    def cut(self) -> None:
        """Break the conversation of the gateways."""
        self.host.links.cut(self.home.links)

    def connect(self) -> None:
        """Let them begin another one."""
        self.host.links.connect(self.home.links)

    def count_moves(self, outcome: str) -> float:
        """Return the number of moves so far."""
        found = self.metrics.registry.get_sample_value("guildway_session_moves_total", {"outcome": outcome})
        return found or 0.0

    def count_replays(self, way: str) -> float:
        """Return the number of replays that went this way."""
        found = self.metrics.registry.get_sample_value("guildway_guild_replays_total", {"way": way})
        return found or 0.0

    async def wait_moved(self, moves: int) -> None:
        """Wait until so many moves have come to a good end."""
        async with asyncio.timeout(60):
            while self.count_moves("kept") < moves:  # noqa: ASYNC110 - a metric tells nobody
                await asyncio.sleep(0.005)


@pytest.fixture
async def client(connect: Connect) -> AsyncIterator[GatewayClient]:
    """A client's connection."""
    async with connect() as opened:
        yield opened


@pytest.fixture
def talk(writer: StoreWriter, neighbours: Neighbours, metrics: Metrics) -> Talk:
    """Members of a guild."""
    return Talk(writer, neighbours, metrics)


@pytest.mark.parametrize("as_bot", [False, True])
async def test_session_goes_on_over_the_next_conversation(talk: Talk, client: GatewayClient, as_bot: bool) -> None:
    await talk.begin(client, as_bot=as_bot)
    await talk.say(3)
    talk.cut()
    await talk.say(3)
    talk.connect()
    await talk.say(3)
    await talk.hear()
    await talk.wait_moved(1)


@pytest.mark.parametrize("as_bot", [False, True])
async def test_session_follows_its_guild_to_its_own_gateway_and_back(
    talk: Talk, client: GatewayClient, as_bot: bool
) -> None:
    await talk.begin(client, as_bot=as_bot)
    for number, owner in enumerate((at_host, at_home) * 3):
        await talk.say(2)
        talk.move(owner)
        await talk.say(2)
        await talk.hear()
        await talk.wait_moved(number + 1)


async def test_session_is_taken_over_when_the_home_is_gone(talk: Talk, client: GatewayClient) -> None:
    await talk.begin(client)
    talk.cut()
    await talk.say(5)
    assert client.contents() == talk.said[:1]
    talk.move(at_host)
    await talk.hear()


async def test_session_waits_for_a_home(talk: Talk, client: GatewayClient) -> None:
    await talk.begin(client)
    talk.move(nowhere)
    talk.cut()
    await talk.say(2)
    talk.move(at_home)
    await talk.say(2)
    talk.connect()
    await talk.hear()


async def test_home_that_hears_later_than_the_host_lets_nobody_be_lost(talk: Talk, client: GatewayClient) -> None:
    await talk.begin(client)
    talk.move(at_host)
    await talk.hear()
    talk.host.homes.move(at_home)
    await talk.say(2)
    talk.home.homes.move(at_home)
    await talk.hear()


async def test_guild_may_move_while_a_session_is_on_its_way(talk: Talk, client: GatewayClient) -> None:
    await talk.begin(client)
    for owner in (at_host, at_home, at_host, at_home, at_host):
        talk.move(owner)
        await talk.say()
        await asyncio.sleep(0)
    await talk.hear()


async def test_what_others_may_see_is_told_in_a_move(talk: Talk, client: GatewayClient) -> None:
    await talk.begin(client)
    talk.cut()
    carol = await talk.writer.person("carol")
    await talk.writer.join(talk.guild_id, carol)
    talk.move(at_host)
    added = await client.wait_for("GUILD_MEMBER_ADD")
    assert added["user"]["id"] == str(carol.id)
    await talk.hear()


@pytest.mark.parametrize("goes_to", [at_host, at_home])
async def test_session_moves_across_a_change_of_views(talk: Talk, client: GatewayClient, goes_to: Owner) -> None:
    await talk.begin(client)
    writer, everyone = talk.writer, talk.guild_id
    talk.cut()
    await talk.say()
    await writer.put_overwrite(talk.channel_id, Overwrite(id=everyone, type=0, allow=0, deny=VIEW))
    await writer.say(talk.channel_id, talk.alice, "hidden", guild_id=talk.guild_id)
    await writer.put_overwrite(talk.channel_id, Overwrite(id=everyone, type=0, allow=VIEW, deny=0))
    await talk.say()
    talk.move(goes_to)
    talk.connect()
    await talk.hear()
    assert client.names()[-5:] == [
        "MESSAGE_CREATE", "CHANNEL_DELETE", "CHANNEL_CREATE", "MESSAGE_CREATE", "MESSAGE_CREATE",
    ]  # fmt: skip
    assert talk.count_moves("lost") == 0
    assert talk.count_replays("past") == 1


async def test_session_whose_past_is_not_known_begins_anew(talk: Talk, client: GatewayClient) -> None:
    await talk.begin(client)
    talk.cut()
    await talk.writer.announce("GUILD_UPDATE", {"owner_id": str(talk.bob.id)}, guild_id=talk.guild_id)
    talk.move(at_host)
    assert (await client.wait_for_op(Opcode.INVALID_SESSION))["d"] is False
    assert talk.count_moves("lost") == 1
    assert talk.count_replays("untold") == 1
    await client.identify(talk.bob.token)
    await client.wait_until(lambda: client.names().count("READY") == 2)
    await talk.say()
    await client.wait_for("MESSAGE_CREATE", lambda message: message["content"] == talk.said[-1])


async def test_session_whose_user_has_left_begins_anew(talk: Talk, client: GatewayClient) -> None:
    await talk.begin(client)
    talk.cut()
    await talk.writer.remove(talk.guild_id, talk.bob)
    talk.connect()
    assert (await client.wait_for_op(Opcode.INVALID_SESSION))["d"] is False


async def test_session_that_finds_no_home_begins_anew(
    talk: Talk, client: GatewayClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.far.moves.GIVE_UP_S", 0.05)
    await talk.begin(client)
    talk.cut()
    assert (await client.wait_for_op(Opcode.INVALID_SESSION))["d"] is False


async def test_session_begins_anew_when_a_home_breaks_off_in_the_middle(talk: Talk, client: GatewayClient) -> None:
    await talk.begin(client)
    await asyncio.sleep(0)
    talk.host.links.hold(after=1)  # a message, but not how far the home was with it
    await talk.say()
    await client.wait_for("MESSAGE_CREATE", lambda message: message["content"] == talk.said[-1])
    talk.cut()
    talk.connect()
    assert (await client.wait_for_op(Opcode.INVALID_SESSION))["d"] is False


async def test_session_leaves_a_home_when_it_has_said_the_rest(talk: Talk, client: GatewayClient) -> None:
    """The host hears of the next home in the middle of what the one before has to say."""
    await talk.begin(client)
    await asyncio.sleep(0)
    talk.host.links.hold(after=1)  # a message, but not how far the home was with it
    await talk.say()
    await client.wait_for("MESSAGE_CREATE", lambda message: message["content"] == talk.said[-1])
    talk.move(at_host)
    await talk.say()
    talk.host.links.go_on()
    await talk.wait_moved(1)
    await talk.hear()
    assert talk.count_moves("lost") == 0


async def test_subscription_of_a_session_moves_with_it(talk: Talk, client: GatewayClient) -> None:
    await talk.begin(client)
    channels = {str(talk.channel_id): [[0, 99]]}
    await client.send(14, {"guild_id": str(talk.guild_id), "channels": channels, "typing": True, "activities": True})
    await client.wait_for("GUILD_MEMBER_LIST_UPDATE")
    talk.move(at_host)
    await talk.wait_moved(1)
    carol = await talk.writer.person("carol")
    before = len(client.bodies("GUILD_MEMBER_LIST_UPDATE"))
    await talk.writer.join(talk.guild_id, carol)
    await client.wait_until(lambda: len(client.bodies("GUILD_MEMBER_LIST_UPDATE")) > before)


async def test_user_who_comes_back_before_the_home_has_heard_of_the_leaving_is_let_in_anew(
    talk: Talk, client: GatewayClient
) -> None:
    """The host has heard of both. What the home says of the leaving is on its way."""
    await talk.begin(client, as_bot=True)
    talk.host.links.hold()
    await talk.writer.remove(talk.guild_id, talk.bob)
    await talk.writer.join(talk.guild_id, talk.bob)
    talk.host.links.go_on()
    await client.wait_until(lambda: client.names().count("GUILD_CREATE") == 2)
    names = [name for name in client.names() if name in ("GUILD_CREATE", "GUILD_DELETE")]
    assert names == ["GUILD_CREATE", "GUILD_DELETE", "GUILD_CREATE"]
    await talk.say()
    await client.wait_for("MESSAGE_CREATE", lambda message: message["content"] == talk.said[-1])


@pytest.mark.parametrize("target", [at_host, at_home])
async def test_presence_that_changes_in_a_move_is_told_after_it(
    talk: Talk, client: GatewayClient, connect: Connect, target: Owner
) -> None:
    await talk.begin(client)
    async with connect() as watching:
        await watching.identify(talk.alice.token)
        await watching.wait_for_guild()
        talk.move(nowhere)
        talk.cut()
        await client.send(3, {"status": "dnd", "since": 0, "activities": [], "afk": False})
        await client.send(1, client.seq)
        await client.wait_for_op(Opcode.HEARTBEAT_ACK)
        talk.move(target)
        talk.connect()
        await watching.wait_for(
            "PRESENCE_UPDATE", lambda told: told["user"]["id"] == str(talk.bob.id) and told["status"] == "dnd"
        )
    await talk.hear()

"""Voice on a cluster: a stock discord.py bot at one worker and a person with a browser at another one hear each other,
while media nodes and the home of their guild come and go.
"""

import asyncio
import base64
import os
import signal
import ssl
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any, Final

import pytest

from core.domain.ids import shard_of
from core.voice.interfaces import VoiceServer
from tests.e2e.clients.bot_process import BotProcess, running_bot_process
from tests.e2e.conftest import GENEROUS
from tests.e2e.features.test_voice_servers import voice_channel
from tests.support.clusters.cluster import Cluster, run_cluster
from tests.support.gateway.gateway_client import GatewayClient, open_gateway
from tests.support.person import Person
from tests.support.voice.certificates import Certificates, make_certificates
from tests.support.voice.webrtc_client import WebrtcTestClient

ROOT: Final = Path(__file__).parents[3]
SHARDS: Final = 8
SETTINGS: Final = {
    **GENEROUS,
    "GUILDWAY_STORE_NUM_SHARDS": str(SHARDS),
    "GUILDWAY_GATEWAY_HEARTBEAT_INTERVAL_S": "600",
    "GUILDWAY_VOICE_ENABLED": "true",
    "GUILDWAY_VOICE_HOST": "127.0.0.1",
    "GUILDWAY_VOICE_PUBLIC_ADDRESS": "127.0.0.1",
}
WAIT_S: Final = 60.0
EAST: Final = "us-east"
SAID: Final = 100
"""The frames in which a bot says a word, for two seconds: it tells the node of each word's begin and end, and the node
closes the socket of who tells it too much."""
SAYING_S: Final = 2.5


class Talker:
    """A person in voice: the session, and the browser at the node."""

    def __init__(self, person: Person, client: GatewayClient, session_id: str, tls: ssl.SSLContext) -> None:
        self.person = person
        self.client = client
        self.session_id = session_id
        self.tls = tls
        self.voice: WebrtcTestClient
        self.told = 0
        """The places that it has been told and gone to."""

    @property
    def port(self) -> int:
        """The port of the node."""
        return self.voice.server.port

    async def join(self, guild_id: str, channel_id: str) -> None:
        """Join a channel."""
        await self.client.send(4, {"guild_id": guild_id, "channel_id": channel_id})
        await self.follow()

    def updates(self) -> list[dict[str, Any]]:
        """Return the places that the session was told."""
        return [update for update in self.client.bodies("VOICE_SERVER_UPDATE") if update["endpoint"]]

    async def follow(self) -> None:
        """Go to the next place, as clients do: the new socket first, then the old one is left."""
        await self.client.wait_until(lambda: len(self.updates()) > self.told)
        self.told = len(self.updates())
        update, old = self.updates()[-1], getattr(self, "voice", None)
        host, _, port = update["endpoint"].rpartition(":")
        self.voice = WebrtcTestClient(
            int(self.person.id), int(update["guild_id"]), VoiceServer(update["token"], host, int(port))
        )
        self.voice.session_id, self.voice.tls = self.session_id, self.tls
        await self.voice.join()
        if old is not None:
            await old.leave()


class Bot:
    """The stock bot."""

    def __init__(self, process: BotProcess, user_id: str) -> None:
        self._process = process
        self._ssrc = 0
        self.id = user_id

    async def join(self, channel_id: str) -> None:
        """Join a channel."""
        self._ssrc = (await self._process.order("join", channel=channel_id))["ssrc"]

    async def follow(self) -> None:
        """Wait until the library has gone to the next place."""
        self._ssrc = (await self._process.order("wait_connected", but=self._ssrc))["ssrc"]
        await self._process.order("listen")

    async def rest(self, person: Talker) -> None:
        """Tell no more what is heard: the library would miss that its socket is another one."""
        resting = asyncio.ensure_future(self._process.order("rest"))
        await _repeat(lambda: _talk(person, b"rest"), resting.done)
        await resting

    async def say(self, word: str) -> None:
        """Say a word again and again, for a moment."""
        await self._process.order("play", frames=[base64.b64encode(word.encode()).decode()] * SAID)

    def heard(self, word: str) -> bool:
        """Return whether it has heard a word."""
        frame = base64.b64encode(word.encode()).decode()
        return any(event["event"] == "heard" and event["frame"] == frame for event in self._process.events)


async def _talk(person: Talker, sound: bytes) -> None:
    person.voice.talk(sound)


async def _repeat(act: Callable[[], Awaitable[None]], is_done: Callable[[], bool]) -> None:
    """Do something again and again, since the first packets may come too early, until this is true."""
    async with asyncio.timeout(WAIT_S):
        while not is_done():
            await act()
            await asyncio.sleep(0.1)


async def hear_each_other(bot: Bot, person: Talker, word: str) -> None:
    """Check that media goes both ways."""
    await _repeat(lambda: _talk(person, word.encode()), lambda: bot.heard(word))
    await bot_is_heard(bot, person, word)


async def bot_is_heard(bot: Bot, person: Talker, word: str) -> None:
    """Wait until the person hears the bot."""
    async with asyncio.timeout(WAIT_S):
        while not await hears_bot(bot, person, word):
            pass


async def hears_bot(bot: Bot, person: Talker, word: str) -> bool:
    """Have the bot say a word, and return whether the person hears it meanwhile."""
    await bot.say(word)
    with suppress(TimeoutError):
        async with asyncio.timeout(SAYING_S):
            while (await person.voice.hear())[1] != word.encode():
                pass
            return True
    return False


async def wait_silenced(bot: Bot, person: Talker) -> str:
    """Have the person say ever other words until the bot has not heard two, seconds after the first; return that one."""
    async with asyncio.timeout(WAIT_S):
        said = ""
        for number in count():
            word = f"muted? {number}"
            for _ in range(15):
                person.voice.talk(word.encode())
                await asyncio.sleep(0.1)
            if said and not bot.heard(said) and not bot.heard(word):
                return said
            said = word
    raise AssertionError


async def ask_into_region(person: Talker, channel_id: str, region: str) -> None:
    """Have a channel in a region, and ask again while its home may not know the node there yet."""
    numbers, call = count(), person.person.call

    async def ask() -> None:
        await call("PATCH", f"/channels/{channel_id}", {"rtc_region": region, "name": f"room {next(numbers)}"})

    await _repeat(ask, lambda: len(person.updates()) > person.told)


async def name_node(cluster: Cluster, port: int) -> str:
    """Return the name of the node at a port."""
    return next(str(node["name"]) for node in await cluster.shardctl("voice") if node["port"] == port)


def find_media(cluster: Cluster, name: str) -> int:
    """Return the process of a node, which its keeper has started."""
    keeper = cluster.pid_of(name)
    return int(Path(f"/proc/{keeper}/task/{keeper}/children").read_text().split()[0])


@asynccontextmanager
async def talking(cluster: Cluster, certificates: Certificates) -> AsyncIterator[tuple[Bot, Talker, dict[str, Any]]]:
    """A bot at the first worker and a person at the second one in a voice channel, whose guild's home is the second."""
    async with AsyncExitStack() as stack:
        owner = await stack.enter_async_context(await Person.register(cluster.apis()[0]))
        guild = await owner.make_guild()
        made = await owner.make_bot(guild["id"], permissions=0)
        await cluster.shardctl("move", str(shard_of(int(guild["id"]), SHARDS)), "worker-2")
        first, second = cluster.gateways()
        client = await stack.enter_async_context(open_gateway(second))
        ready = await client.identify(owner.token)
        await client.wait_for_guild()
        person = Talker(owner, client, ready["session_id"], certificates.trust())
        module = ("-m", "tests.e2e.clients.voice_bot")
        command = (sys.executable, *module, cluster.apis()[0], first, made["token"], str(certificates.authority))
        bot = Bot(await stack.enter_async_context(running_bot_process(*command, folder=ROOT)), made["id"])
        await bot.join(voice_channel(guild))
        await person.join(guild["id"], voice_channel(guild))
        try:
            yield bot, person, guild
        finally:
            await person.voice.leave()


@pytest.mark.timeout(600)
async def test_stock_bot_and_person_of_two_workers_talk_while_nodes_and_the_home_of_their_guild_go(
    tmp_path: Path,
) -> None:
    certificates = make_certificates(tmp_path)
    settings = {
        **SETTINGS, "GUILDWAY_VOICE_CERTIFICATE": str(certificates.server), "GUILDWAY_VOICE_REGIONS": EAST
    }  # fmt: skip
    running = run_cluster(tmp_path, settings, workers=2, voice=2, has_cassandra=False)
    async with (
        running as cluster,
        cluster.another("voice", "voice-east", GUILDWAY_VOICE_REGION=EAST),
        talking(cluster, certificates) as (bot, person, guild),
    ):
        await hear_each_other(bot, person, "hello")
        assert await name_node(cluster, person.port) != "voice-east"

        await bot.rest(person)
        await ask_into_region(person, voice_channel(guild), EAST)
        await asyncio.gather(bot.follow(), person.follow())
        assert await name_node(cluster, person.port) == "voice-east"
        await hear_each_other(bot, person, "in another region")

        drained = await name_node(cluster, person.port)
        await bot.rest(person)
        draining = asyncio.ensure_future(cluster.shardctl("drain", drained))
        await asyncio.gather(bot.follow(), person.follow())
        assert await name_node(cluster, person.port) != drained
        await hear_each_other(bot, person, "after the drain")
        await draining
        await person.person.call("PATCH", f"/channels/{voice_channel(guild)}", {"rtc_region": None})
        await person.client.wait_for("CHANNEL_UPDATE", lambda channel: channel["rtc_region"] is None)
        await cluster.shardctl("undrain", drained)

        await bot.rest(person)
        os.kill(find_media(cluster, await name_node(cluster, person.port)), signal.SIGKILL)
        await asyncio.gather(bot.follow(), person.follow())
        await hear_each_other(bot, person, "after a node was killed")

        os.kill(cluster.pid_of("worker-2"), signal.SIGKILL)
        await hear_each_other(bot, person, "while the guild has no home")
        member = f"/guilds/{guild['id']}/members/{person.person.id}"
        await person.person.call("PATCH", member, {"mute": True})
        word = await wait_silenced(bot, person)
        await bot_is_heard(bot, person, "one is muted")
        assert not bot.heard(word)

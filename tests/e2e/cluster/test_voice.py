"""Voice on a cluster: people of two workers hear each other, while media nodes and the home of their guild come and go."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

import pytest

from core.domain.ids import shard_of
from core.voice.interfaces import VoiceServer
from tests.e2e.conftest import GENEROUS
from tests.e2e.features.test_voice_servers import hears, join, voice_channel
from tests.support.clusters.cluster import Cluster, run_cluster
from tests.support.gateway.gateway_client import GatewayClient, open_gateway
from tests.support.person import Person, text_channel
from tests.support.voice.client import VoiceTestClient

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


class Talker:
    """A person in voice: the session, and the client at the node."""

    def __init__(self, person: Person, client: GatewayClient, session_id: str) -> None:
        self.person = person
        self.client = client
        self.session_id = session_id
        self.voice: VoiceTestClient
        self.told = 0
        """The places that it has been told and gone to."""

    @property
    def port(self) -> int:
        """The port of the node."""
        return self.voice.server.port

    async def join(self, guild_id: str, channel_id: str) -> None:
        """Join a channel."""
        self.voice = await join(self.client, self.session_id, self.person, guild_id, channel_id)
        self.told = len(self.updates())

    def updates(self) -> list[dict[str, Any]]:
        """Return the places that the session was told."""
        return [update for update in self.client.bodies("VOICE_SERVER_UPDATE") if update["endpoint"]]

    async def follow(self) -> None:
        """Go to the next place, as clients do: the new socket first, then the old one is left."""
        await self.client.wait_until(lambda: len(self.updates()) > self.told)
        self.told = len(self.updates())
        update, old = self.updates()[-1], self.voice
        host, _, port = update["endpoint"].rpartition(":")
        self.voice = VoiceTestClient(
            int(self.person.id), int(update["guild_id"]), VoiceServer(update["token"], host, int(port))
        )
        self.voice.session_id = self.session_id
        await self.voice.join()
        await old.leave()


async def name_node(cluster: Cluster, port: int) -> str:
    """Return the name of the node at a port."""
    return next(str(node["name"]) for node in await cluster.shardctl("voice") if node["port"] == port)


def find_media(cluster: Cluster, name: str) -> int:
    """Return the process of a node, which its keeper has started."""
    keeper = cluster.pid_of(name)
    return int(Path(f"/proc/{keeper}/task/{keeper}/children").read_text().split()[0])


async def hear_each_other(talkers: list[Talker], sound: bytes) -> None:
    """Check that media goes both ways."""
    one, two = (talker.voice for talker in talkers)
    await hears(one, two, sound)
    await hears(two, one, sound)


async def wait_silenced(listener: VoiceTestClient, talker: VoiceTestClient) -> None:
    """Wait until one does not hear the other any more."""
    async with asyncio.timeout(WAIT_S):
        while True:
            while not listener.udp.received.empty():
                listener.udp.received.get_nowait()
            talker.talk(b"muted?")
            try:
                async with asyncio.timeout(0.3):
                    await listener.hear()
            except TimeoutError:
                return


@asynccontextmanager
async def talking(cluster: Cluster) -> AsyncIterator[tuple[list[Talker], dict[str, Any]]]:
    """Two people at two workers in a voice channel, and its guild, whose home is the second worker."""
    async with AsyncExitStack() as stack:
        people = [await stack.enter_async_context(await Person.register(cluster.apis()[0])) for _ in range(2)]
        guild = await people[0].make_guild()
        await people[0].invite(text_channel(guild), people[1])
        await cluster.shardctl("move", str(shard_of(int(guild["id"]), SHARDS)), "worker-2")
        talkers = []
        for person, gateway in zip(people, cluster.gateways(), strict=True):
            client = await stack.enter_async_context(open_gateway(gateway))
            talkers.append(Talker(person, client, (await client.identify(person.token))["session_id"]))
            await client.wait_for_guild()
            await talkers[-1].join(guild["id"], voice_channel(guild))
        yield talkers, guild
        for talker in talkers:
            with suppress(OSError):
                await talker.voice.leave()


@pytest.mark.timeout(300)
async def test_people_of_two_workers_talk_while_nodes_and_the_home_of_their_guild_go(tmp_path: Path) -> None:
    running = run_cluster(tmp_path, SETTINGS, workers=2, voice=2, has_cassandra=False)
    async with running as cluster, talking(cluster) as (talkers, guild):
        alice, bob = talkers
        assert alice.port == bob.port
        await hear_each_other(talkers, b"hello")

        drained = await name_node(cluster, alice.port)
        draining = asyncio.ensure_future(cluster.shardctl("drain", drained))
        for talker in talkers:
            await talker.follow()
        assert alice.port == bob.port
        assert await name_node(cluster, alice.port) != drained
        await hear_each_other(talkers, b"after the drain")
        await draining
        await cluster.shardctl("undrain", drained)

        os.kill(find_media(cluster, await name_node(cluster, alice.port)), signal.SIGKILL)
        for talker in talkers:
            await talker.follow()
        assert alice.port == bob.port
        await hear_each_other(talkers, b"after a node was killed")

        os.kill(cluster.pid_of("worker-2"), signal.SIGKILL)
        await hear_each_other(talkers, b"while the guild has no home")
        owner = alice.person
        muted = f"/guilds/{guild['id']}/members/{bob.person.id}"
        await owner.call("PATCH", muted, {"mute": True})
        await wait_silenced(alice.voice, bob.voice)
        await hears(bob.voice, alice.voice, b"only one is muted")
        assert len(alice.updates()) == alice.told

        await owner.call("DELETE", muted)
        assert await bob.voice.wait_closed() == 4014

"""Two workers that have the guilds between them: who is connected to either hears of all, whatever happens to them.

The messages are in PostgreSQL here, as nothing depends on where they are.
"""

import asyncio
import contextlib
import itertools
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from types import SimpleNamespace
from typing import Any, Final

import httpx
import pytest
import pytest_asyncio

from tests.e2e.clients.discord_bot import Recorder, discord, running_bot
from tests.e2e.conftest import GENEROUS
from tests.support.clusters.cluster import Cluster, proxy_links, run_cluster
from tests.support.gateway.gateway_client import GatewayClient, open_gateway
from tests.support.person import Person, text_channel
from tests.support.proxies.cut_proxy import CutProxy

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(600)]

SHARDS: Final = 8
GUILDS: Final = 10
"""So many that each of two workers has some: that all are in the shards of one happens once in a thousand runs."""
SETTINGS: Final = {
    **GENEROUS,
    "GUILDWAY_STORE_NUM_SHARDS": str(SHARDS),
    "GUILDWAY_GATEWAY_HEARTBEAT_INTERVAL_S": "600",
}
"""The clients here send no heartbeats."""
SETTLED_S: Final = 120.0
MOST_WORKERS: Final = int(os.environ.get("BARS_MOST_WORKERS", "3"))
"""The workers that the cluster grows to. The bar is 4, which takes a machine of two cores half as long again."""


class Crowd:
    """A person and a bot at each worker, in all the guilds, and what is said there."""

    def __init__(self, cluster: Cluster, owner: Person, guilds: list[dict[str, Any]]) -> None:
        self.cluster = cluster
        self.owner = owner
        self.guilds = guilds
        self.clients: list[GatewayClient] = []
        self.said: dict[str, list[str]] = {text_channel(guild): [] for guild in guilds}

    async def say(self) -> None:
        """Say something in each guild."""
        for channel_id, said in self.said.items():
            content = f"word {len(said)}"
            await self.owner.send(channel_id, content)
            said.append(content)

    async def say_until(self, is_done: Callable[[], Awaitable[bool]]) -> None:
        """Say something again and again, until this is true."""
        async with asyncio.timeout(SETTLED_S):
            while not await is_done():
                await self.say()

    async def say_during(self, work: Coroutine[Any, Any, Any]) -> None:
        """Say something again and again, until a work has ended."""
        task = asyncio.create_task(work)
        await self.say_until(lambda: _done(task))
        await task

    async def hear(self) -> None:
        """Check that every client has heard everything once, in its order, in one session."""
        await self.say()
        for client in self.clients:
            for channel_id, said in self.said.items():
                await client.wait_for("MESSAGE_CREATE", lambda each, at=channel_id, last=said[-1]: _is(each, at, last))
                assert _heard(client, channel_id) == said
            numbers = [each["s"] for each in client.dispatches]
            assert numbers == list(range(1, len(numbers) + 1))
            assert client.names().count("READY") == 1


def _heard(client: GatewayClient, channel_id: str) -> list[str]:
    return [each["content"] for each in client.bodies("MESSAGE_CREATE") if each["channel_id"] == channel_id]


def _is(message: dict[str, Any], channel_id: str, content: str) -> bool:
    return message["channel_id"] == channel_id and message["content"] == content


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def wires() -> AsyncIterator[CutProxy]:
    """What the links between the workers go through."""
    proxy = CutProxy(None)
    await proxy.start()
    yield proxy
    await proxy.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def cluster(tmp_path_factory: pytest.TempPathFactory, wires: CutProxy) -> AsyncIterator[Cluster]:
    """Two workers."""
    folder = tmp_path_factory.mktemp("workers")
    async with run_cluster(folder, {**SETTINGS, **proxy_links(wires.port)}, workers=2, has_cassandra=False) as running:
        yield running


async def owners(cluster: Cluster) -> list[str]:
    """Return the names of the shards' workers."""
    return [each["worker"] for each in await cluster.shardctl("shards")]


async def spread(cluster: Cluster) -> None:
    """Let both workers have shards, also one that has just been started again and has no lease yet."""
    async with asyncio.timeout(SETTLED_S):
        while set(await owners(cluster)) != {"worker-1", "worker-2"}:
            await cluster.shardctl("rebalance")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def owner(cluster: Cluster) -> AsyncIterator[Person]:
    """The owner of the guilds."""
    async with await Person.register(cluster.apis()[0]) as person:
        yield person


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def guilds(owner: Person) -> list[dict[str, Any]]:
    """Guilds in the shards of both workers."""
    return [await owner.make_guild() for _ in range(GUILDS)]


@pytest_asyncio.fixture(loop_scope="session")
async def crowd(cluster: Cluster, owner: Person, guilds: list[dict[str, Any]]) -> AsyncIterator[Crowd]:
    """A person and a bot at the first worker, and another bot at the second one."""
    await spread(cluster)
    made = Crowd(cluster, owner, guilds)
    bot = await owner.make_bot(guilds[0]["id"])
    for guild in guilds[1:]:
        await owner.add_bot(bot["id"], guild["id"])
    async with contextlib.AsyncExitStack() as stack:
        first, second = cluster.gateways()
        for url, token in ((first, owner.token), (first, bot["token"]), (second, bot["token"])):
            client = await stack.enter_async_context(open_gateway(url))
            made.clients.append(client)
            await client.identify(token)
            for guild in guilds:
                await client.wait_for_guild(lambda each, wanted=guild["id"]: each["id"] == wanted)
        yield made


async def test_clients_of_both_workers_hear_what_is_said_in_all_guilds(crowd: Crowd) -> None:
    await crowd.say()
    await crowd.hear()


async def test_bot_sees_one_presence_of_a_person_with_devices_at_both_workers(cluster: Cluster, owner: Person) -> None:
    guild = await owner.make_guild()
    bot = await owner.make_bot(guild["id"])
    first, second = cluster.gateways()
    api = cluster.apis()[0]
    left = await starts_left(api, bot["token"])
    async with (
        running_bot(SimpleNamespace(api=api, gateway=second), bot["token"]) as (_, seen),
        open_gateway(first) as desk,
        open_gateway(second) as phone,
    ):
        await desk.identify(owner.token, intents=None, presence=presence("idle"))
        await see(seen, owner, discord.Status.idle, discord.Status.offline)
        ready = await phone.identify(
            owner.token, intents=None, properties={"browser": "Discord Android"}, presence=presence("dnd")
        )
        assert [each["status"] for each in ready["sessions"]] == ["idle", "dnd"]
        await see(seen, owner, discord.Status.idle, discord.Status.dnd)
        for device in (desk, phone):
            await device.wait_for("SESSIONS_REPLACE", lambda each: [one["status"] for one in each] == ["idle", "dnd"])
        await phone.socket.close()
        await see(seen, owner, discord.Status.idle, discord.Status.offline)
        async with open_gateway(first) as other:
            await other.identify(bot["token"])
        assert await starts_left(api, bot["token"]) == left - 2
        await desk.socket.close()
        await see(seen, owner, discord.Status.offline, discord.Status.offline)


def presence(status: str) -> dict[str, Any]:
    return {"status": status, "since": None, "afk": False, "activities": []}


async def see(seen: Recorder, person: Person, desktop: discord.Status, mobile: discord.Status) -> None:
    """Wait until a bot sees the person so."""
    await seen.wait_for(
        "presence_update",
        lambda _, after: (after.id, after.desktop_status, after.mobile_status) == (int(person.id), desktop, mobile),
    )


async def starts_left(api: str, token: str) -> int:
    """Return how often a bot may still identify today."""
    async with httpx.AsyncClient(
        timeout=60, base_url=f"{api}/api/v10", headers={"Authorization": f"Bot {token}"}
    ) as client:
        return int((await client.get("/gateway/bot")).json()["session_start_limit"]["remaining"])


async def test_guilds_move_while_their_members_chat(cluster: Cluster, crowd: Crowd) -> None:
    for source, target in (("worker-1", "worker-2"), ("worker-2", "worker-1")):
        moving = [shard for shard, name in enumerate(await owners(cluster)) if name == source]
        for shard in moving[:3]:
            await crowd.say_during(cluster.shardctl("move", str(shard), target))
    await crowd.hear()


async def _done(task: asyncio.Task[Any]) -> bool:
    return task.done()


async def test_link_that_is_cut_for_ten_seconds_loses_nothing(cluster: Cluster, crowd: Crowd, wires: CutProxy) -> None:
    before = len(cluster.server.log)
    wires.is_silent = True
    cut = asyncio.create_task(asyncio.sleep(10))  # the fault is that long
    await crowd.say_until(lambda: _done(cut))
    wires.is_silent = False
    await crowd.hear()
    log = "\n".join(cluster.server.log[before:])
    assert "nothing has come from it" in log
    async with asyncio.timeout(SETTLED_S):
        while not any('"linked"' in line and '"tcp"' in line for line in cluster.server.log[before:]):
            await crowd.say()
    await crowd.hear()


async def test_cluster_grows_from_one_worker_to_many_and_shrinks_again_while_people_chat(
    cluster: Cluster, crowd: Crowd
) -> None:
    names = [f"worker-{number}" for number in range(1, MOST_WORKERS + 1)]
    await crowd.say_during(cluster.shardctl("drain", "worker-2"))
    assert await owners(cluster) == ["worker-1"] * SHARDS
    async with contextlib.AsyncExitStack() as stack:
        added = [await stack.enter_async_context(cluster.another("worker", name)) for name in names[2:]]
        await cluster.shardctl("undrain", "worker-2")
        await crowd.say_until(lambda: _have_shards(cluster, names[1:]))
        guests = [await stack.enter_async_context(open_gateway(each.gateway)) for each in added]
        for guest in guests:
            await guest.identify(crowd.owner.token)
        for name in names[1:]:
            await crowd.say_during(cluster.shardctl("drain", name))
        assert await owners(cluster) == ["worker-1"] * SHARDS
        await crowd.hear()
        for guest, (channel_id, said) in itertools.product(guests, crowd.said.items()):
            await guest.wait_for("MESSAGE_CREATE", lambda each, at=channel_id, last=said[-1]: _is(each, at, last))
            heard = _heard(guest, channel_id)
            assert heard == said[-len(heard) :]
    await crowd.hear()
    for name in names[1:]:
        await cluster.shardctl("undrain", name)


async def test_paused_worker_is_replaced_and_its_clients_go_on_when_it_wakes(cluster: Cluster, crowd: Crowd) -> None:
    pid = cluster.pid_of("worker-2")
    os.kill(pid, signal.SIGSTOP)
    try:
        await crowd.say_until(lambda: _are_at(cluster, {"worker-1"}))
    finally:
        os.kill(pid, signal.SIGCONT)
    await crowd.hear()
    await spread(cluster)
    await crowd.hear()


async def _are_at(cluster: Cluster, names: set[str]) -> bool:
    return set(await owners(cluster)) == names


async def _have_shards(cluster: Cluster, names: list[str]) -> bool:
    """Return whether all who have come have shards. So few are spread unevenly: who was there may keep none."""
    return set(names) <= set(await owners(cluster))


async def test_clients_of_the_other_worker_go_on_when_one_is_killed(cluster: Cluster, crowd: Crowd) -> None:
    lost = crowd.clients.pop()
    killed = cluster.pid_of("worker-2")
    os.kill(killed, signal.SIGKILL)
    await crowd.say_during(cluster.wait_replaced("worker-2", killed))
    await crowd.hear()
    assert lost.is_closed

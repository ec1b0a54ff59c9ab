"""What a crowd on two workers notices when one of them is killed or drained: its clients resume at the other one.

Clients know the address of a balancer before both. As in `test_bars`, what was answered is stored once, and everybody
has seen everything in order. Nobody begins anew. The messages are in PostgreSQL, as nothing depends on where they are.
"""

import asyncio
import os
import random
import signal
from collections import Counter
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.e2e.cluster.conftest import BEFORE
from tests.e2e.cluster.crowd_scene import Chat, Scene, chatting, make_scene
from tests.e2e.cluster.faults import Faults
from tests.e2e.conftest import GENEROUS
from tests.support.clusters.cluster import Cluster, proxy_links, run_cluster
from tests.support.proxies.cut_proxy import CutProxy
from tests.support.proxies.gateway_balancer import GatewayBalancer, balancing

PEOPLE = 30
AFTER = 120
SECONDS = float(os.environ.get("BARS_SECONDS", "0"))
SEED = int(os.environ.get("BARS_SEED", "1"))
"""How long faults come two at a time, and which. CI has no time for them."""
BEGUN_ANEW = 0.01
"""The most sessions that begin anew, among those that resume."""

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(600)]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def balancer() -> AsyncIterator[GatewayBalancer]:
    """The balancer."""
    async with balancing() as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def wires() -> AsyncIterator[CutProxy]:
    """What the links between the workers go through."""
    proxy = CutProxy(None)
    await proxy.start()
    yield proxy
    await proxy.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def cluster(
    tmp_path_factory: pytest.TempPathFactory, balancer: GatewayBalancer, wires: CutProxy
) -> AsyncIterator[Cluster]:
    """A cluster of two workers."""
    settings = {**GENEROUS, **proxy_links(wires.port), "GUILDWAY_GATEWAY_PUBLIC_URL": balancer.address}
    folder = tmp_path_factory.mktemp("cluster")
    async with run_cluster(folder, settings, workers=2, has_cassandra=False) as running:
        balancer.list_gateways = running.gateways
        await running.shardctl("rebalance")
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def scene(cluster: Cluster) -> AsyncIterator[Scene]:
    """The crowd's guild in it."""
    made = await make_scene(cluster, PEOPLE)
    async with made.owner:
        yield made


@pytest_asyncio.fixture(loop_scope="session")
async def chat(cluster: Cluster, scene: Scene, balancer: GatewayBalancer) -> AsyncIterator[Chat]:
    """The crowd, which chats at both workers. One that an earlier test has killed or drained is ready again."""
    await balancer.wait_for_gateways(2)
    async with chatting(cluster, scene, gateway=balancer.address) as running:
        await running.go_on(BEFORE)
        yield running


async def test_quiet_workers_keep_their_promises(chat: Chat) -> None:
    await chat.go_on(AFTER)
    await chat.check()
    chat.check_undisturbed()


async def test_clients_of_a_killed_worker_resume_at_the_other_one_and_miss_nothing(
    cluster: Cluster, chat: Chat
) -> None:
    await cluster.wait_for_cut("worker-1")
    killed = cluster.pid_of("worker-1")
    os.kill(killed, signal.SIGKILL)
    await chat.go_on(AFTER)
    await chat.check()
    await cluster.wait_replaced("worker-1", killed)
    assert [listener.life for listener in chat.listeners] == [1] * PEOPLE
    assert max(listener.resumes for listener in chat.listeners) == 1


async def test_clients_of_a_drained_worker_reconnect_once_and_are_told_nothing_twice(
    cluster: Cluster, chat: Chat
) -> None:
    await cluster.shardctl("drain", "worker-2")
    await chat.go_on(AFTER)
    await chat.check()
    await cluster.shardctl("undrain", "worker-2")
    assert [listener.life for listener in chat.listeners] == [1] * PEOPLE
    assert max(listener.resumes for listener in chat.listeners) == 1
    for listener in chat.listeners:
        repeated = {
            seen: count for seen, count in Counter(each.message_id for each in listener.seen).items() if count > 1
        }
        assert not repeated


@pytest.mark.skipif(not SECONDS, reason="BARS_SECONDS says how long faults come")
@pytest.mark.timeout(600 + 3 * SECONDS)
async def test_faults_that_come_two_at_a_time_lose_nothing(cluster: Cluster, chat: Chat, wires: CutProxy) -> None:
    faults = Faults(cluster, wires, random.Random(SEED))
    end_s = asyncio.get_running_loop().time() + SECONDS
    while asyncio.get_running_loop().time() < end_s:
        await faults.strike_twice()
        await chat.go_on(BEFORE)
    await chat.check()
    begun_anew = sum(listener.life - 1 for listener in chat.listeners)
    resumed = sum(listener.resumes for listener in chat.listeners)
    assert begun_anew <= BEGUN_ANEW * (begun_anew + resumed), (faults.done, begun_anew, resumed)

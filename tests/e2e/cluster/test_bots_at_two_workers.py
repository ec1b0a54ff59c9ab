"""Bots of stock libraries chat at two workers while one is killed: they resume at the other one, and miss no message."""

import asyncio
import os
import signal
import time
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.e2e.conftest import GENEROUS
from tests.e2e.operation.test_bots_survive import Contents, Place, list_kinds, wait_until
from tests.e2e.operation.test_sessions_survive import REPEATED_S, read_resumes
from tests.support.chatter import chatting, check_heard
from tests.support.clusters.cluster import Cluster, run_cluster
from tests.support.person import Person, text_channel
from tests.support.proxies.gateway_balancer import balancing

SHARDS = 8
GUILDS = 3
"""The bots are in all of them. The shards of two or three are given to both workers, mostly."""
RESUMED_S = 60.0
"""Libraries wait for some seconds before they try."""


async def count_resumes(cluster: Cluster) -> dict[str, int]:
    """Return the counts of resumes by outcome, at both workers."""
    found: dict[str, int] = {}
    for entry in cluster.entries().values():
        if entry["role"] == "worker" and entry["state"] == "ready":
            for outcome, times in (await read_resumes(entry["addresses"]["metrics"])).items():
                found[outcome] = found.get(outcome, 0) + times
    return found


@pytest.mark.timeout(600)
async def test_bots_of_all_libraries_resume_at_the_other_worker_and_miss_nothing(tmp_path: Path) -> None:
    kinds = list_kinds()
    async with AsyncExitStack() as stack:
        balancer = await stack.enter_async_context(balancing())
        settings = {
            **GENEROUS,
            "GUILDWAY_GATEWAY_PUBLIC_URL": balancer.address,
            "GUILDWAY_STORE_NUM_SHARDS": str(SHARDS),
        }
        running = run_cluster(tmp_path, settings, workers=2, has_cassandra=False)
        cluster = await stack.enter_async_context(running)
        balancer.list_gateways = cluster.gateways
        await cluster.shardctl("rebalance")
        await balancer.wait_for_gateways(2)
        alice = await stack.enter_async_context(await Person.register(cluster.apis()[0]))
        guilds = [await alice.make_guild() for _ in range(GUILDS)]
        place = Place(cluster.apis()[0], balancer.address)
        heard: dict[str, Contents] = {}
        for name, (run, options) in kinds.items():
            made = await alice.make_bot(guilds[0]["id"])
            for guild in guilds[1:]:
                await alice.add_bot(made["id"], guild["id"])
            heard[name] = await stack.enter_async_context(run(place, made["token"], **options))
        async with chatting(alice, text_channel(guilds[0])) as chatter:
            await cluster.wait_for_cut("worker-1")
            killed_s = time.monotonic()
            killed = cluster.pid_of("worker-1")
            os.kill(killed, signal.SIGKILL)
            await cluster.wait_replaced("worker-1", killed)
            await chatter.wait_for(20)
            async with asyncio.timeout(RESUMED_S):
                while not await count_resumes(cluster):  # noqa: ASYNC110 - of other processes
                    await asyncio.sleep(0.2)
        last = f"message n{len(chatter.answered) - 1}"
        await wait_until(lambda: all(last in contents() for contents in heard.values()))
        ids = {f"message n{number}": message_id for number, message_id in enumerate(chatter.answered)}
        for contents in heard.values():
            messages = [ids[content] for content in contents() if content in ids]
            check_heard(messages, chatter, repeated_s=REPEATED_S, killed_s=[killed_s])
        assert (await count_resumes(cluster)).keys() == {"restored"}

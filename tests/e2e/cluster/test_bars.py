"""What a crowd that chats steadily on a cluster notices of kills, pauses, and servers that are away: a delay, no more.

Two API processes, a worker, Redis, PostgreSQL and Cassandra, all real. After each fault: what was answered is stored
once, everybody has seen everything in order or was told to begin anew, and nobody saw what is hidden (`records`).
"""

import asyncio
import os
import signal

import pytest

from tests.e2e.cluster.crowd_scene import Chat
from tests.support.cluster import Cluster

AFTER = 120
"""The messages after a fault."""

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]


async def test_quiet_cluster_keeps_its_promises(chat: Chat) -> None:
    await chat.go_on(AFTER)
    await chat.check()
    assert all(listener.resumes == 0 and listener.life == 1 for listener in chat.listeners)


async def test_killed_api_process_loses_nothing(cluster: Cluster, chat: Chat) -> None:
    await cluster.kill("api-1")
    await chat.go_on(AFTER)
    await chat.check()
    assert all(listener.life == 1 for listener in chat.listeners)


async def test_killed_worker_is_resumed_by_everybody_without_a_gap(cluster: Cluster, chat: Chat) -> None:
    await cluster.kill("worker-1")
    await chat.go_on(AFTER)
    await chat.check()
    assert all(listener.resumes >= 1 and listener.life == 1 for listener in chat.listeners)


async def test_killed_redis_that_starts_again_loses_nothing(cluster: Cluster, chat: Chat) -> None:
    cluster.redis.kill()
    await asyncio.to_thread(cluster.redis.start)
    await chat.go_on(AFTER)
    await chat.check()


async def test_emptied_redis_loses_no_message(cluster: Cluster, chat: Chat) -> None:
    await cluster.empty_redis()
    await chat.go_on(AFTER)
    await chat.check()


async def test_log_of_redis_that_was_cut_short_loses_no_message(cluster: Cluster, chat: Chat) -> None:
    cluster.redis.kill()
    cluster.cut_redis_log()
    await asyncio.to_thread(cluster.redis.start)
    await chat.go_on(AFTER)
    await chat.check()


async def test_restarted_postgres_loses_nothing(cluster: Cluster, chat: Chat) -> None:
    await asyncio.to_thread(cluster.postgres.stop)
    await asyncio.to_thread(cluster.postgres.start)
    await chat.go_on(AFTER)
    await chat.check()


async def test_cassandra_that_stands_still_for_twenty_seconds_loses_nothing(cluster: Cluster, chat: Chat) -> None:
    cluster.cassandra.pause()
    await asyncio.sleep(20)  # the fault is that long
    cluster.cassandra.go_on()
    await chat.go_on(AFTER)
    await chat.check()


async def test_api_process_that_stood_still_between_open_and_close_disturbs_nothing(
    cluster: Cluster, chat: Chat
) -> None:
    pid = cluster.pid_of("api-2")
    os.kill(pid, signal.SIGSTOP)
    await asyncio.sleep(10)  # the fault is that long
    os.kill(pid, signal.SIGCONT)
    await chat.go_on(AFTER)
    await chat.check()


async def test_nonce_that_is_repeated_at_the_other_api_gives_the_first_message(cluster: Cluster, chat: Chat) -> None:
    sender = chat.senders[0]
    first, second = cluster.apis()[:2]
    for number in range(20):
        body = {"content": f"repeated {number}", "nonce": f"repeated {number}"}
        made = await sender.try_once(first, body)
        assert made is not None
        assert await sender.try_once(second, body) == made

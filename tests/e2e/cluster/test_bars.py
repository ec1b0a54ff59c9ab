"""What a crowd that chats steadily on a cluster notices of kills, pauses, and servers that are away: a delay, no more.

Two API processes whose clocks differ, a worker, Redis, PostgreSQL and Cassandra, all real. After each fault: what was
answered is stored once, everybody has seen everything in order or was told to begin anew, and nobody saw what is hidden
(`records`).
"""

import asyncio
import os
import signal

import pytest

from tests.e2e.cluster.crowd_scene import Chat
from tests.e2e.cluster.probe import Probe
from tests.support.clusters.cluster import Cluster

AFTER = 120
"""The messages after a fault."""

ONE_CHANNEL = 50
EACH = 10
"""The senders in one channel, and their messages."""
SOON_S = 20.0
"""Three seconds in which a server may come back, and the time that a very busy machine takes for the rest."""
SWEPT_S = 60.0
"""The time in which openings that nobody closes are ended, which takes some seconds where the machine has time."""

HURTS_CASSANDRA = True
"""Tells the fixture `cluster` that a Cassandra of its own is needed."""

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(900)]


async def test_quiet_cluster_keeps_its_promises(chat: Chat) -> None:
    await chat.go_on(AFTER)
    await chat.check()
    chat.check_undisturbed()


async def test_killed_api_process_loses_nothing(cluster: Cluster, chat: Chat) -> None:
    await cluster.kill("api-1")
    await chat.go_on(AFTER)
    await chat.check()
    assert all(listener.life == 1 for listener in chat.listeners)


async def test_killed_worker_is_resumed_by_everybody_without_a_gap(cluster: Cluster, chat: Chat) -> None:
    await cluster.wait_for_cut("worker-1")
    await cluster.kill("worker-1")
    await chat.go_on(AFTER)
    await chat.check()
    assert all(listener.life == 1 for listener in chat.listeners)
    assert all(listener.resumes >= 1 for listener in chat.listeners if listener.gateway == cluster.gateways()[0])


async def test_killed_redis_that_starts_again_loses_nothing(cluster: Cluster, chat: Chat) -> None:
    cluster.redis.kill()
    await asyncio.to_thread(cluster.redis.start)
    await chat.go_on(AFTER)
    await chat.check()
    chat.check_undisturbed()


async def test_emptied_redis_loses_no_message(cluster: Cluster, chat: Chat) -> None:
    await cluster.empty_redis()
    await chat.go_on(AFTER)
    await chat.check()
    chat.check_undisturbed()


async def test_log_of_redis_that_was_cut_short_loses_no_message(cluster: Cluster, chat: Chat) -> None:
    cluster.redis.kill()
    cluster.cut_redis_log()
    await asyncio.to_thread(cluster.redis.start)
    await chat.go_on(AFTER)
    await chat.check()
    chat.check_undisturbed()


async def test_requests_while_redis_is_away_are_answered_soon(cluster: Cluster, chat: Chat) -> None:
    cluster.redis.kill()
    probes = [Probe(api, chat.scene) for api in cluster.apis()]
    answers = [answer for _ in range(5) for answer in await asyncio.gather(*(probe.ask() for probe in probes))]
    ready = [await probe.is_ready() for probe in probes]
    await asyncio.to_thread(cluster.redis.start)
    assert {answer.read_status for answer in answers} == {200}
    assert {(answer.send_status, answer.send_again) for answer in answers} == {(503, True)}
    assert max(answer.slowest_s for answer in answers) < SOON_S
    assert ready == [False] * len(probes)
    await chat.go_on(AFTER)
    await chat.check()
    chat.check_undisturbed()


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


async def test_killed_cassandra_that_starts_again_loses_nothing(cluster: Cluster, chat: Chat) -> None:
    cluster.cassandra.kill()
    await asyncio.to_thread(cluster.cassandra.start)
    await chat.go_on(AFTER)
    await chat.check()
    chat.check_undisturbed()


async def test_api_process_that_stood_still_between_open_and_close_disturbs_nothing(
    cluster: Cluster, chat: Chat
) -> None:
    pid = await cluster.pause_at_a_door("api-2")
    pause = asyncio.create_task(asyncio.sleep(10))  # the fault is that long
    bodies = [{"content": f"meanwhile {number}"} for number in range(3)]
    # The senders wait for the process that stands still, sooner or later. In each channel one sends by the other.
    sent = [await sender.try_once(cluster.apis()[0], body) for sender, body in zip(chat.senders, bodies, strict=False)]
    await pause
    try:
        async with asyncio.timeout(SWEPT_S):
            while await cluster.has_opening("api-2"):  # noqa: ASYNC110 - another process ends it
                await asyncio.sleep(0.1)
    finally:
        os.kill(pid, signal.SIGCONT)
    assert None not in sent, "somebody could not send by the other process"
    await chat.go_on(AFTER)
    await chat.check()
    chat.check_undisturbed()


async def test_worker_that_stood_still_until_the_logs_were_trimmed_ends_and_everybody_begins_anew(
    cluster: Cluster, chat: Chat
) -> None:
    pid = cluster.pid_of("worker-1")
    os.kill(pid, signal.SIGSTOP)
    try:
        await cluster.cut_topics()
        await chat.go_on(AFTER)
        await cluster.trim_logs()
    finally:
        os.kill(pid, signal.SIGCONT)
    await cluster.wait_replaced("worker-1", pid)
    await chat.go_on(AFTER)
    await chat.check()
    assert any("is not the one that this worker has followed" in line for line in cluster.server.log)
    # Who was sent away by the old worker before it ended has begun anew there, too.
    assert all(listener.life >= 2 for listener in chat.listeners)


async def test_many_senders_in_one_channel_whose_processes_have_different_clocks_are_told_in_order(
    cluster: Cluster, chat: Chat
) -> None:
    crowd = await chat.meet(ONE_CHANNEL, EACH)
    assert [sender.statuses for sender in crowd] == [[]] * ONE_CHANNEL
    await chat.check()
    chat.check_undisturbed()


async def test_nonce_that_is_repeated_at_the_other_api_gives_the_first_message(cluster: Cluster, chat: Chat) -> None:
    sender = chat.senders[0]
    first, second = cluster.apis()[:2]
    for number in range(20):
        body = {"content": f"repeated {number}", "nonce": f"repeated {number}"}
        made = await sender.try_once(first, body)
        assert made is not None
        assert await sender.try_once(second, body) == made

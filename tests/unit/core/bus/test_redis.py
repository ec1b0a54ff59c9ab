"""The tails of several processes: gaps, losses of the connection, silence, logs that were opened again, the barrier."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from core.bus import redis
from core.bus.interfaces import LogTrimmed
from core.bus.positions import position_of
from core.bus.redis import CURRENT_S, READY_S
from core.domain.errors import Unavailable
from core.domain.ids import shard_of
from core.redis.interfaces import Answer, Argument
from core.wire.envelope import encode_envelope
from tests.contract.builders import flake, new_envelope
from tests.fakes.clock import FakeClock
from tests.fakes.redis.client import FakeTopics
from tests.fakes.redis.cluster import ClusterProcess, FakeCluster, KeepingProcess

NUM_SHARDS = 4
GUILD = flake(0)
SHARD = shard_of(GUILD, NUM_SHARDS)
TAG = f"{{{SHARD}}}"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def cluster(clock: FakeClock) -> FakeCluster:
    return FakeCluster(clock, NUM_SHARDS)


@pytest.fixture
async def worker(cluster: FakeCluster) -> AsyncIterator[KeepingProcess]:
    worker = cluster.worker()
    worker.start()
    await worker.open_logs()
    assert await worker.bus.wait_current(5)
    yield worker
    await worker.kill()


@pytest.fixture
async def api(cluster: FakeCluster, worker: KeepingProcess) -> AsyncIterator[ClusterProcess]:
    api = cluster.process()
    api.start()
    assert await api.bus.wait_current(5)
    yield api
    await api.kill()


def hear(process: ClusterProcess) -> list[int]:
    """Keep the ids of what a process hears."""
    heard: list[int] = []
    process.bus.subscribe(lambda delivery: heard.append(delivery.envelope.id))
    return heard


async def append(process: ClusterProcess, envelope_id: int) -> None:
    """Append without waiting for any tail."""
    await process.scripts.call("log_append", TAG, encode_envelope(new_envelope(envelope_id, GUILD)))


async def passed(process: ClusterProcess, n: int, generation: int = 1) -> bool:
    return await process.bus.wait_passed(SHARD, position_of(generation, n), 5)


async def test_entry_of_one_process_reaches_the_others(api: ClusterProcess, worker: KeepingProcess) -> None:
    heard, own = hear(worker), hear(api)
    await api.bus.publish([new_envelope(1, GUILD)])
    assert own == [1]
    assert await passed(worker, 1)
    assert heard == [1]


async def test_missed_publication_is_read_from_the_log_when_the_next_one_comes(
    api: ClusterProcess, worker: KeepingProcess, cluster: FakeCluster
) -> None:
    heard = hear(api)
    publish, cluster.server.publish = cluster.server.publish, lambda *_: None  # type: ignore[method-assign]
    await append(worker, 1)
    await append(worker, 2)
    cluster.server.publish = publish  # type: ignore[method-assign]
    await append(worker, 3)
    assert await passed(api, 3)
    assert heard == [1, 2, 3]
    assert api.missed == ["gap"]


async def test_missed_publication_is_found_by_the_counters_when_no_other_comes(
    api: ClusterProcess, worker: KeepingProcess, cluster: FakeCluster
) -> None:
    heard = hear(api)
    publish, cluster.server.publish = cluster.server.publish, lambda *_: None  # type: ignore[method-assign]
    await append(worker, 1)
    cluster.server.publish = publish  # type: ignore[method-assign]
    newest = await api.bus._check(0)
    assert heard == []
    await api.bus._check(newest)
    assert await passed(api, 1)
    assert heard == [1]


@pytest.mark.parametrize("question", ["log_heads", "log_read"])
async def test_entry_of_a_moment_without_subscription_is_not_missed_behind_an_older_answer(
    api: ClusterProcess,
    worker: KeepingProcess,
    cluster: FakeCluster,
    monkeypatch: pytest.MonkeyPatch,
    question: str,
) -> None:
    heard = hear(api)
    publish, cluster.server.publish = cluster.server.publish, lambda *_: None  # type: ignore[method-assign]
    await append(worker, 1)
    known_call = api.scripts.call

    def call(script: str, tag: str, *args: Argument) -> "asyncio.Future[Answer]":
        answer = known_call(script, tag, *args)
        if script != question or (script == "log_read" and tag != TAG):
            return answer
        monkeypatch.setattr(api.scripts, "call", known_call)
        return asyncio.ensure_future(resubscribe(answer))

    async def resubscribe(answer: "asyncio.Future[Answer]") -> Answer:
        """Append after the answer was made, and begin to hear again before it arrives."""
        made = await answer
        await append(worker, 2)
        cluster.server.publish = publish  # type: ignore[method-assign]
        api.bus.tail.on_lost()
        api.bus.tail.on_subscribed()
        return made

    monkeypatch.setattr(api.scripts, "call", call)
    api.bus.tail.doubt()
    async with asyncio.timeout(60):
        while not api.bus.tail.is_up_to_date:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0)
    assert heard == [1, 2]


async def test_entry_that_is_heard_while_another_log_is_read_is_not_missed(
    api: ClusterProcess, worker: KeepingProcess, cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    guilds = {shard_of(number << 22, NUM_SHARDS): number << 22 for number in range(100)}
    heard = hear(api)

    def append_to(shard: int, envelope_id: int) -> None:
        worker.scripts.call("log_append", f"{{{shard}}}", encode_envelope(new_envelope(envelope_id, guilds[shard])))

    def call(script: str, tag: str, *args: Argument) -> "asyncio.Future[Answer]":
        if script == "log_read" and tag == "{1}":
            append_to(2, 20)
        return known_call(script, tag, *args)

    publish, cluster.server.publish = cluster.server.publish, lambda *_: None  # type: ignore[method-assign]
    append_to(1, 10)
    cluster.server.publish = publish  # type: ignore[method-assign]
    known_call = api.scripts.call
    monkeypatch.setattr(api.scripts, "call", call)
    api.bus.tail.doubt()
    assert await api.bus.wait_passed(2, position_of(1, 1), 5)
    assert heard == [10, 20]


async def test_what_is_appended_while_the_connection_is_lost_is_read_after_it(
    api: ClusterProcess, worker: KeepingProcess
) -> None:
    heard = hear(api)
    assert isinstance(api.topics, FakeTopics)
    api.topics.reconnect()
    for number in range(1, 1200):
        await append(worker, number)
    assert await passed(api, 1199)
    assert heard == list(range(1, 1200))


async def test_process_that_starts_hears_only_what_comes_then(worker: KeepingProcess, cluster: FakeCluster) -> None:
    await worker.bus.publish([new_envelope(1, GUILD)])
    late = cluster.process()
    heard = hear(late)
    late.start()
    assert await late.bus.wait_current(5)
    await worker.bus.publish([new_envelope(2, GUILD)])
    assert await passed(late, 2)
    assert heard == [2]
    assert [delivery.envelope.id for delivery in await late.bus.read(SHARD, 0)] == [1, 2]
    await late.kill()


async def test_process_that_begins_tells_no_position_before_it_knows_the_ends_of_the_logs(
    worker: KeepingProcess, cluster: FakeCluster
) -> None:
    await append(worker, 1)
    api = cluster.process()
    asked = asyncio.create_task(api.bus.position(SHARD))
    await asyncio.sleep(0)
    assert not asked.done()
    api.start()
    assert await asked == position_of(1, 1)
    await api.kill()


async def test_counters_rise_when_everything_before_them_was_applied(
    api: ClusterProcess, worker: KeepingProcess, cluster: FakeCluster
) -> None:
    heard = hear(api)
    before = api.bus.tail.all.value
    publish, cluster.server.publish = cluster.server.publish, lambda *_: None  # type: ignore[method-assign]
    await append(worker, 1)
    cluster.server.publish = publish  # type: ignore[method-assign]
    other = worker.scripts.call("log_append", "{3}", encode_envelope(new_envelope(2, GUILD)))
    await other
    await append(worker, 3)
    assert await api.bus.wait_applied(all_=before + 3, timeout_s=5)
    assert sorted(heard) == [1, 2, 3]


async def test_process_waits_for_what_another_one_has_appended(worker: KeepingProcess, api: ClusterProcess) -> None:
    heard = hear(api)
    for number in range(20):
        await append(worker, number)
        await api.bus.wait_for_newest()
        assert heard[-1] == number


async def test_process_that_does_not_hear_of_what_was_appended_does_not_go_on(
    worker: KeepingProcess, api: ClusterProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis, "PASS_S", 0.01)
    await api.kill()
    await append(worker, 1)
    with pytest.raises(Unavailable):
        await api.bus.wait_for_newest()


async def test_silent_tail_is_not_current_and_then_not_ready(
    api: ClusterProcess, worker: KeepingProcess, clock: FakeClock
) -> None:
    assert api.bus.is_current
    assert isinstance(api.topics, FakeTopics)
    api.topics.is_deaf = True
    clock.advance(CURRENT_S)
    assert not api.bus.is_current
    assert api.bus.find_fault() is None
    clock.advance(READY_S)
    assert api.bus.find_fault() == "no news from Redis"
    api.topics.is_deaf = False
    api.topics.ping()
    await api.bus.tail.pongs.wait(api.bus.tail.pongs.value + 1, 5)
    assert api.bus.is_current


async def test_writer_waits_for_a_log_that_is_opened_soon(
    api: ClusterProcess, worker: KeepingProcess, cluster: FakeCluster
) -> None:
    await api.bus.publish([new_envelope(1, GUILD)])
    cluster.server.restart()
    writing = asyncio.create_task(api.bus.publish([new_envelope(2, GUILD)]))
    await asyncio.sleep(0.02)
    assert not writing.done()
    await worker.open_logs()
    await writing
    assert [delivery.envelope.id for delivery in await worker.bus.read(SHARD, 0)] == [1, 2]


async def test_writer_is_refused_when_the_log_stays_closed(
    api: ClusterProcess, cluster: FakeCluster, clock: FakeClock
) -> None:
    cluster.server.restart()
    writing = asyncio.create_task(api.bus.publish([new_envelope(2, GUILD)]))
    while not writing.done():  # it may not wait yet when the time passes
        clock.advance(10)
        await asyncio.sleep(0.001)
    with pytest.raises(Unavailable):
        await writing


async def test_lost_entries_are_put_back_and_nobody_can_tell(
    api: ClusterProcess, worker: KeepingProcess, cluster: FakeCluster
) -> None:
    heard, lost = hear(api), list[int]()
    api.bus.on_loss(lost.append)
    await api.bus.publish([new_envelope(1, GUILD)])
    cluster.server.keep()
    await api.bus.publish([new_envelope(2, GUILD), new_envelope(3, GUILD)])
    assert await passed(worker, 3)
    cluster.server.stop()
    cluster.server.lose_since()
    cluster.server.start()
    await worker.open_logs()
    await api.bus.publish([new_envelope(4, GUILD)])
    assert heard == [1, 2, 3, 4]
    assert lost == []
    assert [delivery.envelope.id for delivery in await worker.bus.read(SHARD, 0)] == [1, 2, 3, 4]


async def test_everything_that_was_flushed_begins_again_with_what_the_keeper_remembers(
    api: ClusterProcess, worker: KeepingProcess, cluster: FakeCluster
) -> None:
    heard, lost = hear(api), list[int]()
    api.bus.on_loss(lost.append)
    await api.bus.publish([new_envelope(1, GUILD), new_envelope(2, GUILD)])
    assert await passed(worker, 2)
    applied = api.bus.tail.all.value
    cluster.server.flush()
    await worker.open_logs()
    await api.bus.publish([new_envelope(3, GUILD)])
    assert heard == [1, 2, 3]
    assert lost == []
    assert await api.bus.position(SHARD) == position_of(1, 3)
    assert api.bus.tail.all.value > applied


async def test_process_that_heard_more_than_the_log_has_goes_back_and_tells(
    api: ClusterProcess, worker: KeepingProcess, cluster: FakeCluster
) -> None:
    heard, lost = hear(api), list[int]()
    api.bus.on_loss(lost.append)
    await api.bus.publish([new_envelope(1, GUILD)])
    assert await passed(worker, 1)
    cluster.server.keep()
    await worker.kill()
    await api.bus.publish([new_envelope(2, GUILD)])
    cluster.server.stop()
    cluster.server.lose_since()
    cluster.server.start()
    worker.start()
    await worker.open_logs()
    await append(worker, 7)
    await append(worker, 8)
    assert await passed(worker, 3)
    await api.bus.wait_current(5)
    assert heard == [1, 2, 7, 8]
    assert lost == [SHARD]


async def test_new_keeper_cannot_compare_and_begins_a_new_generation(
    api: ClusterProcess, worker: KeepingProcess, cluster: FakeCluster
) -> None:
    lost: list[int] = []
    api.bus.on_loss(lost.append)
    await api.bus.publish([new_envelope(1, GUILD)])
    before = await api.bus.position(SHARD)
    await worker.kill()
    cluster.server.restart()
    cluster.source.revisions = {SHARD: 12}
    other = cluster.worker()
    other.start()
    await other.open_logs()
    await api.bus.publish([new_envelope(2, GUILD)])
    assert await api.bus.position(SHARD) == position_of(2, 1)
    assert sorted(lost) == list(range(NUM_SHARDS))
    with pytest.raises(LogTrimmed):
        await api.bus.read(SHARD, before)
    assert (await other.bus.tail.fetch_heads()).shards[SHARD].revision == 12
    await api.bus.wait_for_revisions({SHARD: 12})  # nobody tells of it any more
    await other.kill()


async def test_worker_that_is_started_anew_finds_the_logs_open(
    api: ClusterProcess, worker: KeepingProcess, cluster: FakeCluster
) -> None:
    await api.bus.publish([new_envelope(1, GUILD)])
    await worker.kill()
    other = cluster.worker()
    other.start()
    await other.open_logs()
    await api.bus.publish([new_envelope(2, GUILD)])
    assert await api.bus.position(SHARD) == position_of(1, 2)
    await other.kill()


async def test_trimmed_part_that_was_not_applied_is_told_as_a_loss(api: ClusterProcess, worker: KeepingProcess) -> None:
    heard, lost = hear(api), list[int]()
    api.bus.on_loss(lost.append)
    assert isinstance(api.topics, FakeTopics)
    api.topics.reconnect()
    for number in range(1, 4):
        worker.scripts.run("log_append", TAG, encode_envelope(new_envelope(number, GUILD)))  # type: ignore[attr-defined]
    worker.scripts.run("log_trim", TAG, worker.lease.epoch, 1, 2, 0)  # type: ignore[attr-defined]
    assert await passed(api, 3)
    assert (heard, lost, api.missed) == ([], [SHARD], ["loss"])
    await api.bus.publish([new_envelope(4, GUILD)])
    assert heard == [4]


async def test_publication_that_is_no_entry_is_told_and_harms_nobody(
    api: ClusterProcess, worker: KeepingProcess, caplog: pytest.LogCaptureFixture
) -> None:
    heard = hear(api)
    worker.scripts.publish(f"s{TAG}", b"nonsense")
    worker.scripts.publish(f"s{TAG}", bytes(36) + b"\xc1")
    await worker.scripts.call("log_append", TAG, b"\xc1")
    await api.bus.publish([new_envelope(2, GUILD)])
    assert heard == [2]
    assert "what was published is no entry" in caplog.text


async def test_keeper_compares_again_when_the_server_restarts_before_its_tail_has_heard_of_the_opening(
    api: ClusterProcess, worker: KeepingProcess, cluster: FakeCluster
) -> None:
    await api.bus.publish([new_envelope(1, GUILD)])
    assert await passed(worker, 1)
    for _ in range(3):
        cluster.server.restart()
        await worker.open_logs()
    await api.bus.publish([new_envelope(2, GUILD)])
    assert await api.bus.position(SHARD) == position_of(1, 2)


async def test_counters_rise_from_one_flush_to_the_next_though_the_clock_stands(
    api: ClusterProcess, worker: KeepingProcess, cluster: FakeCluster
) -> None:
    seen = []
    for number in range(3):
        cluster.server.flush()
        await worker.open_logs()
        await api.bus.publish([new_envelope(number + 1, GUILD)])
        seen.append(cluster.server.data.all)
    assert seen == sorted(set(seen))

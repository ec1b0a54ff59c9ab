"""The doors of several processes on one Redis: overtaking, repeats elsewhere, lost answers, the dead, what was lost."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from core.bus.positions import position_of
from core.domain.errors import OutcomeUnknown, StaleRights, Unavailable
from core.domain.ids import shard_of
from core.door.interfaces import Opening, Permit
from core.door.opened import OpeningGone
from core.door.pending import Pending, PendingKind
from core.door.redis import RedisDoor
from core.door.redis_openings import RedisOpenings
from core.door.redis_orphans import RedisOrphans
from core.door.rules import MessageRules
from core.live.interfaces import Rule
from core.wire.envelope import Envelope
from tests.contract.builders import flake, new_envelope
from tests.fakes.clock import FakeClock
from tests.fakes.redis.client import FakeRedis
from tests.fakes.redis.cluster import ClusterProcess, FakeCluster, KeepingProcess
from tests.fakes.redis.doors import build_door, build_openings

NUM_SHARDS = 4
GUILD, CHANNEL, AUTHOR = flake(0), flake(30), flake(1)
SHARD = shard_of(GUILD, NUM_SHARDS)


class Api:
    """An API process with its door, and what it hears."""

    def __init__(self, process: ClusterProcess, node: int, skew_ms: int = 0) -> None:
        self.process = process
        self.steps: list[tuple[str, float]] = []
        self.openings: RedisOpenings = build_openings(
            process, f"api{node}", lambda step, seconds: self.steps.append((step, seconds))
        )
        self.door: RedisDoor = build_door(process, node=node, openings=self.openings, skew_ms=skew_ms)
        self.orphans = RedisOrphans(bus=process.bus, scripts=process.scripts, clock=process.clock)
        self.heard: list[int] = []
        process.bus.subscribe(lambda delivery: self.heard.append(delivery.envelope.id))

    @property
    def redis(self) -> FakeRedis:
        assert isinstance(self.process.scripts, FakeRedis)
        return self.process.scripts

    async def open(self, nonce: str | None = None, author_id: int = AUTHOR) -> Permit:
        """Open, without the context that ends it."""
        opening = Opening(channel_id=CHANNEL, guild_id=GUILD, author_id=author_id, nonce=nonce, mark=self.door.mark())
        return await self.door.admit(opening)

    async def close(self, permit: Permit) -> None:
        await self.door.close(permit.id, [created(permit.id)])

    async def send(self, nonce: str | None = None) -> Permit:
        """Send a message; rights are checked again when they may have changed."""
        try:
            return await self._send(nonce)
        except StaleRights:
            return await self._send(nonce)

    async def _send(self, nonce: str | None) -> Permit:
        opening = Opening(channel_id=CHANNEL, guild_id=GUILD, author_id=AUTHOR, nonce=nonce, mark=self.door.mark())
        async with self.door.open(opening) as permit:
            if not permit.is_repeat:
                await self.close(permit)
            return permit

    async def catch_up(self) -> None:
        """Hear everything so far."""
        heads = await self.process.bus.tail.fetch_heads()
        assert await self.process.bus.wait_passed(SHARD, heads.shards[SHARD].position)


def created(message_id: int) -> Envelope:
    return new_envelope(message_id, GUILD, "MESSAGE_CREATE", channel_id=CHANNEL)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def cluster(clock: FakeClock) -> FakeCluster:
    return FakeCluster(clock, NUM_SHARDS)


@pytest.fixture
async def worker(cluster: FakeCluster, clock: FakeClock) -> AsyncIterator[KeepingProcess]:
    worker = cluster.worker()
    worker.start()
    await worker.open_logs()
    clock.advance(0.4)  # after which ids are no more above those that an earlier life may have told
    assert await worker.bus.wait_current(5)
    yield worker
    await worker.kill()


@pytest.fixture
async def apis(cluster: FakeCluster, worker: KeepingProcess) -> AsyncIterator[list[Api]]:
    processes = [cluster.process() for _ in range(2)]
    for process in processes:
        process.start()
        assert await process.bus.wait_current(5)
    yield [Api(process, node, skew_ms=50 - 100 * node) for node, process in enumerate(processes, 1)]
    for process in processes:
        await process.kill()


async def settle() -> None:
    """Let all tasks run as far as they can without time passing."""
    for _ in range(50):
        await asyncio.sleep(0)


async def test_message_that_is_stored_sooner_is_told_in_its_turn(apis: list[Api]) -> None:
    first, second = await apis[0].open(), await apis[1].open()
    assert first.id < second.id
    closing = asyncio.create_task(apis[1].close(second))
    await settle()
    assert not closing.done()
    await apis[0].close(first)
    await closing
    await apis[0].catch_up()
    assert apis[0].heard == apis[1].heard == [first.id, second.id]


async def test_steps_are_timed_and_a_held_one_until_it_is_told(apis: list[Api], clock: FakeClock) -> None:
    first, second = await apis[0].open(), await apis[1].open()
    closing = asyncio.create_task(apis[1].close(second))
    await settle()
    clock.advance(2)
    await apis[0].close(first)
    await closing
    assert apis[0].steps == [("open", 0), ("close", 0)]
    assert apis[1].steps == [("open", 0), ("close", 2)]


async def test_ids_rise_though_clocks_differ_by_a_tenth_of_a_second(apis: list[Api], clock: FakeClock) -> None:
    ids = []
    for number in range(200):
        ids.append((await apis[number % 2].send()).id)
        clock.advance(0.001)
    assert ids == sorted(set(ids))


async def test_repeat_at_another_process_waits_until_the_first_is_told(apis: list[Api]) -> None:
    first = await apis[0].open(nonce="n")
    repeat = asyncio.create_task(apis[1].send(nonce="n"))
    await settle()
    assert not repeat.done()
    await apis[0].close(first)
    assert await repeat == Permit(first.id, is_repeat=True)


async def test_repeat_at_another_process_is_let_in_when_the_first_was_given_up(apis: list[Api]) -> None:
    first = await apis[0].open(nonce="n")
    repeat = asyncio.create_task(apis[1].send(nonce="n"))
    await settle()
    await apis[0].door.abort(first.id)
    again = await repeat
    assert not again.is_repeat
    assert again.id > first.id


async def test_lost_answer_of_the_entrance_leaves_nothing_open(apis: list[Api]) -> None:
    apis[0].redis.lose_answers_of.add("door_open")
    with pytest.raises(Unavailable) as caught:
        await apis[0].open(nonce="n")
    assert not isinstance(caught.value, OutcomeUnknown)
    await settle()
    permit = await apis[1].send(nonce="n")
    assert not permit.is_repeat
    assert apis[1].heard == [permit.id]


async def test_lost_answer_of_the_exit_tells_the_message_once(apis: list[Api]) -> None:
    apis[0].redis.lose_answers_of.add("door_close")
    permit = await apis[0].send()
    assert apis[0].heard == [permit.id]


async def test_limited_message_makes_two_calls_and_knows_the_standing(
    cluster: FakeCluster, worker: KeepingProcess
) -> None:
    process = cluster.process()
    process.start()
    assert await process.bus.wait_current(5)
    redis = process.scripts
    assert isinstance(redis, FakeRedis)
    rules = MessageRules(channel=Rule("channel-messages", 3, 10.0), overall=Rule("messages", 5, 60.0))
    door = build_door(process, rules=rules, node=7)
    await settle()
    redis.calls.clear()
    opening = Opening(channel_id=CHANNEL, guild_id=GUILD, author_id=AUTHOR, mark=door.mark())
    async with door.open(opening) as permit:
        await door.close(permit.id, [created(permit.id)])
    assert redis.calls == ["door_open", "door_close"]
    assert permit.standing is not None
    assert (permit.standing.limit, permit.standing.remaining) == (3, 2)
    await process.kill()


async def test_message_without_an_outcome_is_left_to_a_sweeper(apis: list[Api]) -> None:
    permit = await apis[0].open()
    await apis[0].door.leave(permit.id)
    [orphan] = await apis[1].orphans.list_orphans()
    assert (orphan.id, orphan.channel_id, orphan.pending) == (permit.id, CHANNEL, Pending(PendingKind.MESSAGE, GUILD))
    await apis[1].orphans.close_orphan(orphan, [created(orphan.id)])
    await apis[1].catch_up()
    assert apis[1].heard == [permit.id]
    assert await apis[1].orphans.list_orphans() == []


async def test_cancelled_closing_is_left_to_a_sweeper(apis: list[Api]) -> None:
    first, second = await apis[0].open(), await apis[0].open()
    closing = asyncio.create_task(apis[0].close(second))
    await asyncio.sleep(0)
    closing.cancel()
    await asyncio.wait([closing])
    await settle()
    await apis[0].close(first)
    await apis[0].catch_up()
    orphans = await apis[1].orphans.list_orphans()
    assert apis[0].heard[:1] == [first.id]
    assert second.id in [*apis[0].heard, *(orphan.id for orphan in orphans)]


async def test_opening_of_a_dead_process_is_found_when_its_sign_of_life_is_over(
    apis: list[Api], clock: FakeClock
) -> None:
    await settle()
    permit = await apis[0].open()
    assert await apis[1].orphans.list_orphans() == []
    await apis[0].process.kill()
    clock.advance(2.5)
    [orphan] = await apis[1].orphans.list_orphans()
    assert orphan.id == permit.id


async def test_process_that_wakes_up_finds_its_message_told_by_the_sweeper(apis: list[Api], clock: FakeClock) -> None:
    permit = await apis[0].open()
    clock.advance(10)
    [orphan] = await apis[1].orphans.list_orphans()
    await apis[1].orphans.close_orphan(orphan, [created(orphan.id)])
    await apis[0].close(permit)
    assert apis[0].heard == [permit.id]


async def test_process_that_wakes_up_finds_its_message_given_up(apis: list[Api], clock: FakeClock) -> None:
    permit = await apis[0].open()
    clock.advance(10)
    [orphan] = await apis[1].orphans.list_orphans()
    await apis[1].orphans.abort_orphan(orphan)
    with pytest.raises(OpeningGone):
        await apis[0].close(permit)
    assert apis[0].heard == []
    assert not (await apis[0].send()).is_repeat


async def test_opening_that_redis_forgot_is_gone(apis: list[Api], cluster: FakeCluster, worker: KeepingProcess) -> None:
    permit = await apis[0].open()
    cluster.server.flush()
    await worker.open_logs()
    with pytest.raises(OpeningGone):
        await apis[0].close(permit)


async def test_message_whose_end_is_not_known_is_undone_when_redis_has_forgotten_it(
    apis: list[Api], cluster: FakeCluster, worker: KeepingProcess
) -> None:
    permit, tries, undone = await apis[0].open(), list[str](), asyncio.Event()

    async def undo() -> None:
        tries.append("tried")
        if len(tries) == 1:
            raise Unavailable
        undone.set()

    ending = asyncio.create_task(apis[0].openings.run())
    cluster.server.flush()
    closing = asyncio.create_task(apis[0].door.close(permit.id, [created(permit.id)], undo))
    await settle()
    closing.cancel()
    await asyncio.wait([closing])
    await worker.open_logs()
    await undone.wait()
    ending.cancel()
    await apis[0].catch_up()
    assert apis[0].heard == []


async def test_held_message_that_redis_has_forgotten_is_undone_and_its_sender_hears_of_it(
    apis: list[Api], cluster: FakeCluster, worker: KeepingProcess
) -> None:
    undone = asyncio.Event()

    async def undo() -> None:
        undone.set()

    await apis[0].open()
    held = await apis[1].open()
    closing = asyncio.create_task(apis[1].door.close(held.id, [created(held.id)], undo))
    await settle()
    cluster.server.flush()
    await worker.open_logs()
    with pytest.raises(OpeningGone):
        await closing
    assert undone.is_set()
    assert apis[1].heard == []


async def test_message_that_is_held_for_too_long_is_told_later(apis: list[Api], clock: FakeClock) -> None:
    first, held = await apis[0].open(), await apis[1].open()
    ending = asyncio.create_task(apis[1].openings.run())
    closing = asyncio.create_task(apis[1].close(held))
    await settle()
    clock.advance(6)
    with pytest.raises(OutcomeUnknown):
        await closing
    await apis[0].close(first)
    await apis[1].catch_up()
    assert apis[1].heard == [first.id, held.id]
    ending.cancel()


async def test_message_whose_end_is_not_known_is_told_later(apis: list[Api]) -> None:
    permit, undone = await apis[0].open(), list[str]()

    async def undo() -> None:
        undone.append("undone")

    ending = asyncio.create_task(apis[0].openings.run())
    closing = asyncio.create_task(apis[0].door.close(permit.id, [created(permit.id)], undo))
    await asyncio.sleep(0)
    closing.cancel()
    await asyncio.wait([closing])
    assert await apis[1].process.bus.wait_passed(SHARD, position_of(1, 1))
    ending.cancel()
    assert apis[1].heard == [permit.id]
    assert undone == []


async def test_message_that_is_told_later_is_known_to_be_told_though_it_was_repeated_meanwhile(
    apis: list[Api], clock: FakeClock
) -> None:
    first, held = await apis[0].open(), await apis[1].open()
    opened = apis[1].openings.find(held.id)
    closing = asyncio.create_task(apis[1].close(held))
    await settle()
    clock.advance(6)
    with pytest.raises(OutcomeUnknown):
        await closing
    assert not await apis[1].openings.wait_seen(held.id, 0.01)
    await apis[0].close(first)
    await apis[1].catch_up()
    assert opened is not None
    assert opened.seen.is_set(), "it would be undone otherwise"


async def test_opening_outlives_a_restart_that_loses_nothing(
    apis: list[Api], cluster: FakeCluster, worker: KeepingProcess
) -> None:
    permit = await apis[0].open()
    cluster.server.restart()
    closing = asyncio.create_task(apis[0].close(permit))
    await asyncio.sleep(0.02)
    await worker.open_logs()
    await closing
    assert apis[0].heard == [permit.id]


async def test_message_that_only_its_sender_knows_is_told_again_before_anything_new(
    apis: list[Api], cluster: FakeCluster, worker: KeepingProcess
) -> None:
    before = await apis[0].send()
    assert await worker.bus.wait_passed(SHARD, await apis[0].process.bus.position(SHARD))
    cluster.server.keep()
    await worker.kill()
    lost = await apis[0].send(nonce="n")
    cluster.server.stop()
    cluster.server.lose_since()
    cluster.server.start()
    worker.start()
    await worker.open_logs()
    after = await apis[0].send()
    kept = [delivery.envelope.id for delivery in await worker.bus.read(SHARD, 0)]
    assert kept == [before.id, lost.id, after.id]
    assert await apis[1].send(nonce="n") == Permit(lost.id, is_repeat=True)


async def test_changes_pass_in_the_order_of_their_openings(apis: list[Api]) -> None:
    change = Pending(PendingKind.EDIT, GUILD, (7,), version=3)
    first = await apis[0].door.open_change(CHANNEL, change)
    second = await apis[1].open()
    closing = asyncio.create_task(apis[1].close(second))
    await settle()
    assert not closing.done()
    await apis[0].door.close(first, [new_envelope(99, GUILD, "MESSAGE_UPDATE")])
    await closing
    await apis[0].catch_up()
    assert apis[0].heard == [99, second.id]


async def test_channel_is_refused_while_an_old_opening_holds_it_up(apis: list[Api], clock: FakeClock) -> None:
    permit = await apis[0].open()
    clock.advance(5.2)
    with pytest.raises(Unavailable):
        await apis[0].open()
    with pytest.raises(Unavailable):
        await apis[0].door.open_change(CHANNEL, Pending(PendingKind.EDIT, GUILD))
    await apis[0].close(permit)
    await apis[0].send()


async def test_direct_message_is_in_the_logs_of_both_people(apis: list[Api]) -> None:
    channel_id, people = flake(40), (flake(0), flake(0) + (1 << 22))
    opening = Opening(channel_id=channel_id, guild_id=0, author_id=people[0], mark=apis[0].door.mark())
    async with apis[0].door.open(opening) as permit:
        events = [new_envelope(permit.id, 0, "MESSAGE_CREATE", user_id=user_id) for user_id in people]
        await apis[0].door.close(permit.id, events)
    for user_id in people:
        read = await apis[1].process.bus.read(shard_of(user_id, NUM_SHARDS), 0)
        assert [(delivery.envelope.id, delivery.envelope.user_id) for delivery in read] == [(permit.id, user_id)]


async def test_message_whose_caller_went_away_is_given_up_while_it_is_stored(apis: list[Api]) -> None:
    opening = Opening(channel_id=CHANNEL, guild_id=GUILD, author_id=AUTHOR, nonce="n", mark=apis[0].door.mark())
    entered = asyncio.Event()
    opened: list[Permit] = []

    async def send() -> None:
        async with apis[0].door.open(opening) as permit:
            opened.append(permit)
            entered.set()
            await asyncio.Event().wait()

    sending = asyncio.create_task(send())
    await entered.wait()
    sending.cancel()
    await asyncio.wait([sending])
    with pytest.raises(OpeningGone):
        await apis[0].close(opened[0])
    await apis[0].door.leave(opened[0].id)
    assert not (await apis[1].send(nonce="n")).is_repeat


async def test_very_old_opening_is_anybodys(apis: list[Api], clock: FakeClock) -> None:
    permit = await apis[0].open()
    for _ in range(40):
        clock.advance(1)
        await apis[0].redis.call("live", "{0}", "api1", 2000)
    assert await apis[1].orphans.list_orphans() == []
    assert [orphan.id for orphan in await apis[1].orphans.list_orphans(is_full=True)] == [permit.id]


async def test_message_is_told_again_though_redis_is_restarted_once_more_meanwhile(
    apis: list[Api], cluster: FakeCluster, worker: KeepingProcess
) -> None:
    assert await worker.bus.wait_current(5)
    cluster.server.keep()
    await worker.kill()
    lost = await apis[0].send()
    cluster.server.stop()
    cluster.server.lose_since()
    cluster.server.start()
    apis[0].redis.lose_answers_of.add("log_tell_again")
    worker.start()
    await worker.open_logs()
    assert await apis[0].process.bus.wait_current(5)
    await settle()
    cluster.server.restart()
    await worker.open_logs()
    await apis[0].send()
    kept = [delivery.envelope.id for delivery in await worker.bus.read(SHARD, 0)]
    assert lost.id in kept


async def test_message_by_which_a_repeat_was_answered_is_told_again_by_who_answered_it(
    apis: list[Api], cluster: FakeCluster, worker: KeepingProcess
) -> None:
    assert await worker.bus.wait_current(5)
    cluster.server.keep()
    await worker.kill()
    first = await apis[0].open(nonce="n")
    repeat = asyncio.create_task(apis[1].send(nonce="n"))
    await settle()
    await apis[0].close(first)
    assert (await repeat).is_repeat
    await apis[0].process.kill()
    cluster.server.stop()
    cluster.server.lose_since()
    cluster.server.start()
    worker.start()
    await worker.open_logs()
    assert await apis[1].process.bus.wait_current(5)
    await settle()
    kept = [delivery.envelope.id for delivery in await worker.bus.read(SHARD, 0)]
    assert kept == [first.id]


async def test_process_that_missed_a_life_of_the_log_tells_nothing_twice(
    apis: list[Api], cluster: FakeCluster, worker: KeepingProcess
) -> None:
    sent = [await apis[0].send() for _ in range(3)]
    await apis[1].catch_up()
    assert await worker.bus.wait_passed(SHARD, await apis[0].process.bus.position(SHARD))
    for _ in range(2):  # before any tail can look
        cluster.server.restart()
        await worker.open_logs()
    after = await apis[0].send()
    kept = [delivery.envelope.id for delivery in await worker.bus.read(SHARD, 0)]
    assert kept == [*(permit.id for permit in sent), after.id]


@pytest.mark.parametrize("is_told", [True, False])
async def test_opening_whose_end_redis_has_lost_holds_up_nobody(
    apis: list[Api], cluster: FakeCluster, worker: KeepingProcess, is_told: bool
) -> None:
    permit = await apis[0].open()
    reborn = asyncio.Event()
    apis[0].process.bus.tail.on_life(lambda _shard, _head: reborn.set())
    cluster.server.keep()
    await (apis[0].close(permit) if is_told else apis[0].door.abort(permit.id))
    assert await worker.bus.wait_passed(SHARD, await apis[0].process.bus.position(SHARD))
    cluster.server.stop()
    cluster.server.lose_since()
    cluster.server.start()
    await worker.open_logs()
    await reborn.wait()
    await settle()
    assert [orphan.id for orphan in await apis[1].orphans.list_orphans()] == ([] if is_told else [permit.id])
    kept = [delivery.envelope.id for delivery in await worker.bus.read(SHARD, 0)]
    assert kept == ([permit.id] if is_told else [])


async def test_end_that_redis_has_lost_before_it_was_heard_holds_up_nobody(
    apis: list[Api], cluster: FakeCluster, worker: KeepingProcess
) -> None:
    opened_id = await apis[0].door.open_change(CHANNEL, Pending(PendingKind.EDIT, GUILD, (7,), version=3))
    edited = new_envelope(flake(900), GUILD, "MESSAGE_UPDATE", channel_id=CHANNEL)
    reborn = asyncio.Event()
    apis[0].process.bus.tail.on_life(lambda _shard, _head: reborn.set())
    cluster.server.keep()
    publish, cluster.server.publish = cluster.server.publish, lambda *_: None  # type: ignore[method-assign]
    closing = asyncio.create_task(apis[0].door.close(opened_id, [edited]))
    await settle()
    cluster.server.publish = publish  # type: ignore[method-assign]
    cluster.server.stop()
    cluster.server.lose_since()
    cluster.server.start()
    await worker.open_logs()
    await reborn.wait()
    await settle()
    assert [orphan.id for orphan in await apis[1].orphans.list_orphans()] == [opened_id]
    await closing
    await apis[1].catch_up()
    assert apis[1].heard == [edited.id]

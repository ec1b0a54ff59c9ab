"""The controller over a Redis in plain Python: leading, standing by, and what it does when Redis was away."""

import pytest

from core.domain.errors import Unavailable
from core.redis.jobs import JobLease
from core.runtime.settings.settings import ShardSettings
from core.shards.lease import LeaseTimes, WorkerLease
from core.shards.map_reader import fetch_map
from core.shards.shard_map import ShardMap
from core.shards.worker import Worker, WorkerLoad
from shardctl.control.controller import JOB, LEASE_S, Controller
from tests.fakes.clock import FakeClock
from tests.fakes.memory_wishes import MemoryWishes
from tests.fakes.redis.client import FakeRedis
from tests.fakes.redis.server import FakeRedisServer

NUM_SHARDS = 8
LIFETIME_S = 3.0
IDLE = WorkerLoad()


class Meters:
    """Keeps what a controller counts."""

    def __init__(self) -> None:
        self.term = 0
        self.given = 0
        self.begun = 0

    def note_term(self, term: int) -> None:
        self.term = term

    def note_workers(self, living: int) -> None: ...

    def count_given(self, shards: int) -> None:
        self.given += shards

    def count_begun(self, shards: int) -> None:
        self.begun += shards


class One:
    """A controller and its lease."""

    def __init__(self, cluster: "Cluster", name: str, *, auto_rebalance: bool) -> None:
        redis = FakeRedis(cluster.server)
        self.meters = Meters()
        self.lease = JobLease(name=JOB, holder=name, scripts=redis, clock=cluster.clock, life_s=LEASE_S)
        self.controller = Controller(
            scripts=redis,
            wishes=cluster.wishes,
            lease=self.lease,
            clock=cluster.clock,
            num_shards=NUM_SHARDS,
            name=name,
            settings=ShardSettings(lease_lifetime_s=LIFETIME_S, moves_at_once=2, auto_rebalance=auto_rebalance),
            meters=self.meters,
        )


class Cluster:
    """A Redis, workers and controllers."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.server = FakeRedisServer(self.clock)
        self.redis = FakeRedis(self.server)
        self.wishes = MemoryWishes()
        self.workers: dict[str, WorkerLease] = {}
        self.controllers: list[One] = []

    def control(self, name: str, *, auto_rebalance: bool = True) -> One:
        one = One(self, name, auto_rebalance=auto_rebalance)
        self.controllers.append(one)
        return one

    def work(self, name: str, life: str = "x", shards: str = "", load: WorkerLoad = IDLE) -> None:
        self.workers[name] = WorkerLease(
            name=name,
            process=f"{name}-{life}",
            scripts=FakeRedis(self.server),
            clock=self.clock,
            describe=lambda incarnation: Worker(name=name, incarnation=incarnation, shards=shards, load=load),
            times=LeaseTimes(lifetime_s=LIFETIME_S),
        )

    async def go(self, seconds: float) -> None:
        """Let time pass in steps of a quarter of a second, as the processes live."""
        for _ in range(round(seconds * 4)):
            self.clock.advance(0.25)
            for worker in self.workers.values():
                await worker.renew()
            for one in self.controllers:
                await one.lease.renew()
                try:
                    await one.controller.look()
                except Unavailable:
                    continue

    async def go_and_move(self, seconds: float) -> None:
        """Let time pass, while workers end the moves that are begun."""
        for _ in range(round(seconds * 4)):
            await self.go(0.25)
            for shard, place in (await self.map()).places.items():
                if place.moving_to:
                    self.redis.run("map_moved", "{0}", shard, place.epoch, place.owner)

    async def map(self) -> ShardMap:
        return await fetch_map(self.redis)

    async def owners(self) -> set[str]:
        found = await self.map()
        assert len(found.places) in (0, NUM_SHARDS)
        return {place.owner for place in found.places.values()}


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()


async def test_one_worker_is_given_all_shards(cluster: Cluster) -> None:
    leader = cluster.control("c1")
    cluster.work("a")
    await cluster.go(4)
    assert await cluster.owners() == {"a-x.1"}
    assert (await cluster.map()).controller == "c1"
    assert (leader.meters.term, leader.meters.given) == (1, NUM_SHARDS)


async def test_standby_changes_nothing_and_goes_on_when_the_leader_is_dead(cluster: Cluster) -> None:
    cluster.control("c1")
    standby = cluster.control("c2")
    cluster.work("a")
    cluster.work("b")
    await cluster.go(4)
    assert standby.meters.term == 0
    before = await cluster.owners()
    assert before == {"a-x.1", "b-x.1"}
    cluster.controllers.pop(0)
    del cluster.workers["b"]
    await cluster.go(LIFETIME_S + 0.5)
    assert standby.meters.term == 2
    assert await cluster.owners() == {"a-x.1"}


async def test_leader_that_was_paused_is_refused_and_stands_by(cluster: Cluster) -> None:
    paused = cluster.control("c1")
    cluster.work("a")
    await cluster.go(4)
    cluster.controllers.clear()
    leader = cluster.control("c2")
    await cluster.go(4)
    assert leader.meters.term == 2
    del cluster.workers["a"]
    cluster.work("b", shards="0-7")
    await cluster.workers["b"].renew()
    cluster.clock.advance(LIFETIME_S + 0.1)
    await cluster.workers["b"].renew()
    # It wakes in the middle of a look, before it learns that its lease is over.
    paused.lease._until_s = cluster.clock.monotonic_s() + 1
    version = (await cluster.map()).version
    await paused.controller.look()
    assert (await cluster.map()).version == version
    assert paused.meters.term == 0


async def test_nobody_is_buried_within_a_leases_time_after_redis_was_away(cluster: Cluster) -> None:
    cluster.control("c1")
    cluster.work("a")
    cluster.work("b")
    await cluster.go(4)
    version = (await cluster.map()).version
    cluster.server.stop()
    await cluster.go(10)
    cluster.server.start()
    late = cluster.workers.pop("b")
    await cluster.go(2.5)
    found = await cluster.map()
    assert {place.owner for place in found.places.values()} == {"a-x.2", "b-x.1"}
    assert found.version > version
    cluster.workers["b"] = late
    await cluster.go(1)
    assert await cluster.owners() == {"a-x.2", "b-x.2"}


async def test_dead_worker_is_buried_a_leases_time_after_redis_was_away(cluster: Cluster) -> None:
    cluster.control("c1")
    cluster.work("a")
    cluster.work("b")
    await cluster.go(4)
    del cluster.workers["b"]
    cluster.server.stop()
    await cluster.go(1)
    cluster.server.start()
    await cluster.go(LIFETIME_S + 1)
    assert await cluster.owners() == {"a-x.1"}


async def test_emptied_redis_gets_the_map_as_it_was_with_larger_epochs(cluster: Cluster) -> None:
    cluster.control("c1")
    cluster.work("a", shards="0-5")
    cluster.work("b", shards="6-7")
    await cluster.go(4)
    before = await cluster.map()
    assert before.list_shards("b-x.1") == [6, 7]
    cluster.server.flush()
    await cluster.go(LIFETIME_S - 0.5)
    assert (await cluster.map()).places == {}
    await cluster.go(1)
    after = await cluster.map()
    assert after.list_shards("b-x.2") == [6, 7]
    assert all(after.places[shard].epoch > place.epoch for shard, place in before.places.items())
    assert after.version > before.version


async def test_new_worker_gets_its_share_by_itself_and_a_few_shards_at_a_time(cluster: Cluster) -> None:
    leader = cluster.control("c1")
    cluster.work("a")
    await cluster.go(4)
    cluster.work("b")
    await cluster.go(4)
    assert await cluster.owners() == {"a-x.1"}, "it may be gone in a moment"
    await cluster.go(3)
    assert cluster.wishes.wishes.is_rebalancing
    while cluster.wishes.wishes.is_rebalancing:
        await cluster.go(0.5)
        moving = [(shard, at) for shard, at in (await cluster.map()).places.items() if at.moving_to]
        assert len(moving) <= 2
        for shard, place in moving:
            cluster.redis.run("map_moved", "{0}", shard, place.epoch, place.owner)
    assert await cluster.owners() == {"a-x.1", "b-x.1"}
    assert leader.meters.begun == len((await cluster.map()).list_shards("b-x.1"))


async def test_worker_that_comes_and_goes_moves_nothing(cluster: Cluster) -> None:
    cluster.control("c1")
    cluster.work("a")
    await cluster.go(4)
    version = (await cluster.map()).version
    for life in range(5):
        cluster.work("b", life=f"l{life}")
        await cluster.go(2)
        del cluster.workers["b"]
        await cluster.go(LIFETIME_S + 0.5)
    assert (await cluster.map()).version == version


async def test_operators_may_want_that_nothing_moves_by_itself(cluster: Cluster) -> None:
    cluster.control("c1", auto_rebalance=False)
    cluster.work("a")
    await cluster.go(4)
    cluster.work("b")
    await cluster.go(30)
    assert await cluster.owners() == {"a-x.1"}


async def test_first_shards_wait_until_no_more_workers_come_but_not_for_ever(cluster: Cluster) -> None:
    cluster.control("c1")
    await cluster.go(4)
    for name in ("a", "b", "c"):
        cluster.work(name)
        await cluster.go(0.75)
        assert await cluster.owners() == set()
    await cluster.go(0.5)
    assert await cluster.owners() == {"a-x.1", "b-x.1", "c-x.1"}


async def test_workers_that_never_stay_do_not_hold_the_first_shards_up(cluster: Cluster) -> None:
    cluster.control("c1")
    cluster.work("a")
    for number in range(12):
        await cluster.go(0.5)
        cluster.work(f"late{number}")
    assert len(await cluster.owners()) > 1


async def test_busy_worker_has_fewer_shards_after_a_while_and_a_standby_keeps_it_so(cluster: Cluster) -> None:
    cluster.control("c1")
    cluster.control("c2")
    loads = {"a": WorkerLoad(cpu=0.1), "b": WorkerLoad(cpu=0.95)}
    for name, shards in (("a", "0-3"), ("b", "4-7")):
        cluster.work(name, shards=shards, load=loads[name])
    await cluster.go(100)
    before = await cluster.map()
    assert before.wishes.burdens == {}
    await cluster.go_and_move(60)
    after = await cluster.map()
    assert after.wishes.burdens == pytest.approx({"a": 0.09, "b": 0.82}, abs=0.03)
    assert len(after.list_shards("b-x.1")) < len(after.list_shards("a-x.1"))
    assert not cluster.wishes.wishes.is_rebalancing
    cluster.controllers.pop(0)
    await cluster.go_and_move(200)
    assert (await cluster.map()).places == after.places


async def test_wishes_are_in_the_map_soon(cluster: Cluster) -> None:
    cluster.control("c1")
    await cluster.go(1)
    await cluster.wishes.drain("a")
    await cluster.wishes.pin(3, "b")
    await cluster.go(1.25)
    assert (await cluster.map()).wishes == cluster.wishes.wishes


async def test_term_goes_on_without_the_database_and_no_other_begins(cluster: Cluster) -> None:
    cluster.control("c1")
    cluster.work("a")
    cluster.work("b")
    await cluster.wishes.pin(0, "a")
    await cluster.go(4)
    cluster.wishes.is_away = True
    del cluster.workers["b"]
    await cluster.go(LIFETIME_S + 1)
    assert await cluster.owners() == {"a-x.1"}
    assert (await cluster.map()).wishes.pins == {0: "a"}
    cluster.controllers.clear()
    standby = cluster.control("c2")
    await cluster.go(4)
    assert standby.meters.term == 0
    cluster.wishes.is_away = False
    await cluster.go(0.5)
    assert standby.meters.term == 2

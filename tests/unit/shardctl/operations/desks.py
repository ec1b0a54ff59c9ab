"""A desk over the twins of Redis and a database in memory, with a controller that works when it is told to."""

from core.redis.jobs import JobLease
from core.runtime.settings.settings import GatewaySettings, Settings, ShardSettings, StoreSettings
from core.shards.interfaces import Owned
from core.shards.lease import WorkerLease
from core.shards.worker import Worker, WorkerAddresses, WorkerLoad
from shardctl.control.controller import JOB, Controller
from shardctl.operations.desk import Desk
from tests.fakes.clock import FakeClock
from tests.fakes.memory_wishes import MemoryWishes
from tests.fakes.redis.client import FakeRedis
from tests.fakes.redis.server import FakeRedisServer

NUM_SHARDS = 8


class MemoryDatabase:
    """The database of a desk."""

    def __init__(self) -> None:
        self.wishes = MemoryWishes()
        self.owned: dict[int, Owned] = {}

    async def find_owned(self, snowflake: int) -> Owned | None:
        return self.owned.get(snowflake)

    async def close(self) -> None: ...


class _NoMeters:
    """Counts nothing."""

    def note_term(self, term: int) -> None: ...

    def note_workers(self, living: int) -> None: ...

    def count_given(self, shards: int) -> None: ...

    def count_begun(self, shards: int) -> None: ...


class Ground:
    """A cluster without processes."""

    def __init__(self, gateway: GatewaySettings = GatewaySettings()) -> None:  # noqa: B008 - it is frozen
        self.clock = FakeClock()
        self.sessions: dict[str, int] = {}
        """The sessions of each worker."""
        self.server = FakeRedisServer(self.clock)
        self.redis = FakeRedis(self.server)
        self.database = MemoryDatabase()
        settings = Settings(
            gateway=gateway,
            store=StoreSettings(num_shards=NUM_SHARDS),
            shards=ShardSettings(moves_at_once=2, auto_rebalance=False),
        )
        self.desk = Desk(settings=settings, scripts=self.redis, store=self.database)
        self._workers: dict[str, WorkerLease] = {}
        self._lease = JobLease(name=JOB, holder="c-1", scripts=self.redis, clock=self.clock, life_s=2.0)
        self._controller = Controller(
            scripts=self.redis,
            wishes=self.database.wishes,
            lease=self._lease,
            clock=self.clock,
            num_shards=NUM_SHARDS,
            name="c-1",
            settings=settings.shards,
            meters=_NoMeters(),
        )

    def add_worker(self, name: str, shards: str = "", *, sessions: int = 3) -> None:
        self.sessions[name] = sessions

        def describe(incarnation: str) -> Worker:
            addresses = WorkerAddresses(gateway=f"ws://{name}:8081")
            load = WorkerLoad(sessions=self.sessions[name])
            return Worker(name=name, incarnation=incarnation, addresses=addresses, shards=shards, load=load)

        self._workers[name] = WorkerLease(
            name=name, process=f"{name}-x", scripts=self.redis, clock=self.clock, describe=describe
        )

    def kill(self, name: str) -> None:
        del self._workers[name]

    async def go(self, seconds: float) -> None:
        """Let the workers, which give shards away at once, and the controller work for a time."""
        for _ in range(round(seconds * 4)):
            self.clock.advance(0.25)
            for worker in self._workers.values():
                await worker.renew()
            await self._lease.renew()
            await self._controller.look()
            for shard, place in (await self.desk.look()).shard_map.places.items():
                if place.moving_to:
                    self.redis.run("map_moved", "{0}", shard, place.epoch, place.owner)

    async def live_without_controller(self, seconds: float) -> None:
        """Let the workers live for a time in which nobody controls them."""
        for _ in range(round(seconds * 4)):
            self.clock.advance(0.25)
            for worker in self._workers.values():
                await worker.renew()

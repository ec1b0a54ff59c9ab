"""The servers and processes of a simulated cluster: APIs with skewed clocks and workers, on one Redis and one database."""

import sqlite3
from collections.abc import Sequence
from typing import Final

from core.runtime.settings.settings import ApiSettings, GatewaySettings, Settings, StoreSettings
from tests.fakes.memory_journal import MemoryJournal
from tests.fakes.message_rows import FakeMessageRows
from tests.fakes.reaction_rows import FakeReactionRows
from tests.fakes.redis.server import FakeRedisServer
from tests.simulation.checks.database_reading import MessageRow, Rows, read_guilds
from tests.simulation.cluster.balancer import Balancer
from tests.simulation.cluster.database import DatabaseServer
from tests.simulation.cluster.ground import Site
from tests.simulation.cluster.log_record import LogRecord
from tests.simulation.cluster.processes import ClusterApi, ClusterProcess, ClusterWorker
from tests.simulation.world.network import HttpPort
from tests.simulation.world.process_loop import LoopState
from tests.simulation.world.redis_links import RedisHost
from tests.simulation.world.server import EPOCH_MS, SeededRandomness, SimulatedClock
from tests.simulation.world.wires import GatewayPort
from tests.simulation.world.world import World

_APIS: Final = 3
_SKEW_MS: Final = 50
_SETTINGS: Final = Settings(
    api=ApiSettings(password_memory_kib=8, password_passes=1),
    gateway=GatewaySettings(guild_idle_s=20.0, heartbeat_interval_s=12.0, heartbeat_jitter_s=1.0),
    store=StoreSettings(num_shards=3),
)
_RESTART_S: Final = 1.0


class Cluster:
    """The servers and processes of one world."""

    def __init__(
        self, *, world: World, path: str, gateways: Sequence[GatewayPort], settings: Settings = _SETTINGS
    ) -> None:
        """`gateways` are the addresses of the workers, one for each."""
        num_shards = settings.store.num_shards
        self.world = world
        self.has_lost_logs = False
        """Whether Redis has come back without what it had."""
        clock = SimulatedClock(world, 0)
        self.redis = RedisHost(world=world, server=FakeRedisServer(clock))
        self.record = LogRecord(server=self.redis.server, num_shards=num_shards, world=world)
        self.database = DatabaseServer(path=path, num_shards=num_shards, world=world)
        self.rows = FakeMessageRows(clock=clock)
        self._ports = [HttpPort(world=world, chance=world.chance(f"http {number}")) for number in range(_APIS)]
        self.balancer = Balancer(self._ports, world.chance("balancer"))
        self.gateways = gateways
        self._chance = world.chance("cluster")
        self._supervisor = world.make_loop("supervisor")
        self._lives = 0
        self._site = Site(
            redis=self.redis,
            database=self.database,
            rows=self.rows,
            reaction_rows=FakeReactionRows(has_message=self._has_message),
            journal=MemoryJournal(is_shared=len(gateways) > 1),
            settings=settings,
            random=SeededRandomness(world.chance("randomness")),
            may_lose_logs=lambda: self.has_lost_logs,
        )
        self.workers = [self._make_worker(number) for number in range(len(gateways))]
        self.apis = [self._make_api(number) for number in range(_APIS)]

    async def _has_message(self, channel_id: int, message_id: int) -> bool:
        return await self.rows.find(channel_id, message_id) is not None

    @property
    def processes(self) -> list[ClusterProcess]:
        """The processes of now."""
        return [*self.apis, *self.workers]

    def start_api(self, number: int) -> None:
        """Start an API again, if it is gone."""
        if self.apis[number].loop.state is LoopState.KILLED:
            self.apis[number] = self._make_api(number)

    def kill_api(self, number: int) -> None:
        """Kill an API."""
        self.apis[number].kill()

    def start_worker(self, number: int) -> None:
        """Start a worker again, if it is gone."""
        if self.workers[number].loop.state is LoopState.KILLED:
            self.workers[number] = self._make_worker(number)

    def _make_api(self, number: int) -> ClusterApi:
        self._lives += 1
        return ClusterApi(
            port=self._ports[number],
            name=f"api{number}/{self._lives}",
            site=self._site,
            skew_ms=self._chance.randint(-_SKEW_MS, _SKEW_MS),
            on_end=lambda _: self._supervise(lambda: self.start_api(number)),
        )

    def _make_worker(self, number: int) -> ClusterWorker:
        self._lives += 1
        return ClusterWorker(
            port=self.gateways[number],
            name=f"worker/{self._lives}",
            site=self._site,
            skew_ms=0,
            on_end=lambda _: self._supervise(lambda: self.start_worker(number)),
        )

    def _supervise(self, start: "object") -> None:
        self._supervisor.call_later(_RESTART_S, start)  # type: ignore[arg-type]

    def read_rows(self) -> Rows:
        """Read everything."""
        connection = sqlite3.connect(self.database.path)
        try:
            guilds = read_guilds(connection)
        finally:
            connection.close()
        messages = {
            each.id: MessageRow(each.id, each.channel_id, each.author_id, each.content, each.nonce)
            for each in self.rows._stored()
        }
        commits = {(shard, n): EPOCH_MS + int(at_s * 1000) for at_s, shard, n in self.database.commits}
        committed_ms = {
            entry.position: commits[place.shard, place.revision]
            for entry, place in zip(self.record.entries, self.record.places, strict=True)
            if (place.shard, place.revision) in commits
        }
        return Rows(log=list(self.record.entries), messages=messages, guilds=guilds, committed_ms=committed_ms)

    def close(self) -> None:
        """End everything."""
        for process in self.processes:
            process.kill()
        self.database.close()

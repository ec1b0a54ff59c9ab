"""One seed of a whole cluster: three APIs with skewed clocks, and a worker, on one Redis and one database.

People and their work are those of the embedded simulation (`tests.simulation.clients`), and so are most checks. A
request goes to any of the APIs, so what one has done is seen by the others at once, or the checks find it.
"""

import sqlite3
import tempfile
from pathlib import Path
from random import Random
from typing import Final

from core.runtime.settings.settings import ApiSettings, GatewaySettings, Settings, StoreSettings
from tests.fakes.memory_journal import MemoryJournal
from tests.fakes.message_rows import FakeMessageRows
from tests.fakes.reaction_rows import FakeReactionRows
from tests.fakes.redis.server import FakeRedisServer
from tests.simulation.checks.database_reading import MessageRow, Rows, read_guilds
from tests.simulation.clients.ledger import Deed, Ledger
from tests.simulation.clients.scene import Scene
from tests.simulation.clients.workload import Workload
from tests.simulation.cluster.balancer import Balancer
from tests.simulation.cluster.check import Ending, find_cluster_violations
from tests.simulation.cluster.database import DatabaseServer
from tests.simulation.cluster.fate import ClusterFate
from tests.simulation.cluster.ground import Site
from tests.simulation.cluster.log_record import LogRecord
from tests.simulation.cluster.processes import ClusterApi, ClusterProcess, ClusterWorker
from tests.simulation.outcome import Outcome, logged_to, quiet_collector
from tests.simulation.run import memory_folder
from tests.simulation.world.network import HttpPort
from tests.simulation.world.process_loop import LoopState, ProcessLoop
from tests.simulation.world.redis_links import RedisHost
from tests.simulation.world.server import EPOCH_MS, SeededRandomness, SimulatedClock
from tests.simulation.world.wires import GatewayPort
from tests.simulation.world.world import Stuck, World
from tests.support.preparation import prepared_once
from tests.support.stores.databases import MigratedDatabase

NUM_SHARDS: Final = 3
_APIS: Final = 3
_SKEW_MS: Final = 50
_SETTINGS: Final = Settings(
    api=ApiSettings(password_memory_kib=8, password_passes=1),
    gateway=GatewaySettings(guild_idle_s=20.0, heartbeat_interval_s=12.0, heartbeat_jitter_s=1.0),
    store=StoreSettings(num_shards=NUM_SHARDS),
)
_SETUP_LIMIT_S: Final = 300.0
_WORK_LIMIT_S: Final = 900.0
_QUIET_S: Final = 45.0
"""Longer than two heartbeats, so that lost connections are noticed by both ends."""
_LOST_SHARE: Final = 0.03
_RESTART_S: Final = 1.0
_LOOKS: Final = 8
_EXPECTED: Final = ("core.store.sql.writing.commits",)
"""Loggers whose errors say that the database has refused, which the seed has made it do."""


def run_cluster_seed(seed: int, database: MigratedDatabase) -> Outcome:
    """Run one seed on a copy of the migrated database."""
    with tempfile.TemporaryDirectory(dir=memory_folder(), prefix="guildway-simulation-") as folder:
        path = Path(folder) / "guildway.db"
        database.copy_to(path)
        with quiet_collector(), prepared_once():
            return _play(seed, str(path))


def _play(seed: int, path: str) -> Outcome:
    run = ClusterRun(seed, path)
    with logged_to(run.world, expected=_EXPECTED):
        try:
            run.play()
        finally:
            run.end()
    return run.outcome()


class Cluster:
    """The servers and processes of one world."""

    def __init__(self, *, world: World, path: str, gateway: GatewayPort) -> None:
        self.world = world
        self.has_lost_logs = False
        """Whether Redis has come back without what it had."""
        clock = SimulatedClock(world, 0)
        self.redis = RedisHost(world=world, server=FakeRedisServer(clock))
        self.record = LogRecord(server=self.redis.server, num_shards=NUM_SHARDS, world=world)
        self.database = DatabaseServer(path=path, num_shards=NUM_SHARDS, world=world)
        self.rows = FakeMessageRows(clock=clock)
        self._ports = [HttpPort(world=world, chance=world.chance(f"http {number}")) for number in range(_APIS)]
        self.balancer = Balancer(self._ports, world.chance("balancer"))
        self._gateway = gateway
        self._chance = world.chance("cluster")
        self._supervisor = world.make_loop("supervisor")
        self._lives = 0
        self._site = Site(
            redis=self.redis,
            database=self.database,
            rows=self.rows,
            reaction_rows=FakeReactionRows(has_message=self._has_message),
            journal=MemoryJournal(),
            settings=_SETTINGS,
            random=SeededRandomness(world.chance("randomness")),
            may_lose_logs=lambda: self.has_lost_logs,
        )
        self.worker = self._make_worker()
        self.apis = [self._make_api(number) for number in range(_APIS)]

    async def _has_message(self, channel_id: int, message_id: int) -> bool:
        return await self.rows.find(channel_id, message_id) is not None

    @property
    def processes(self) -> list[ClusterProcess]:
        """The processes of now."""
        return [*self.apis, self.worker]

    def start_api(self, number: int) -> None:
        """Start an API again, if it is gone."""
        if self.apis[number].loop.state is LoopState.KILLED:
            self.apis[number] = self._make_api(number)

    def kill_api(self, number: int) -> None:
        """Kill an API."""
        self.apis[number].kill()

    def start_worker(self) -> None:
        """Start the worker again, if it is gone."""
        if self.worker.loop.state is LoopState.KILLED:
            self.worker = self._make_worker()

    def _make_api(self, number: int) -> ClusterApi:
        self._lives += 1
        return ClusterApi(
            port=self._ports[number],
            name=f"api{number}/{self._lives}",
            site=self._site,
            skew_ms=self._chance.randint(-_SKEW_MS, _SKEW_MS),
            on_end=lambda _: self._supervise(lambda: self.start_api(number)),
        )

    def _make_worker(self) -> ClusterWorker:
        self._lives += 1
        return ClusterWorker(
            port=self._gateway,
            name=f"worker/{self._lives}",
            site=self._site,
            skew_ms=0,
            on_end=lambda _: self._supervise(self.start_worker),
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


class ClusterRun:
    """One world: set up, work under faults, calm down, check."""

    def __init__(self, seed: int, path: str) -> None:
        self.world = world = World(seed)
        self.ledger = Ledger()
        self._gateway = GatewayPort(world=world, chance=world.chance("wires"))
        self.cluster = Cluster(world=world, path=path, gateway=self._gateway)
        self._clients: ProcessLoop = world.make_loop("clients")
        self.scene = Scene(
            world=world,
            loop=self._clients,
            http=self.cluster.balancer,  # type: ignore[arg-type]  # it calls as a port does
            gateway=self._gateway,
            ledger=self.ledger,
        )
        self._chance: Random = world.chance("run")
        self._violations: list[str] = []
        self._before: Rows

    def play(self) -> None:
        """Run to the quiet end."""
        try:
            self._set_up()
            self._work()
            self._calm_down()
        except Stuck as stuck:
            self._violations.append(f"stuck: {stuck}")

    def _set_up(self) -> None:
        self.world.run_for(2)
        people = self._chance.randint(4, 7)
        built = self._clients.create_task(self.scene.build(people=people, guilds=2))
        self.world.run_until(built.done, limit_s=_SETUP_LIMIT_S)
        built.result()
        self.world.run_for(1)
        self._before = self.cluster.read_rows()

    def _work(self) -> None:
        self.cluster.balancer.set_lost_share(_LOST_SHARE)
        self.scene.bring_online()
        workload = Workload(scene=self.scene, ledger=self.ledger, looks=_LOOKS)
        actions = self._chance.randint(10, 25)
        tasks = [self._clients.create_task(workload.run(person, actions=actions)) for person in self.scene.people]
        fate = ClusterFate(loop=self.world.make_loop("fate"), cluster=self.cluster, chance=self.world.chance("fate"))
        fate.plan(within_s=actions * 1.2, answers=actions * len(self.scene.people))
        self.world.run_until(lambda: all(task.done() for task in tasks), limit_s=_WORK_LIMIT_S)
        for task in tasks:
            task.result()
        last = self._clients.create_task(self._change_last(fate))
        self.world.run_until(last.done, limit_s=_WORK_LIMIT_S)
        last.result()
        fate.end()

    async def _change_last(self, fate: ClusterFate) -> None:
        """Let the last change of each guild be one whose API dies before it can tell it, in some seeds."""
        for guild in self.scene.guilds:
            if self._chance.random() < 0.4:
                fate.kill_at_commit()
                await guild.owner.ask("PATCH", f"/guilds/{guild.id}/roles/{guild.id}", {"permissions": "3072"})

    def _calm_down(self) -> None:
        cluster = self.cluster
        cluster.balancer.set_lost_share(0.0)
        for person in self.scene.people:
            self._clients.call_soon(person.client.come_online)
        self.world.run_for(_QUIET_S)
        reading = self._clients.create_task(self._read_all())
        self.world.run_until(reading.done, limit_s=_QUIET_S)
        live = [person.client.record for person in self.scene.people if person.client.is_live]
        if len(live) < len(self.scene.people):
            self._violations.append(f"only {len(live)} of {len(self.scene.people)} are online at the end")
        ending = Ending(
            ledger=self.ledger,
            before=self._before,
            live=[record for record in live if record is not None],
            last_reads=reading.result(),
            user_ids=[person.id for person in self.scene.people],
        )
        self._violations += find_cluster_violations(cluster, ending)

    async def _read_all(self) -> list[Deed]:
        """Ask each API for what it remembers, as some people."""
        deeds = []
        for number in range(_APIS):
            self.cluster.balancer.only = number
            for guild in self.scene.guilds:
                for person in (guild.owner, *self._chance.sample(self.scene.people, 2)):
                    paths = [f"/guilds/{guild.id}/channels", f"/guilds/{guild.id}/roles"]
                    paths += [f"/channels/{channel_id}/messages?limit=100" for channel_id in guild.channels]
                    deeds += [await person.ask("GET", path) for path in paths]
        self.cluster.balancer.only = None
        return deeds

    def end(self) -> None:
        """Let go of everything."""
        self.world.trace.close()
        self.cluster.close()
        self.world.close()
        self._gateway.bury()
        self.cluster.database.close()

    def outcome(self) -> Outcome:
        """Return what became of it."""
        trace = self.world.trace
        violations = [*trace.faults, *self.ledger.violations, *self._violations]
        return Outcome(
            seed=self.world.seed,
            violations=violations,
            trace_hash=trace.hash,
            lines=trace.lines,
            about=trace.about(violations),
            handles=self.world.handles,
            virtual_s=self.world.now_s,
            invalid_sessions=self.ledger.invalid_sessions,
        )

"""One seed of a whole cluster: three APIs with skewed clocks, and a worker, on one Redis and one database.

People and their work are those of the embedded simulation (`tests.simulation.clients`), and so are most checks. A
request goes to any of the APIs, so what one has done is seen by the others at once, or the checks find it.
"""

import tempfile
from pathlib import Path
from random import Random
from typing import Final, Protocol

from tests.simulation.checks.database_reading import Rows
from tests.simulation.clients.ledger import Deed, Ledger
from tests.simulation.clients.scene import Scene
from tests.simulation.clients.workload import Workload
from tests.simulation.cluster.check import Ending, find_cluster_violations
from tests.simulation.cluster.cluster import Cluster
from tests.simulation.cluster.fate import ClusterFate
from tests.simulation.outcome import Outcome, logged_to, quiet_collector
from tests.simulation.run import memory_folder
from tests.simulation.world.process_loop import ProcessLoop
from tests.simulation.world.wires import GatewayAddress, GatewayPort
from tests.simulation.world.world import Stuck, World
from tests.support.preparation import prepared_once
from tests.support.stores.databases import MigratedDatabase

_SETUP_LIMIT_S: Final = 300.0
_WORK_LIMIT_S: Final = 900.0
_LOST_SHARE: Final = 0.03
_LOOKS: Final = 8
EXPECTED: Final = ("core.store.sql.writing.commits",)
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
    with logged_to(run.world, expected=EXPECTED):
        try:
            run.play()
        finally:
            run.end()
    return run.outcome()


class Fate(Protocol):
    """What happens to a cluster."""

    def kill_at_commit(self) -> None:
        """Kill the API that commits next."""

    def end(self) -> None:
        """Let nothing more happen."""


class ClusterRun:
    """One world: set up, work under faults, calm down, check."""

    second_share = 0.0
    """The share of people who have two clients."""
    quiet_s = 45.0
    """Longer than two heartbeats, so that lost connections are noticed by both ends."""
    notices_silence = False
    """Whether clients connect anew when nothing is heard."""

    def __init__(self, seed: int, path: str) -> None:
        self.world = world = World(seed)
        self.ledger = Ledger()
        self.cluster = self._build(path)
        self._clients: ProcessLoop = world.make_loop("clients")
        self.scene = Scene(
            world=world,
            loop=self._clients,
            http=self.cluster.balancer,  # type: ignore[arg-type]  # it calls as a port does
            gateway=self._find_gateway(),
            ledger=self.ledger,
            second_share=self.second_share,
            notices_silence=self.notices_silence,
        )
        self._chance: Random = world.chance("run")
        self._violations: list[str] = []
        self._before: Rows
        self._workload: Workload

    def _build(self, path: str) -> Cluster:
        gateway = GatewayPort(world=self.world, chance=self.world.chance("wires"))
        return Cluster(world=self.world, path=path, gateways=[gateway])

    def _find_gateway(self) -> GatewayAddress:
        """Return the address of all workers."""
        return self.cluster.gateways[0]

    def _plan(self, *, within_s: float, answers: int) -> Fate:
        fate = ClusterFate(loop=self.world.make_loop("fate"), cluster=self.cluster, chance=self.world.chance("fate"))
        fate.plan(within_s=within_s, answers=answers)
        return fate

    def _go_on(self) -> None:
        """Let more happen after the quiet, before everything is read."""

    def _find_more(self, ending: Ending) -> list[str]:
        """Return what else is wrong at the end."""
        return []

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
        self._workload = workload = Workload(scene=self.scene, ledger=self.ledger, looks=_LOOKS)
        actions = self._chance.randint(10, 25)
        tasks = [self._clients.create_task(workload.run(person, actions=actions)) for person in self.scene.people]
        self._fate = fate = self._plan(within_s=actions * 1.2, answers=actions * len(self.scene.people))
        self.world.run_until(lambda: all(task.done() for task in tasks), limit_s=_WORK_LIMIT_S)
        for task in tasks:
            task.result()
        last = self._clients.create_task(self._change_last(fate))
        self.world.run_until(last.done, limit_s=_WORK_LIMIT_S)
        last.result()
        fate.end()

    async def _change_last(self, fate: Fate) -> None:
        """Let the last change of each guild be one whose API dies before it can tell it, in some seeds."""
        for guild in self.scene.guilds:
            if self._chance.random() < 0.4:
                fate.kill_at_commit()
                await guild.owner.ask("PATCH", f"/guilds/{guild.id}/roles/{guild.id}", {"permissions": "3072"})

    def _calm_down(self) -> None:
        cluster = self.cluster
        cluster.balancer.set_lost_share(0.0)
        for client in self.scene.clients:
            self._clients.call_soon(client.come_online)
        self.world.run_for(self.quiet_s)
        self._go_on()
        reading = self._clients.create_task(self._read_all())
        self.world.run_until(reading.done, limit_s=self.quiet_s)
        staying = [client for client in self.scene.clients if client.wants_to_be_online]
        live = [client.record for client in staying if client.is_live]
        if len(live) < len(staying):
            self._violations.append(f"only {len(live)} of {len(staying)} are online at the end")
        ending = Ending(
            ledger=self.ledger,
            before=self._before,
            live=[record for record in live if record is not None],
            last_reads=reading.result(),
            user_ids=[person.id for person in self.scene.people],
        )
        self._violations += find_cluster_violations(cluster, ending) + self._find_more(ending)

    async def _read_all(self) -> list[Deed]:
        """Ask each API for what it remembers, as some people."""
        deeds = []
        for number in range(len(self.cluster.apis)):
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
        for gateway in self.cluster.gateways:
            gateway.bury()
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

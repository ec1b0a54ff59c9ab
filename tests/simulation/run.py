"""One seed from its beginning to its end: the scene, the work under faults, the quiet, and the check.

outcome = run_seed(7, database)
outcome.violations, outcome.trace_hash
"""

import tempfile
from pathlib import Path
from typing import Final

from core.runtime.settings.settings import ApiSettings, GatewaySettings, Settings, StoreSettings
from tests.simulation.checks.checker import find_violations
from tests.simulation.checks.database_reading import Rows, read_database
from tests.simulation.clients.ledger import Deed, Ledger
from tests.simulation.clients.scene import Scene
from tests.simulation.clients.workload import Workload
from tests.simulation.outcome import Outcome, logged_to, quiet_collector
from tests.simulation.world.fate import Fate
from tests.simulation.world.network import HttpPort
from tests.simulation.world.process_loop import ProcessLoop
from tests.simulation.world.server import EmbeddedServer
from tests.simulation.world.sqlite import Disk
from tests.simulation.world.wires import GatewayPort
from tests.simulation.world.world import Stuck, World
from tests.support.preparation import prepared_once
from tests.support.stores.databases import MigratedDatabase

_SETTINGS: Final = Settings(
    api=ApiSettings(password_memory_kib=8, password_passes=1),
    gateway=GatewaySettings(guild_idle_s=20.0),
    store=StoreSettings(num_shards=8, read_connections=2),
)
"""Passwords cost microseconds. Guilds are forgotten soon, so that they are loaded again within a run."""
_SETUP_LIMIT_S: Final = 300.0
_WORK_LIMIT_S: Final = 900.0
_QUIET_S: Final = 150.0
"""Longer than two heartbeats, so that lost connections are noticed by both ends."""
_LOST_SHARE: Final = 0.03


def memory_folder() -> str | None:
    """Return a folder in memory where there is one: an fsync there costs nothing."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


def run_seed(seed: int, database: MigratedDatabase) -> Outcome:
    """Run one seed on a copy of the migrated database."""
    with tempfile.TemporaryDirectory(dir=memory_folder(), prefix="guildway-simulation-") as folder:
        path = Path(folder) / "guildway.db"
        database.copy_to(path)
        with quiet_collector(), prepared_once():
            return _play(seed, str(path))


def _play(seed: int, path: str) -> Outcome:
    run = _Run(seed, path)
    with logged_to(run.world):
        try:
            run.play()
        finally:
            run.end()
    return run.outcome()


class _Run:
    def __init__(self, seed: int, path: str) -> None:
        self.world = world = World(seed)
        self._path = path
        self._ledger = Ledger()
        self._disk = Disk(path, world.chance("disk"))
        self._http = HttpPort(world=world, chance=world.chance("http"))
        self._gateway = gateway = GatewayPort(world=world, chance=world.chance("wires"))
        self._server = EmbeddedServer(
            world=world, disk=self._disk, settings=_SETTINGS, http=self._http, gateway=gateway
        )
        self._clients: ProcessLoop = world.make_loop("clients")
        self._scene = Scene(world=world, loop=self._clients, http=self._http, gateway=gateway, ledger=self._ledger)
        self._chance = world.chance("run")
        self._violations: list[str] = []
        self._before: Rows

    def play(self) -> None:
        try:
            self._set_up()
            self._work()
            self._calm_down()
        except Stuck as stuck:
            self._violations.append(f"stuck: {stuck}")

    def _set_up(self) -> None:
        self._server.start()
        self.world.run_until(lambda: self._server.is_ready, limit_s=_SETUP_LIMIT_S)
        people = self._chance.randint(4, 8)
        built = self._clients.create_task(self._scene.build(people=people, guilds=2))
        self.world.run_until(built.done, limit_s=_SETUP_LIMIT_S)
        built.result()

        self._before = read_database(self._path)

    def _work(self) -> None:
        self._http.lost_share = _LOST_SHARE
        self._scene.bring_online()
        workload = Workload(scene=self._scene, ledger=self._ledger)
        actions = self._chance.randint(10, 30)
        tasks = [self._clients.create_task(workload.run(person, actions=actions)) for person in self._scene.people]
        fate = Fate(
            loop=self.world.make_loop("fate"), server=self._server, http=self._http, chance=self.world.chance("fate")
        )
        fate.plan(within_s=actions * 1.2, answers=actions * len(self._scene.people))
        self.world.run_until(lambda: all(task.done() for task in tasks), limit_s=_WORK_LIMIT_S)
        fate.end()
        for task in tasks:
            task.result()

    def _calm_down(self) -> None:
        self._http.lost_share = 0.0
        for person in self._scene.people:
            self._clients.call_soon(person.client.come_online)
        self.world.run_for(_QUIET_S)
        reading = self._clients.create_task(self._read_all())
        self.world.run_until(reading.done, limit_s=_QUIET_S)
        last_reads = reading.result()
        live = [person.client.record for person in self._scene.people if person.client.is_live]
        if len(live) < len(self._scene.people):
            self._violations.append(f"only {len(live)} of {len(self._scene.people)} are online at the end")
        self._violations += find_violations(
            ledger=self._ledger,
            before=self._before,
            after=read_database(self._path),
            live=[record for record in live if record is not None],
            last_reads=last_reads,
            user_ids=[person.id for person in self._scene.people],
        )

    async def _read_all(self) -> list[Deed]:
        """Ask for what caches hold, as some people."""
        deeds = []
        for guild in self._scene.guilds:
            for person in (guild.owner, *self._chance.sample(self._scene.people, 2)):
                paths = [f"/guilds/{guild.id}/channels", f"/guilds/{guild.id}/roles"]
                paths += [f"/channels/{channel_id}/messages?limit=100" for channel_id in guild.channels]
                deeds += [await person.ask("GET", path) for path in paths]
        return deeds

    def end(self) -> None:
        self.world.trace.close()
        self._server.kill()
        self.world.close()
        self._gateway.bury()
        self._disk.close_all()

    def outcome(self) -> Outcome:
        trace = self.world.trace
        violations = [*trace.faults, *self._ledger.violations, *self._violations]
        return Outcome(
            seed=self.world.seed,
            violations=violations,
            trace_hash=trace.hash,
            lines=trace.lines,
            about=trace.about(violations),
            handles=self.world.handles,
            virtual_s=self.world.now_s,
            invalid_sessions=self._ledger.invalid_sessions,
        )

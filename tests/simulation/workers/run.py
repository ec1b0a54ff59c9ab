"""One seed of a cluster of several workers: three APIs, two or three workers, a controller and its standby.

People, their work and most checks are those of the embedded simulation, as for a cluster (`tests.simulation.cluster`).
Some people have two clients, which may be at different workers. A client may come to any of them.
"""

import tempfile
from pathlib import Path

from typing_extensions import override

from tests.simulation.cluster.check import Ending
from tests.simulation.cluster.run import EXPECTED, ClusterRun
from tests.simulation.outcome import Outcome, logged_to, quiet_collector
from tests.simulation.run import memory_folder
from tests.simulation.workers.check import find_shard_violations
from tests.simulation.workers.cluster import AnyWorker, LinkedCluster
from tests.simulation.workers.fate import WorkersFate
from tests.simulation.world.wires import GatewayAddress, GatewayPort
from tests.support.preparation import prepared_once
from tests.support.stores.databases import MigratedDatabase


def run_workers_seed(seed: int, database: MigratedDatabase) -> Outcome:
    """Run one seed on a copy of the migrated database."""
    with tempfile.TemporaryDirectory(dir=memory_folder(), prefix="guildway-simulation-") as folder:
        path = Path(folder) / "guildway.db"
        database.copy_to(path)
        with quiet_collector(), prepared_once():
            return _play(seed, str(path))


def _play(seed: int, path: str) -> Outcome:
    run = WorkersRun(seed, path)
    with logged_to(run.world, expected=EXPECTED):
        try:
            run.play()
        finally:
            run.end()
    return run.outcome()


class WorkersRun(ClusterRun):
    """One world."""

    cluster: LinkedCluster
    second_share = 0.4
    notices_silence = True

    @override
    def _build(self, path: str) -> LinkedCluster:
        workers = self.world.chance("workers").choice((2, 2, 3))
        gateways = [
            GatewayPort(world=self.world, chance=self.world.chance(f"wires {number}")) for number in range(workers)
        ]
        return LinkedCluster(world=self.world, path=path, gateways=gateways)

    @override
    def _find_gateway(self) -> GatewayAddress:
        return AnyWorker(self.cluster, self.world.chance("any worker"))

    @override
    def _plan(self, *, within_s: float, answers: int) -> WorkersFate:
        loop = self.world.make_loop("fate")
        fate = WorkersFate(loop=loop, cluster=self.cluster, chance=self.world.chance("fate"))
        fate.plan(within_s=within_s)
        return fate

    @override
    def _find_more(self, ending: Ending) -> list[str]:
        return find_shard_violations(self.cluster)

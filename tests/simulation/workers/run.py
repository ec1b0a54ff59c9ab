"""One seed of a cluster of several workers: three APIs, two or three workers, a controller and its standby.

People, their work and most checks are those of the embedded simulation, as for a cluster (`tests.simulation.cluster`).
Some people have two clients, which may be at different workers. A client may come to any of them.
"""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from typing_extensions import override

from tests.simulation.cluster.check import Ending
from tests.simulation.cluster.run import EXPECTED, ClusterRun
from tests.simulation.outcome import Outcome, logged_to, quiet_collector
from tests.simulation.run import memory_folder
from tests.simulation.workers.check import find_shard_violations
from tests.simulation.workers.cluster import AnyWorker, LinkedCluster
from tests.simulation.workers.fate import WorkersFate
from tests.simulation.workers.people_check import PeopleCheck
from tests.simulation.world.wires import GatewayAddress, GatewayPort
from tests.support.preparation import prepared_once
from tests.support.stores.databases import MigratedDatabase

_OFFLINE: Final = "offline"
_STATUSES: Final = ("online", "idle", "dnd", "invisible", _OFFLINE)
"""How people are shown at the end; who is to be offline leaves. Each has another status before, so that all are told."""
_TOLD_S: Final = 2.0
"""The time after which everybody has heard what was said: longer than cuts of the journal are apart."""
_GRACE_S: Final = 14.0
"""Longer than the grace of those who have left."""
_MESSAGES: Final = 2
_TALK_LIMIT_S: Final = 120.0
_SETTLED_S: Final = 25.0
"""Longer than a takeover, a silent link, and a drain."""


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
    quiet_s = 20.0
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
        self.fate = fate
        return fate

    @override
    def _go_on(self) -> None:
        """Let something happen while people only talk: then every session goes on."""
        self.statuses = {person: self._chance.choice(_STATUSES) for person in self.scene.people}
        self._say({person.id: "idle" if status == "dnd" else "dnd" for person, status in self.statuses.items()})
        self.world.run_for(_TOLD_S)
        self._say({person.id: status for person, status in self.statuses.items() if status != _OFFLINE})
        for person, status in self.statuses.items():
            if status == _OFFLINE:
                for client in person.clients:
                    self._clients.call_soon(client.go_offline)
        self.world.run_for(_GRACE_S)
        invalid = self.ledger.invalid_sessions
        self.fate.disturb_once_more()
        online = [person for person in self.scene.people if person.client.wants_to_be_online]
        talking = [self._clients.create_task(self._workload.talk(person, messages=_MESSAGES)) for person in online]
        self.world.run_until(lambda: all(task.done() for task in talking), limit_s=_TALK_LIMIT_S)
        self.world.run_for(_SETTLED_S)
        told = self.ledger.invalid_sessions - invalid
        if told:
            self._violations.append(f"{told} sessions began anew, though nothing had changed what they see")

    def _say(self, statuses: Mapping[int, str]) -> None:
        """Have the clients of users say how these are to be shown."""
        for client in self.scene.clients:
            if client.user_id in statuses:
                said = {"since": None, "activities": [], "status": statuses[client.user_id], "afk": False}
                self._clients.call_soon(client.tell, 3, said)

    @override
    def _find_more(self, ending: Ending) -> list[str]:
        shown = {person.id: _OFFLINE if status == "invisible" else status for person, status in self.statuses.items()}
        people = PeopleCheck(statuses=shown, live=ending.live, guilds=self.cluster.read_rows().guilds)
        return find_shard_violations(self.cluster) + people.find_violations()

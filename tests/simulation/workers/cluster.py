"""A simulated cluster of several workers: its processes, the links between them, and what operators want of its shards."""

from collections.abc import Sequence
from random import Random
from typing import Final

from typing_extensions import override

from core.runtime.settings.settings import ApiSettings, GatewaySettings, Settings, StoreSettings
from tests.fakes.memory_journal import MemoryJournal
from tests.fakes.memory_wishes import MemoryWishes
from tests.simulation.cluster.cluster import Cluster
from tests.simulation.cluster.processes import ClusterWorker
from tests.simulation.workers.owner_record import OwnerRecord
from tests.simulation.workers.processes import ControllerProcess, LinkedWorker, name_of_worker
from tests.simulation.world.link_network import LinkNetwork
from tests.simulation.world.process_loop import LoopState, ProcessLoop
from tests.simulation.world.wires import FrameReceiver, GatewayPort, Wire
from tests.simulation.world.world import World

CONTROLLERS: Final = 2
SETTINGS: Final = Settings(
    api=ApiSettings(password_memory_kib=8, password_passes=1),
    gateway=GatewaySettings(
        guild_idle_s=20.0, heartbeat_interval_s=6.0, heartbeat_jitter_s=0.5, public_url="wss://gateway.example.org"
    ),
    store=StoreSettings(num_shards=6),
)
"""Clients resume by an address that all workers share."""


class LinkedCluster(Cluster):
    """The servers and processes of one world."""

    def __init__(self, *, world: World, path: str, gateways: Sequence[GatewayPort]) -> None:
        self.network = LinkNetwork(world=world, chance=world.chance("links"))
        self.wishes = MemoryWishes()
        self._journal = MemoryJournal(is_shared=True)
        self._owners: OwnerRecord | None = None
        self._worker_lives = 0
        super().__init__(world=world, path=path, gateways=gateways, settings=SETTINGS)
        self.controllers = [self._make_controller(number) for number in range(CONTROLLERS)]

    @property
    def owners(self) -> OwnerRecord:
        """What was ever said of who owns which shard."""
        if self._owners is None:
            self._owners = OwnerRecord(server=self.redis.server, trace=self.world.trace)
        return self._owners

    @property
    def linked(self) -> list[LinkedWorker]:
        """The workers of now that are composed."""
        return [each for each in self.workers if isinstance(each, LinkedWorker) and each.is_composed]

    @override
    def _make_worker(self, number: int) -> ClusterWorker:
        self._worker_lives += 1
        return LinkedWorker(
            network=self.network,
            owners=self.owners,
            journal=self._journal,
            port=self.gateways[number],
            name=f"{name_of_worker(number)}-{self._worker_lives:04x}",
            site=self._site,
            skew_ms=0,
            on_end=lambda _: self._supervise(lambda: self.start_worker(number)),
        )

    def start_controller(self, number: int) -> None:
        """Start a controller again, if it is gone."""
        if self.controllers[number].loop.state is LoopState.KILLED:
            self.controllers[number] = self._make_controller(number)

    def _make_controller(self, number: int) -> ControllerProcess:
        self._worker_lives += 1
        name = f"controller-{number + 1}-{self._worker_lives:04x}"
        return ControllerProcess(name=name, site=self._site, wishes=self.wishes)

    @override
    def close(self) -> None:
        for controller in self.controllers:
            controller.kill()
        super().close()


class AnyWorker:
    """The gateway's address, behind which a balancer sends each client to one of the workers that take clients."""

    def __init__(self, cluster: LinkedCluster, chance: Random) -> None:
        self._cluster = cluster
        self._chance = chance

    def connect(self, client: ProcessLoop, receiver: FrameReceiver, query: str) -> Wire | None:
        """Open a connection, None when no worker takes clients."""
        cluster = self._cluster
        drained = {id(worker) for worker in cluster.linked if worker.is_drained}
        ready = [
            gateway
            for gateway, worker in zip(cluster.gateways, cluster.workers, strict=True)
            if gateway.is_open and id(worker) not in drained
        ]
        return self._chance.choice(ready).connect(client, receiver, query) if ready else None

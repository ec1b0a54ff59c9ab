"""The processes of a cluster of several workers: workers with links, and controllers of the shards.

A worker is composed as `guildway.processes.cluster` does it: lease, map and shards, links to the others, the gateway
with its neighbours. Its connections to Redis and its wires are simulated.
"""

import asyncio
from typing import Any

import msgspec
from prometheus_client import CollectorRegistry

from api.app import Api
from core.links.redis import RedisCarrier
from core.links.wires import Carriers
from core.links.worker_links import WorkerLinks
from core.shards.interfaces import PlacementWishes
from gateway.app import Gateway
from gateway.transport.listener import MakeListener
from gateway.transport.public_address import PublicAddress
from guildway.processes.cluster_links import OpenLinks, fetch_identity, find_bounds
from guildway.processes.cluster_neighbours import ClusterNeighbours, LateListener
from guildway.processes.tiers import build_the_gateway
from guildway.processes.worker_shards import ShardConnections, WorkerShards
from shardctl.control.process import make_controller, make_lease
from tests.fakes.memory_journal import MemoryJournal
from tests.simulation.cluster.ground import Chore, Laid, Site
from tests.simulation.cluster.processes import ClusterWorker
from tests.simulation.workers.distant_journal import DistantJournal
from tests.simulation.workers.owner_record import OwnerRecord
from tests.simulation.world.link_network import ADDRESS, LinkNetwork
from tests.simulation.world.process_loop import LoopState, ProcessLoop
from tests.simulation.world.redis_links import RedisLink, TopicLink
from tests.simulation.world.server import SimulatedClock


def name_of_worker(number: int) -> str:
    """Return the name of a worker, which its lives have in common."""
    return f"worker-{number + 1}"


class LinkedWorker(ClusterWorker):
    """A worker among others. `name` names this life of it."""

    shards: WorkerShards
    neighbours: ClusterNeighbours

    def __init__(self, *, network: LinkNetwork, owners: OwnerRecord, journal: MemoryJournal, **options: Any) -> None:
        self._network = network
        self._owners = owners
        self._shared_journal = journal
        super().__init__(**options)

    @property
    def is_composed(self) -> bool:
        """Whether its parts are there already."""
        return hasattr(self, "gateway")

    @property
    def is_drained(self) -> bool:
        """Whether its clients shall go to others."""
        return self.is_composed and self.shards.is_drained

    def _close_ports(self) -> None:
        super()._close_ports()
        self._network.bury(self.name)

    async def _build_gateway(self, laid: Laid, api: Api, make_listener: MakeListener) -> Gateway:
        self.shards = self._make_shards(laid)
        self.shards.on_map(lambda shard_map: self._owners.read_by(self.name, shard_map))
        self.neighbours = await self._meet_neighbours(laid)
        chance = self._world.chance(f"journal {self.name}")
        journal = DistantJournal(journal=self._shared_journal, host=self._site.redis, loop=self.loop, chance=chance)
        self._address = PublicAddress("")
        return build_the_gateway(
            msgspec.structs.replace(laid.ground, session_journal=journal),
            api,
            self._address,
            make_listener=make_listener,
            is_drained=lambda: self.shards.is_drained,
            neighbours=self.neighbours,
        )

    def _make_shards(self, laid: Laid) -> WorkerShards:
        links = self._world.chance(f"shards {self.name}")
        connections = ShardConnections(
            scripts=laid.scripts,
            renewing=RedisLink(host=self._site.redis, loop=self.loop, chance=links),
            topics=TopicLink(host=self._site.redis, loop=self.loop, chance=links),
        )
        return WorkerShards(
            settings=self._site.settings,
            process=self.name,
            connections=connections,
            bus=self.bus,
            clock=self._clock,
            registry=CollectorRegistry(),
        )

    async def _meet_neighbours(self, laid: Laid) -> ClusterNeighbours:
        chance = self._world.chance(f"links {self.name}")
        identity = await fetch_identity(laid.ground.store.secrets, incarnation=self.name, randomness=laid.ground.random)
        listener = LateListener()
        fallback = RedisCarrier(
            incarnation=self.name,
            publish=laid.scripts.publish,
            topics=TopicLink(host=self._site.redis, loop=self.loop, chance=chance),
            token_bytes=chance.randbytes,
        )
        links = WorkerLinks(
            identity=identity,
            listener=listener,
            carriers=Carriers(self._network.make_carrier(self.name, self.loop), fallback),
            bounds=find_bounds(self._site.settings.links),
            monotonic_s=self._clock.monotonic_s,
            random=chance.random,
            token_bytes=chance.randbytes,
        )
        return ClusterNeighbours(
            process=self.name,
            num_shards=self.bus.num_shards,
            patience_s=self._site.settings.shards.lease_lifetime_s,
            links=OpenLinks(links, ADDRESS),
            listener=listener,
            shards=self.shards,
            scripts=laid.scripts,
            clock=self._clock,
        )

    def _list_chores(self, laid: Laid, api: Api) -> list[Chore]:
        shards = self.shards.list_chores(lambda: self.gateway.session_count, self._address)
        return [*super()._list_chores(laid, api), *shards.values(), *self.neighbours.list_chores().values()]

    async def _serve(self, laid: Laid, api: Api, tasks: asyncio.TaskGroup) -> None:
        await self.neighbours.wait_known()
        await super()._serve(laid, api, tasks)


class ControllerProcess:
    """A controller of the shards, which leads or stands by. `name` names this life of it."""

    def __init__(self, *, name: str, site: Site, wishes: PlacementWishes) -> None:
        self.name = name
        self._world = site.redis.world
        self.loop: ProcessLoop = self._world.make_loop(name)
        self._site = site
        self._wishes = wishes
        self._world.trace.note(name, "server/ starts")
        self.loop.call_soon(lambda: self.loop.create_task(self._run(), name="main").add_done_callback(self._on_ended))

    def kill(self) -> None:
        """SIGKILL."""
        if self.loop.state is not LoopState.KILLED:
            self._world.trace.note(self.name, "server/ KILLED")
            self.loop.kill()

    def _on_ended(self, task: "asyncio.Task[None]") -> None:
        if self.loop.state is not LoopState.KILLED and not task.cancelled():
            self._world.trace.fault(self.name, f"ended: {task.exception()!r}")

    async def _run(self) -> None:
        clock = SimulatedClock(self._world, 0)
        scripts = RedisLink(host=self._site.redis, loop=self.loop, chance=self._world.chance(self.name))
        lease = make_lease(self.name, scripts, clock)
        controller = make_controller(
            self._site.settings,
            holder=self.name,
            scripts=scripts,
            wishes=self._wishes,
            lease=lease,
            clock=clock,
            registry=CollectorRegistry(),
        )
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(lease.run())
            tasks.create_task(controller.run())

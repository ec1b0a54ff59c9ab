"""The other workers of a cluster, as a worker of it finds them: by their leases, by the shard map, and over links.

```
 leases ─→ roster ─┬─→ links: whom to connect to
 shard map ────────┴─→ homes: which worker has which shard ─→ gateway
```

A peer of the links is a life of a worker's process. Its incarnations, which are its leases, come and go over the same
link, so a lease that has ended breaks no conversation.
"""

import asyncio
import logging
from typing import Final

from typing_extensions import override

from core.domain.errors import Unavailable
from core.links.interfaces import LinkListener, Links, PeerAddress
from core.redis.interfaces import Scripts
from core.runtime.clock import Clock
from core.runtime.sockets import format_authority, parse_authority
from core.shards.homes import ShardHomes
from core.shards.map_reader import fetch_workers
from core.shards.roster import Roster
from core.shards.shard_map import EMPTY, ShardMap
from gateway.far.neighbours import Homes, Neighbours
from guildway.processes.cluster_ground import ClusterGround
from guildway.processes.cluster_links import OpenLinks, fetch_identity, open_links
from guildway.processes.link_meters import LinkMetersOfProcess
from guildway.processes.server import Chore
from guildway.processes.worker_shards import WorkerShards

logger = logging.getLogger(__name__)

_LOOK_S: Final = 1.0
"""The time between two readings of the leases. A change of the map has them read at once."""


class LateListener(LinkListener):
    """The listener of links that are made before the gateway, which is `to`."""

    __slots__ = ("to",)

    def __init__(self) -> None:
        self.to: LinkListener

    @override
    def on_begun(self, peer: str) -> None:
        self.to.on_begun(peer)

    @override
    def on_frame(self, peer: str, frame: bytes) -> None:
        self.to.on_frame(peer, frame)

    @override
    def on_broken(self, peer: str) -> None:
        self.to.on_broken(peer)


class ClusterNeighbours(Neighbours):
    """The neighbours of one life of a worker."""

    __slots__ = (
        "_clock", "_homes", "_is_known", "_links", "_listener", "_map", "_own", "_roster", "_scripts", "_shards",
        "_wake",
    )  # fmt: skip

    def __init__(
        self,
        *,
        process: str,
        num_shards: int,
        patience_s: float,
        links: OpenLinks,
        listener: LateListener,
        shards: WorkerShards,
        scripts: Scripts,
        clock: Clock,
    ) -> None:
        """`patience_s` is that of the roster. `shards` are told where others reach the links, and tell of the map."""
        self._own = process
        self._clock = clock
        self._homes = ShardHomes(process=process, num_shards=num_shards)
        self._is_known = asyncio.Event()
        self._links = links.links
        self._listener = listener
        self._map: ShardMap = EMPTY
        self._roster = Roster(process=process, patience_s=patience_s)
        self._scripts = scripts
        self._shards = shards
        self._wake = asyncio.Event()
        shards.show_link(format_authority(links.address.host, links.address.port))
        shards.on_map(self._on_map)

    @property
    @override
    def own(self) -> str:
        return self._own

    @property
    @override
    def links(self) -> Links:
        return self._links

    @property
    @override
    def homes(self) -> Homes:
        return self._homes

    @override
    def listen(self, listener: LinkListener) -> None:
        self._listener.to = listener

    def list_chores(self) -> dict[str, Chore]:
        """List what goes on beside the gateway."""
        return {"links": self._links.run, "neighbours": self._look_again_and_again}

    async def wait_known(self) -> None:
        """Wait until it is known who the others are, and what they have."""
        await self._is_known.wait()

    def _on_map(self, shard_map: ShardMap) -> None:
        """Take a new version of the map, and look who there is: it may name a worker that is new."""
        self._map = shard_map
        self._homes.take(shard_map, self._roster)
        self._wake.set()

    async def _look_again_and_again(self) -> None:
        while True:
            self._wake.clear()
            try:
                await self._look()
            except Unavailable as error:
                logger.warning("the leases of the workers were not read", extra={"reason": error.text})
            try:
                async with asyncio.timeout(_LOOK_S):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def _look(self) -> None:
        if not self._is_known.is_set():
            await self._shards.read_map()
        self._roster.take(await fetch_workers(self._scripts), self._clock.monotonic_s())
        addresses = {life: worker.addresses.link for life, worker in self._roster.others.items()}
        self._links.know({life: _parse(address) for life, address in addresses.items() if address})
        self._homes.take(self._map, self._roster)
        self._is_known.set()


def _parse(authority: str) -> PeerAddress:
    return PeerAddress(*parse_authority(authority))


async def open_neighbours(laid: ClusterGround, shards: WorkerShards) -> ClusterNeighbours:
    """Open the links of a worker and follow the map. The lease says from then on where others reach it.

    Raises:
        StartError: when the socket of the links cannot be bound, or their secret not be read.
    """
    ground, listener = laid.ground, LateListener()
    links = open_links(
        settings=ground.settings,
        identity=await fetch_identity(ground.store.secrets, incarnation=laid.process, randomness=ground.random),
        listener=listener,
        publish=laid.redis.publish,
        clock=ground.clock,
        randomness=ground.random,
        meters=LinkMetersOfProcess(ground.metrics.registry),
    )
    return ClusterNeighbours(
        process=laid.process,
        num_shards=ground.bus.num_shards,
        patience_s=ground.settings.shards.lease_lifetime_s,
        links=links,
        listener=listener,
        shards=shards,
        scripts=laid.redis,
        clock=ground.clock,
    )

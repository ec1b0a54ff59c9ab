"""The media nodes of a cluster as a worker reaches them: by their leases, over links of their own."""

import asyncio
import random
from typing import Final

from core.redis.address import RedisAddress
from core.redis.backoff import Backoff
from core.redis.interfaces import Scripts
from core.redis.topics import TopicReader
from core.runtime.clock import Clock
from core.runtime.randomness import Randomness
from core.voice.linked_nodes import LinkedVoiceNodes
from core.voice.node_follower import NodeFollower
from guildway.processes.cluster_ground import ClusterGround
from guildway.processes.server import Chore
from guildway.processes.voice_links import fetch_voice_secret, make_voice_links, name_cluster, name_gateway

_NOBODY: Final[tuple[int, ...]] = ()


class ClusterVoice:
    """The way of one worker to the nodes."""

    __slots__ = ("_follower", "_links", "nodes")

    def __init__(
        self,
        *,
        process: str,
        secret: bytes,
        region: str,
        num_shards: int,
        redis: Scripts,
        address: RedisAddress,
        clock: Clock,
        randomness: Randomness,
    ) -> None:
        """`process` is this life of the worker; `region` has the rooms of channels that name none."""
        self.nodes = LinkedVoiceNodes(
            secret=secret,
            clock=clock,
            call_later=asyncio.get_running_loop().call_later,
            token_bytes=randomness.token_bytes,
            num_shards=num_shards,
            shards=_NOBODY,
            default_region=region,
        )
        """What the gateway depends on."""
        self._links = make_voice_links(
            name=name_gateway(process),
            cluster=name_cluster(secret),
            secret=secret,
            listener=self.nodes,
            clock=clock,
            randomness=randomness,
        )
        self.nodes.attach(self._links)
        self._follower = NodeFollower(
            scripts=redis,
            topics=TopicReader(address=address, backoff=Backoff(random.random)),
            offer=self.nodes.offer,
            is_linked=lambda life: bool(self._links.carrier_of(life)),
        )

    def list_chores(self) -> dict[str, Chore]:
        """List what goes on beside the gateway."""
        return {"voice links": self._links.run, "voice nodes": self._follower.run}

    async def prepare(self) -> None:
        """Look which nodes there are."""
        await self._follower.look()


async def open_cluster_voice(laid: ClusterGround) -> ClusterVoice | None:
    """Open a worker's way to the nodes; None where voice is disabled. Raises StartError."""
    ground = laid.ground
    if not ground.settings.voice.enabled:
        return None
    return ClusterVoice(
        process=laid.process,
        secret=await fetch_voice_secret(ground.store.secrets, ground.random),
        region=ground.settings.voice.region,
        num_shards=ground.bus.num_shards,
        redis=laid.redis,
        address=laid.redis_address,
        clock=ground.clock,
        randomness=ground.random,
    )

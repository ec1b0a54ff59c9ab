"""The keeper of a cluster's media node: the node's process, its lease, and what it is told of workers and operators."""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from typing_extensions import override

from core.domain.errors import Unavailable
from core.links.interfaces import LinkListener, PeerAddress
from core.redis.interfaces import Scripts
from core.runtime.clock import Clock
from core.runtime.randomness import Randomness
from core.runtime.settings.settings import Settings
from core.runtime.sockets import format_authority
from core.shards.incarnations import process_of
from core.shards.map_reader import fetch_map, fetch_workers
from core.shards.shard_map import EMPTY, ShardMap
from core.voice.node_lease import NodeLease
from core.voice.orders import Load, Malformed, parse_to_gateway
from core.voice.registered_node import NodeState, RegisteredNode
from guildway.processes.own_address import find_reachable_host
from guildway.processes.server import Chore
from guildway.processes.voice_links import make_voice_links, name_cluster, name_gateway, name_node
from guildway.processes.voice_meters import VoiceMeters
from guildway.processes.voice_process import NodeFacts, NodePorts, NodeProcess

logger = logging.getLogger(__name__)

_LOOK_S: Final = 0.5
"""The time between two looks at who there is. A worker that is new waits for it with its first voice."""
_PATIENCE_S: Final = 10.0
"""How long a worker without a lease is still let in: Redis may have lost the lease."""
_LEAVE_S: Final = 2.0
"""The time for clients to go to other nodes, of the 8 s that a supervisor gives."""


class LoadListener(LinkListener):
    """Hears the load of the node over the keeper's own link."""

    __slots__ = ("_observe",)

    def __init__(self, observe: Callable[[str, Load], None]) -> None:
        self._observe = observe

    @override
    def on_begun(self, peer: str) -> None:
        """The node says its load by itself."""

    @override
    def on_frame(self, peer: str, frame: bytes) -> None:
        try:
            order = parse_to_gateway(frame)
        except Malformed:
            return
        if isinstance(order, Load):
            self._observe(peer, order)

    @override
    def on_broken(self, peer: str) -> None:
        """The node's end is seen by its process."""


class VoiceKeeper:
    """The keeper. What `list_chores` names goes on beside it."""

    def __init__(  # noqa: PLR0913 - a part of the composition root
        self,
        *,
        process: str,
        name: str,
        settings: Settings,
        ports: NodePorts,
        secret: bytes,
        redis: Scripts,
        clock: Clock,
        randomness: Randomness,
        meters: VoiceMeters,
    ) -> None:
        """`process` names this life of the keeper, and `name` the node, which has several lives."""
        self._name = name
        self._settings = settings.voice
        self._ports = ports
        self._redis = redis
        self._clock = clock
        self._meters = meters
        self._life = ""
        self._load = Load(0, 0, 0.0)
        self._map: ShardMap = EMPTY
        self._heard_s: dict[str, float] = {}
        """When each worker's life had its lease at last."""
        self._is_up = asyncio.Event()
        self._own = name_gateway(process)
        self._links = make_voice_links(
            name=self._own,
            cluster=name_cluster(secret),
            secret=secret,
            listener=LoadListener(self._observe),
            clock=clock,
            randomness=randomness,
        )
        self._lease = NodeLease(
            holder=process, scripts=redis, describe=self._describe, life_s=settings.shards.lease_lifetime_s
        )
        self._node = NodeProcess(
            settings=settings,
            ports=ports,
            facts=NodeFacts(cluster=name_cluster(secret), secret=secret, leave_s=_LEAVE_S),
            make_name=lambda: name_node(f"{name}-{randomness.token_hex(8)}"),
            on_up=self._on_up,
            on_down=self._on_down,
        )
        self._node.know((self._own,))

    def reload(self) -> None:
        """Have the node read its certificate again."""
        self._node.reload()

    def list_chores(self) -> dict[str, Chore]:
        """List what goes on beside it."""
        return {
            "voice links": self._links.run,
            "voice node": self._node.run,
            "node lease": self._lease.run,
            "gateways": self._look_again_and_again,
        }

    async def wait_up(self) -> None:
        """Wait until the node serves."""
        await self._is_up.wait()

    async def find_fault(self) -> str | None:
        """Return why the node is of no use now."""
        if not self._life:
            return "the media node is starting"
        return "the media node is drained" if self._is_drained else None

    # ---- the node

    def _on_up(self, life: str) -> None:
        self._life = life
        self._links.know({life: PeerAddress(*self._ports.control.getsockname()[:2])})
        self._lease.note_change()
        self._is_up.set()

    def _on_down(self) -> None:
        self._life, self._load = "", Load(0, 0, 0.0)
        self._links.know({})
        self._meters.on_end()
        self._lease.note_change()

    def _observe(self, life: str, load: Load) -> None:
        self._load = load
        self._meters.observe(life, load)

    @property
    def _is_drained(self) -> bool:
        return self._name in self._map.wishes.drained

    def _describe(self) -> RegisteredNode:
        settings = self._settings
        host, port = self._ports.control.getsockname()[:2]
        state = NodeState.DRAINING if self._is_drained else NodeState.SERVING
        return RegisteredNode(
            name=self._name,
            life=self._life,
            control=format_authority(find_reachable_host(host), port),
            host=settings.public_host or find_reachable_host(settings.host),
            port=settings.public_port or self._ports.websocket.getsockname()[1],
            region=settings.region,
            state=state if self._life else NodeState.DOWN,
            rooms=self._load.rooms,
            peers=self._load.peers,
            busy=round(self._load.busy, 3),
        )

    # ---- the cluster

    async def _look_again_and_again(self) -> None:
        while True:
            try:
                await self._look()
            except Unavailable as error:
                logger.warning("the leases of the workers were not read", extra={"reason": error.text})
            await asyncio.sleep(_LOOK_S)

    async def _look(self) -> None:
        workers = await fetch_workers(self._redis)
        now_s = self._clock.monotonic_s()
        self._heard_s.update({process_of(worker.incarnation): now_s for worker in workers})
        self._heard_s = {life: heard_s for life, heard_s in self._heard_s.items() if now_s - heard_s < _PATIENCE_S}
        self._node.know((self._own, *sorted(map(name_gateway, self._heard_s))))
        was_drained, found = self._is_drained, await fetch_map(self._redis, self._map)
        self._map = found if found.version else self._map
        if self._is_drained != was_drained:
            self._lease.note_change()

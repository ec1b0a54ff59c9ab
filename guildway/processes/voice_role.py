"""`guildway run --role voice`: a media node of a cluster, and the process that keeps it.

```
 leases of workers ─→ keeper ─ stdin: which gateways there are ─→ node ←─ links ─ gateways of all workers
 shard map: drained? ─→ │  ←──────────────── link: load ──────────┘
 lease of the node ←────┘
```

The keeper holds the sockets, the node's lease and the connections to Redis and PostgreSQL; the node has none of these.
A node that dies is told at once (the lease says that it is down) and started again with the same ports. When the keeper
is killed, the node's input ends: it tells its gateways that it leaves, and its lease ends by itself.
"""

import asyncio
import contextlib
import random
import secrets
from collections.abc import AsyncIterator
from typing import Final

from core.redis.address import parse_address
from core.redis.backoff import Backoff
from core.redis.client import RedisClient
from core.redis.scripts import load_scripts
from core.runtime.clock import SystemClock
from core.runtime.errors import StartError
from core.runtime.garbage import GarbageControl
from core.runtime.metrics.voice_metrics import VoiceMetrics
from core.runtime.randomness import SYSTEM_RANDOMNESS
from core.runtime.readiness import Readiness
from core.runtime.settings.settings import Settings
from core.runtime.sockets import open_listener
from core.store.sql.postgres.small_store import SmallStore
from guildway.processes.ground import KERNELS, build_metrics, show_process
from guildway.processes.listeners import make_operations_server
from guildway.processes.server import Server
from guildway.processes.voice_keeper import VoiceKeeper
from guildway.processes.voice_links import fetch_voice_secret
from guildway.processes.voice_meters import VoiceMeters
from guildway.processes.voice_process import open_ports
from guildway.version import VERSION

_START_S: Final = 30.0
_NAME_BYTES: Final = 8
"""Enough that no two lives of a process ever take one name."""


@contextlib.asynccontextmanager
async def open_voice_role(settings: Settings, *, name: str) -> AsyncIterator[Server]:
    """Build the parts; on leaving close them.

    Raises:
        StartError: when a socket or the database is not available, or voice is disabled or not installed.
    """
    clock, metrics = SystemClock(), build_metrics(worker=name)
    async with contextlib.AsyncExitStack() as stack:
        ports = stack.enter_context(open_ports(settings.voice, control_host=settings.links.host))
        if ports is None:
            raise StartError("there is no voice: voice.enabled is false, or the extra guildway[voice] is not installed")
        operations_socket = None
        if settings.metrics.enabled:
            operations_socket = stack.enter_context(open_listener(settings.metrics))
        store = SmallStore.open(settings.postgres.url)
        stack.push_async_callback(store.close)
        redis = RedisClient(
            address=parse_address(settings.redis.url),
            scripts=load_scripts(),
            monotonic_s=clock.monotonic_s,
            backoff=Backoff(random.random),
        )
        keeper = VoiceKeeper(
            process=f"{name}-{secrets.token_hex(_NAME_BYTES)}",
            name=name,
            settings=settings,
            ports=ports,
            secret=await fetch_voice_secret(store.secrets, SYSTEM_RANDOMNESS),
            redis=redis,
            clock=clock,
            randomness=SYSTEM_RANDOMNESS,
            meters=VoiceMeters(VoiceMetrics(metrics.registry)),
        )
        readiness = Readiness(look=keeper.find_fault, clock=clock, start_s=_START_S)
        show_process(metrics, readiness)
        operations = None
        if operations_socket is not None:
            operations = make_operations_server(readiness, metrics, operations_socket)
        connection = asyncio.ensure_future(redis.keep_connected())  # beyond the chores, for the lease's last word
        stack.callback(connection.cancel)
        yield Server(
            gateway=None,
            api_server=None,
            operations_server=operations,
            garbage=GarbageControl(clock=clock, observe=metrics.process.gc_pause_seconds.observe),
            chores={**keeper.list_chores(), "readiness": readiness.run},
            facts={"role": "voice", "process_name": name, "version": VERSION, "kernels": KERNELS},
            prepare=keeper.wait_up,
            reload=keeper.reload,
        )

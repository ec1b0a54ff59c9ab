"""The whole backend in one process: API, gateway, store and bus on one event loop, data in one folder.

```
 HTTP ────────────→ api ─→ store (SQLite) ─ commit ─→ bus ─→ gateway ─→ WebSockets
                     ↑                                          │
                     └──────── messages sent over a socket ─────┘
```

This module is the composition root: it builds all parts and gives each its dependencies. It owns the order of starting
(data folder, sockets, store, tiers) and of ending (clients reconnect while requests are finished, then chores, store,
folder).
"""

import asyncio
import contextlib
import logging
import platform
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

from api.app import Api, build_api
from core.runtime.clock import Clock, SystemClock
from core.runtime.data_dir import DataDir
from core.runtime.loop_lag import LoopLag
from core.runtime.settings.settings import Settings
from core.runtime.sockets import bind_socket
from core.store.blob.interfaces import BlobStore
from core.store.blob.store import open_folder
from core.store.sql.schema.migrate import SCHEMA_REVISION
from gateway.app import Gateway, build_gateway
from gateway.transport.public_address import PublicAddress
from gateway.transport.surroundings import Surroundings
from guildway.data_files import DataFiles
from guildway.ground import KERNELS, Ground, build_metrics, lay_ground, open_ids, open_store
from guildway.listeners import make_api_server, make_operations_server
from guildway.server import Chore, Server, end_within
from guildway.version import VERSION

logger = logging.getLogger(__name__)

STORE_GRACE_S: Final = 1.0
_WORKER: Final = "embedded"
"""The label of the gateway's metrics, which in a cluster is the name of the process."""


@contextlib.asynccontextmanager
async def open_embedded(settings: Settings, clock: Clock | None = None) -> AsyncIterator[Server]:
    """Build all parts; on leaving close the store and unlock the data folder.

    Raises:
        StartError: when a socket, the data folder or the database is not available.
    """
    async with contextlib.AsyncExitStack() as stack:
        folder = DataDir(Path(settings.store.data_dir))
        stack.callback(folder.close)
        files = DataFiles.in_folder(folder.path)
        files.prepare_images()
        # The socket comes before the database: a taken port is the commonest reason for not starting.
        api_socket = stack.enter_context(bind_socket(settings.api.host, settings.api.port))
        clock = clock or SystemClock()
        metrics = build_metrics(worker=_WORKER)
        store = await open_store(folder, settings.store, clock, metrics)
        stack.push_async_callback(end_within, STORE_GRACE_S, store.close, "store")
        ids = await open_ids(store, clock)
        stack.push_async_callback(end_within, STORE_GRACE_S, ids.close, "ids")
        ground = lay_ground(settings=settings, clock=clock, store=store, ids=ids, metrics=metrics)
        api, gateway = _build_tiers(ground, await open_folder(files.images))
        operations_server = None
        if settings.metrics.enabled:
            sock = stack.enter_context(bind_socket(settings.metrics.host, settings.metrics.port))
            operations_server = make_operations_server(ground.readiness, ground.metrics, sock)
        yield Server(
            gateway=gateway,
            api_server=make_api_server(
                api.asgi,
                api_socket,
                settings=settings.api,
                shares=ground.shares,
                readiness=ground.readiness,
                metrics=ground.metrics,
            ),
            operations_server=operations_server,
            garbage=ground.garbage,
            chores=_list_chores(ground, api, gateway),
            facts=_list_facts(ground),
        )


def _build_tiers(ground: Ground, blobs: BlobStore) -> tuple[Api, Gateway]:
    """Build both tiers. The API knows the gateway's address only; the gateway sends clients' messages by the API."""
    address = PublicAddress(ground.settings.gateway.public_url)
    api = build_api(
        store=ground.store,
        bus=ground.store.bus,
        blobs=blobs,
        ids=ground.ids,
        clock=ground.clock,
        settings=ground.settings,
        metrics=ground.metrics,
        door=ground.door,
        limiter=ground.limiter,
        refusals=ground.refusals,
        online=ground.online,
        starts=ground.starts,
        gateway_url=address.url_for,
    )
    gateway = build_gateway(
        store=ground.store,
        bus=ground.store.bus,
        ids=ground.ids,
        clock=ground.clock,
        call_later=asyncio.get_running_loop().call_later,
        settings=ground.settings,
        metrics=ground.metrics,
        messages=api.messages,
        session_journal=ground.store.session_journal,
        online=ground.online,
        starts=ground.starts,
        address=address,
        surroundings=Surroundings(
            on_logins=ground.garbage.welcome,
            on_bad_token=api.limits.count_invalid,
            find_fault=lambda: ground.readiness.last_fault,
            max_sockets=ground.shares.gateway,
        ),
    )
    return api, gateway


def _list_chores(ground: Ground, api: Api, gateway: Gateway) -> dict[str, Chore]:
    return {
        "api": api.run,
        "gateway": gateway.run,
        "store": ground.store.run_chores,
        "ids": ground.ids.run,
        "garbage": ground.garbage.run,
        "readiness": ground.readiness.run,
        "loop lag": LoopLag(clock=ground.clock, observe=ground.metrics.process.loop_lag_seconds.observe).run,
    }


def _list_facts(ground: Ground) -> dict[str, object]:
    settings = ground.settings
    return {
        "version": VERSION,
        "python": platform.python_version(),
        "kernels": KERNELS,
        "schema_before": ground.store.schema_before,
        "schema": SCHEMA_REVISION,
        "num_shards": settings.store.num_shards,
        "node_number": ground.ids.number,
        "data_dir": settings.store.data_dir,
        "listens": f"{settings.api.host} (api), {settings.gateway.host} (gateway)",
        "trusted_proxies": list(settings.api.trusted_proxies),
    }

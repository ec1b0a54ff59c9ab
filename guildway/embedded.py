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
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from api.app import Api, build_api
from core.http.bounds import HttpBounds
from core.http.server import HttpServer
from core.runtime.clock import Clock, SystemClock
from core.runtime.data_dir import DataDir
from core.runtime.garbage import GarbageControl
from core.runtime.loop_lag import LoopLag
from core.runtime.operations import build_operations
from core.runtime.probes import build_probes
from core.runtime.settings.settings import Settings
from core.runtime.sockets import bind_socket
from core.store.blob.interfaces import BlobStore
from core.store.blob.store import open_folder
from core.store.sql.schema.migrate import SCHEMA_REVISION
from core.store.sql.store import SqlStore
from gateway.app import Gateway, build_gateway
from gateway.transport.public_address import PublicAddress
from gateway.transport.surroundings import Surroundings
from guildway.addresses import Addresses
from guildway.data_files import DataFiles
from guildway.ground import KERNELS, Ground, build_metrics, lay_ground, open_store
from guildway.version import VERSION

logger = logging.getLogger(__name__)

GATEWAY_GRACE_S: Final = 2.0
"""The time for op 7 and a close frame to every client. Together with the requests' grace it stays under 5 s."""
REQUEST_GRACE_S: Final = 3
OPERATIONS_CONNECTIONS: Final = 8
"""The connections of the operations listener, out of the process's own descriptors."""
STORE_GRACE_S: Final = 1.0


Chore = Callable[[], Coroutine[Any, Any, None]]


class Embedded:
    """All parts of a server, built by `open_embedded`. `run` starts them."""

    __slots__ = ("_api_server", "_chores", "_facts", "_garbage", "_gateway", "_operations_server")

    def __init__(
        self,
        *,
        gateway: Gateway,
        api_server: HttpServer,
        operations_server: HttpServer | None,
        garbage: GarbageControl,
        chores: Mapping[str, Chore],
        facts: Mapping[str, object],
    ) -> None:
        """`chores` run beside the servers; `facts` are in the log's first line."""
        self._gateway = gateway
        self._api_server = api_server
        self._operations_server = operations_server
        self._garbage = garbage
        self._chores = chores
        self._facts = facts

    async def run(self, *, stopping: asyncio.Event, when_ready: Callable[[Addresses], None]) -> None:
        """Serve until `stopping` is set. `when_ready` is called once, when every listener answers."""
        await self._gateway.start()
        async with asyncio.TaskGroup() as chores:
            running = [chores.create_task(run(), name=name) for name, run in self._chores.items()]
            await self._serve(stopping=stopping, when_ready=when_ready)
            for task in running:
                task.cancel()

    async def _serve(self, *, stopping: asyncio.Event, when_ready: Callable[[Addresses], None]) -> None:
        servers = [self._api_server] + ([self._operations_server] if self._operations_server else [])
        started = [asyncio.Event() for _ in servers]
        async with asyncio.TaskGroup() as tasks:
            for server, event in zip(servers, started, strict=True):
                tasks.create_task(server.run(started=event, stopping=stopping), name=f"http {server.authority}")
            for event in started:
                await event.wait()
            with self._garbage.in_force():
                logger.info("ready", extra={**self._facts, **msgspec.structs.asdict(self._addresses())})
                when_ready(self._addresses())
                await stopping.wait()
            logger.info("stopping")
            await _within(GATEWAY_GRACE_S, self._gateway.stop, "gateway")

    def _addresses(self) -> Addresses:
        operations = self._operations_server
        return Addresses(
            api=f"http://{self._api_server.authority}",
            gateway=self._gateway.local_url,
            metrics=f"http://{operations.authority}" if operations else "",
        )


@contextlib.asynccontextmanager
async def open_embedded(settings: Settings, clock: Clock | None = None) -> AsyncIterator[Embedded]:
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
        metrics = build_metrics(worker=str(settings.store.worker_id))
        store = await open_store(folder, settings.store, clock, metrics)
        stack.push_async_callback(_within, STORE_GRACE_S, store.close, "store")
        ground = await lay_ground(settings=settings, clock=clock, store=store, metrics=metrics)
        api, gateway = _build_tiers(ground, await open_folder(files.images))
        operations_server = None
        if settings.metrics.enabled:
            sock = stack.enter_context(bind_socket(settings.metrics.host, settings.metrics.port))
            operations_server = _make_operations_server(ground, sock)
        yield Embedded(
            gateway=gateway,
            api_server=_make_api_server(ground, api, api_socket),
            operations_server=operations_server,
            garbage=ground.garbage,
            chores=_list_chores(ground, api, gateway),
            facts=_list_facts(settings, store),
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


def _make_api_server(ground: Ground, api: Api, sock: socket.socket) -> HttpServer:
    settings, shares, refusals = ground.settings.api, ground.shares, ground.metrics.limit_refusals_total
    return HttpServer(
        app=build_probes(app=api.asgi, find_fault=ground.readiness.find_fault),
        sock=sock,
        grace_s=REQUEST_GRACE_S,
        trusted_proxies=settings.trusted_proxies,
        count_refusal=lambda limit: refusals.labels(limit).inc(),
        bounds=HttpBounds(
            # One address does not get all connections, whatever the setting is.
            connections_per_address=min(settings.connections_per_address, shares.api * 3 // 4),
            connections=shares.api,
        ),
    )


def _make_operations_server(ground: Ground, sock: socket.socket) -> HttpServer:
    return HttpServer(
        app=build_operations(registry=ground.metrics.registry, find_fault=ground.readiness.find_fault),
        sock=sock,
        grace_s=REQUEST_GRACE_S,
        bounds=HttpBounds(connections=OPERATIONS_CONNECTIONS),
    )


def _list_chores(ground: Ground, api: Api, gateway: Gateway) -> dict[str, Chore]:
    return {
        "api": api.run,
        "gateway": gateway.run,
        "store": ground.store.run_chores,
        "garbage": ground.garbage.run,
        "readiness": ground.readiness.run,
        "loop lag": LoopLag(clock=ground.clock, observe=ground.metrics.process.loop_lag_seconds.observe).run,
    }


def _list_facts(settings: Settings, store: SqlStore) -> dict[str, object]:
    return {
        "version": VERSION,
        "python": platform.python_version(),
        "kernels": KERNELS,
        "schema_before": store.schema_before,
        "schema": SCHEMA_REVISION,
        "num_shards": settings.store.num_shards,
        "worker_id": settings.store.worker_id,
        "process_id": settings.store.process_id,
        "data_dir": settings.store.data_dir,
        "listens": f"{settings.api.host} (api), {settings.gateway.host} (gateway)",
        "trusted_proxies": list(settings.api.trusted_proxies),
    }


async def _within(limit_s: float, end: Callable[[], Awaitable[None]], name: str) -> None:
    """Await the end of a part, but no longer than `limit_s`, so that a process that was told to end does end."""
    try:
        async with asyncio.timeout(limit_s):
            await end()
    except TimeoutError:
        logger.warning("did not end in time", extra={"part": name, "limit_s": limit_s})

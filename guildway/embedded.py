"""The whole backend in one process: API, gateway, store and bus on one event loop, data in one folder.

```
 HTTP ────────────→ api ─→ store (SQLite) ─ commit ─→ bus ─→ gateway ─→ picows ─→ WebSockets
                     ↑                                          │
                     └──────── messages sent over a socket ─────┘
```

The composition root: builds everything and hands each part its dependencies. Owns the order of starting (data folder,
sockets, store, tiers) and of ending (clients told to reconnect while requests are finished, then chores, store, folder).
"""

import asyncio
import contextlib
import logging
import platform
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector

from api.app import build_api
from core.domain.errors import Unavailable
from core.http.bounds import HttpBounds
from core.http.server import HttpServer
from core.live.memory import MemoryOnlineCounts, MemorySessionStarts
from core.runtime.clock import Clock, SystemClock
from core.runtime.data_dir import DataDir
from core.runtime.descriptors import read_limit, share_descriptors
from core.runtime.errors import StartError
from core.runtime.garbage import GarbageControl
from core.runtime.loop_lag import LoopLag
from core.runtime.metrics import Metrics
from core.runtime.operations import build_operations
from core.runtime.probes import build_probes
from core.runtime.readiness import Readiness
from core.runtime.settings import Settings, StoreSettings
from core.runtime.sockets import bind_socket
from core.store.blob.store import open_folder
from core.store.sql.engine.errors import reason_of
from core.store.sql.health import StoreHealth
from core.store.sql.schema.migrate import SCHEMA_REVISION
from core.store.sql.store import SqlStore, StoreOptions
from core_ext import SnowflakeGenerator
from core_ext.chooser import IS_PURE
from gateway.app import Gateway, build_gateway
from gateway.surroundings import Surroundings
from guildway.addresses import Addresses
from guildway.data_files import DataFiles
from guildway.version import VERSION

logger = logging.getLogger(__name__)

_KERNELS: Final = "plain" if IS_PURE else "compiled"

GATEWAY_GRACE_S: Final = 2.0
"""For op 7 and a close frame to every client. It runs beside the requests' grace: together they stay under 5 s."""
REQUEST_GRACE_S: Final = 3
OPERATIONS_CONNECTIONS: Final = 8
"""Of the descriptors that are the process's own."""
STORE_GRACE_S: Final = 1.0


Chore = Callable[[], Coroutine[Any, Any, None]]


class Embedded:
    """Everything built; `run` brings it to life. Made by `open_embedded`."""

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
        """`chores` run beside the servers; `facts` are told in the log's first line."""
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
                logger.info("started", extra={**self._facts, **msgspec.structs.asdict(self._addresses())})
                when_ready(self._addresses())
                await stopping.wait()
            logger.info("stopping")
            await _within(GATEWAY_GRACE_S, self._gateway.stop(), "gateway")

    def _addresses(self) -> Addresses:
        operations = self._operations_server
        return Addresses(
            api=f"http://{self._api_server.authority}",
            gateway=self._gateway.local_url,
            metrics=f"http://{operations.authority}" if operations else "",
        )


@contextlib.asynccontextmanager
async def open_embedded(settings: Settings, clock: Clock | None = None) -> AsyncIterator[Embedded]:
    """Build everything; on leaving close the store and let go of the data folder.

    Raises:
        StartError: when a socket, the data folder or the database cannot be had.
    """
    clock = clock or SystemClock()
    async with contextlib.AsyncExitStack() as stack:
        folder = DataDir(Path(settings.store.data_dir))
        stack.callback(folder.close)
        files = DataFiles.in_folder(folder.path)
        files.prepare_images()
        api_socket = stack.enter_context(bind_socket(settings.api.host, settings.api.port))
        metrics = _build_metrics(worker=str(settings.store.worker_id))
        store = await open_store(folder, settings.store, clock, metrics)
        readiness = Readiness(look=store.health.find_fault, clock=clock)
        _show_state(metrics, store.health, readiness)
        shares = share_descriptors(read_limit())
        stack.push_async_callback(_close_store, store)
        node = settings.store
        ids = SnowflakeGenerator(node.worker_id, node.process_id, clock.now_ms, await store.newest_id())
        online = MemoryOnlineCounts()
        starts = MemorySessionStarts(clock=clock, per_day=settings.gateway.session_starts_per_day)
        api = build_api(
            store=store,
            bus=store.bus,
            blobs=await open_folder(files.images),
            ids=ids,
            clock=clock,
            settings=settings,
            metrics=metrics,
            online=online,
            starts=starts,
            gateway_url=lambda asked_host: gateway.url_for(asked_host),  # noqa: PLW0108 - made below
        )
        garbage = GarbageControl(clock=clock, observe=metrics.process.gc_pause_seconds.observe)
        gateway = build_gateway(
            store=store,
            bus=store.bus,
            ids=ids,
            clock=clock,
            call_later=asyncio.get_running_loop().call_later,
            settings=settings,
            metrics=metrics,
            messages=api.messages,
            online=online,
            starts=starts,
            surroundings=Surroundings(
                on_logins=garbage.welcome,
                on_bad_token=api.limits.count_invalid,
                find_fault=lambda: readiness.last_fault,
                max_sockets=shares.gateway,
            ),
        )
        api_server = HttpServer(
            app=build_probes(app=api.asgi, find_fault=readiness.find_fault),
            sock=api_socket,
            grace_s=REQUEST_GRACE_S,
            trusted_proxies=settings.api.trusted_proxies,
            count_refusal=lambda limit: metrics.limit_refusals_total.labels(limit).inc(),
            bounds=HttpBounds(
                # Whatever is set, one address does not get all that there are.
                connections_per_address=min(settings.api.connections_per_address, shares.api * 3 // 4),
                connections=shares.api,
            ),
        )
        operations_server = None
        if settings.metrics.enabled:
            sock = stack.enter_context(bind_socket(settings.metrics.host, settings.metrics.port))
            operations = build_operations(registry=metrics.registry, find_fault=readiness.find_fault)
            operations_server = HttpServer(
                app=operations,
                sock=sock,
                grace_s=REQUEST_GRACE_S,
                bounds=HttpBounds(connections=OPERATIONS_CONNECTIONS),
            )
        yield Embedded(
            gateway=gateway,
            api_server=api_server,
            operations_server=operations_server,
            garbage=garbage,
            chores={
                "api": api.run,
                "gateway": gateway.run,
                "store": store.run_chores,
                "garbage": garbage.run,
                "readiness": readiness.run,
                "loop lag": LoopLag(clock=clock, observe=metrics.process.loop_lag_seconds.observe).run,
            },
            facts=_list_facts(settings, store),
        )


def _build_metrics(*, worker: str) -> Metrics:
    """A registry of this process's own, with what prometheus-client knows about a process."""
    registry = CollectorRegistry()
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=registry)
    return Metrics(registry, worker=worker)


def _list_facts(settings: Settings, store: SqlStore) -> dict[str, object]:
    return {
        "version": VERSION,
        "python": platform.python_version(),
        "kernels": _KERNELS,
        "schema_before": store.schema_before,
        "schema": SCHEMA_REVISION,
        "num_shards": settings.store.num_shards,
        "worker_id": settings.store.worker_id,
        "process_id": settings.store.process_id,
        "data_dir": settings.store.data_dir,
        "listens": f"{settings.api.host} (api), {settings.gateway.host} (gateway)",
        "trusted_proxies": list(settings.api.trusted_proxies),
    }


def _show_state(metrics: Metrics, health: StoreHealth, readiness: Readiness) -> None:
    """What is looked up when somebody looks at the page."""
    metrics.process.build_info.labels(version=VERSION, kernels=_KERNELS).set(1)
    metrics.process.ready.set_function(lambda: 0.0 if readiness.last_fault else 1.0)
    metrics.store.database_bytes.set_function(health.measure_bytes)
    metrics.store.database_wal_bytes.set_function(lambda: health.measure_bytes("-wal"))
    metrics.store.disk_free_bytes.set_function(health.measure_free_bytes)


async def open_store(
    folder: DataDir, settings: StoreSettings, clock: Clock, metrics: Metrics | None = None
) -> SqlStore:
    """Open the folder's database. Raises StartError."""
    options = StoreOptions(
        worker_id=settings.worker_id,
        process_id=settings.process_id,
        read_connections=settings.read_connections,
        log_lifetime_ms=settings.log_lifetime_s * 1000,
        log_rows=settings.log_rows,
        lock=folder.lock_path,
    )
    files = DataFiles.in_folder(folder.path)
    files.make_database_private()
    path = files.database
    try:
        return await SqlStore.open(
            str(path), clock=clock, num_shards=settings.num_shards, options=options, metrics=metrics
        )
    except Unavailable as error:
        raise StartError(f"the database {path} cannot be opened: {reason_of(error)}") from error
    except StartError as error:
        raise type(error)(f"{path}: {error}") from error


async def _close_store(store: SqlStore) -> None:
    await _within(STORE_GRACE_S, store.close(), "store")


async def _within(limit_s: float, ending: Awaitable[None], name: str) -> None:
    """Await it, but no longer than that: a process that was told to end ends."""
    try:
        async with asyncio.timeout(limit_s):
            await ending
    except TimeoutError:
        logger.warning("did not end in time", extra={"part": name, "limit_s": limit_s})

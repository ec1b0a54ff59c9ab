"""The process of `shardctl controller`: a controller that leads or stands by, and its listener for operations."""

import asyncio
import contextlib
import random
import secrets
from collections.abc import AsyncIterator
from typing import Final, TextIO

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector

from core.http.bounds import HttpBounds
from core.http.server import HttpServer
from core.redis.address import parse_address
from core.redis.backoff import Backoff
from core.redis.client import ClientOptions, RedisClient
from core.redis.interfaces import Scripts
from core.redis.jobs import JobLease
from core.redis.scripts import load_scripts
from core.runtime.clock import Clock, SystemClock
from core.runtime.metrics.shard_metrics import ControllerMetrics
from core.runtime.operations import build_operations
from core.runtime.settings.settings import Settings
from core.runtime.sockets import open_listener
from core.shards.interfaces import PlacementWishes
from core.store.sql.postgres.small_store import SmallStore
from shardctl.control.controller import JOB, LEASE_S, Controller
from shardctl.control.meters import PrometheusMeters

_CONNECTIONS: Final = 8
"""The connections of the operations listener."""
_GRACE_S: Final = 1.0
_LOOK_S: Final = 0.05
_NAME_BYTES: Final = 8
_PATIENCE_S: Final = 1.0
"""The time that a call waits for a connection: half of the leader's lease."""
_TIMEOUT_S: Final = 3.0
"""The time after which calls without an answer end the connection; an fsync of a busy disk may take a second."""


async def run_controller(settings: Settings, name: str, out: TextIO, stopping: asyncio.Event) -> None:
    """Control the shards until told to stop. `out` gets a line when Redis has been reached for the first time.

    Raises:
        StartError: when the address for operations is taken.
    """
    clock = SystemClock()
    registry = _make_registry()
    client = RedisClient(
        address=parse_address(settings.redis.url),
        scripts=load_scripts(),
        monotonic_s=clock.monotonic_s,
        backoff=Backoff(random.random),
        options=ClientOptions(connect_timeout_s=_PATIENCE_S, timeout_s=_TIMEOUT_S, patience_s=_PATIENCE_S),
    )
    store = SmallStore.open(settings.postgres.url)
    holder = f"{name}-{secrets.token_hex(_NAME_BYTES)}"
    lease = make_lease(holder, client, clock)
    controller = make_controller(
        settings, holder=holder, scripts=client, wishes=store.wishes, lease=lease, clock=clock, registry=registry
    )
    with contextlib.ExitStack() as sockets:
        server = _make_server(settings, sockets, registry, controller)
        try:
            async with _connected(client), asyncio.TaskGroup() as tasks:
                running = [tasks.create_task(lease.run()), tasks.create_task(controller.run())]
                if server is not None:
                    tasks.create_task(server.run(started=asyncio.Event(), stopping=stopping))
                running.append(tasks.create_task(_greet(controller, server, out)))
                await stopping.wait()
                for task in running:
                    task.cancel()
        finally:
            await store.close()


def make_lease(holder: str, scripts: Scripts, clock: Clock) -> JobLease:
    """Make the lease by which one controller leads."""
    return JobLease(name=JOB, holder=holder, scripts=scripts, clock=clock, life_s=LEASE_S)


def make_controller(
    settings: Settings,
    *,
    holder: str,
    scripts: Scripts,
    wishes: PlacementWishes,
    lease: JobLease,
    clock: Clock,
    registry: CollectorRegistry,
) -> Controller:
    """Make the controller of a process."""
    return Controller(
        scripts=scripts,
        wishes=wishes,
        lease=lease,
        clock=clock,
        num_shards=settings.store.num_shards,
        name=holder,
        settings=settings.shards,
        meters=PrometheusMeters(ControllerMetrics(registry)),
    )


@contextlib.asynccontextmanager
async def _connected(client: RedisClient) -> AsyncIterator[None]:
    """Keep the connection for the body, and for what the body says last."""
    connection = asyncio.ensure_future(client.keep_connected())
    try:
        yield
        await asyncio.sleep(0)  # the end of the lease is sent at the end of the turn
    finally:
        connection.cancel()
        await asyncio.wait([connection])


def _make_registry() -> CollectorRegistry:
    registry = CollectorRegistry()
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=registry)
    return registry


def _make_server(
    settings: Settings, sockets: contextlib.ExitStack, registry: CollectorRegistry, controller: Controller
) -> HttpServer | None:
    if not settings.metrics.enabled:
        return None

    async def find_fault() -> str | None:
        return None if controller.has_looked else "Redis was not reached"

    return HttpServer(
        app=build_operations(registry=registry, find_fault=find_fault),
        sock=sockets.enter_context(open_listener(settings.metrics)),
        grace_s=_GRACE_S,
        bounds=HttpBounds(connections=_CONNECTIONS),
    )


async def _greet(controller: Controller, server: HttpServer | None, out: TextIO) -> None:
    while not controller.has_looked:  # noqa: ASYNC110 - for a moment, once
        await asyncio.sleep(_LOOK_S)
    metrics = "-" if server is None else server.url
    print(f"ready api=- gateway=- metrics={metrics}", file=out, flush=True)

"""The real gateway on a loopback socket, over a real store.

Most tests run twice: with all guilds in the gateway of the clients, and with all guilds at another one (`elsewhere`),
which is on the same store and has a link to it. What is of one gateway alone is marked with `guilds_are("here")`.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from itertools import count
from pathlib import Path

import msgspec
import pytest

from core.bus.interfaces import Bus
from core.live.limits import MemoryRateLimiter
from core.live.memory import MemoryOnlineCounts
from core.live.starts import CountedStarts
from core.runtime.clock import SystemClock
from core.runtime.metrics.metrics import Metrics
from core.runtime.settings.settings import GatewaySettings, LimitSettings, Settings
from core.runtime.traces.interfaces import Tracer
from core.store.interfaces import Store
from core.store.sql.store import SqlStore
from gateway.app import Gateway, build_gateway
from gateway.scheduling.batch_timer import CallLater
from gateway.transport.public_address import PublicAddress
from tests.fakes.gateway.message_port import FakeMessagePort
from tests.fakes.gateway.voice_port import FakeVoicePort
from tests.support.gateway.gateway_client import GatewayClient, open_gateway
from tests.support.gateway.neighbours import FixedNeighbours
from tests.support.stores.databases import MigratedDatabase
from tests.support.stores.store_writer import StoreWriter

RunGateway = Callable[..., AbstractAsyncContextManager[Gateway]]
RunOne = Callable[..., AbstractAsyncContextManager[Gateway]]
Connect = Callable[[], AbstractAsyncContextManager[GatewayClient]]

LOOPBACK = GatewaySettings(host="127.0.0.1", port=0, identify_window_s=0.0)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Say where the guilds are."""
    if "guilds_are" in metafunc.fixturenames:
        marker = metafunc.definition.get_closest_marker("guilds_are")
        metafunc.parametrize("guilds_are", ["here", "elsewhere"] if marker is None else marker.args)


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A minute for the answers of homes: on a busy machine a login would go on without guilds. Some tests want less."""
    monkeypatch.setattr("gateway.far.far_stay.ANSWER_S", 60.0)


@pytest.fixture
async def store(tmp_path: Path, migrated_database: MigratedDatabase) -> AsyncIterator[SqlStore]:
    """A new store."""
    path = tmp_path / "guildway.db"
    migrated_database.copy_to(path)
    opened = await SqlStore.open(str(path), clock=SystemClock(), num_shards=16)
    yield opened
    await opened.close()


@pytest.fixture
def gateway_store(store: SqlStore) -> Store:
    """The gateway's store."""
    return store


@pytest.fixture
def gateway_bus(store: SqlStore) -> Bus:
    """The bus by which the gateway hears of events."""
    return store.bus


@pytest.fixture
def writer(store: SqlStore) -> StoreWriter:
    """A writer that changes the store beside the gateway."""
    return StoreWriter(store, SystemClock())


@pytest.fixture
def port(writer: StoreWriter) -> FakeMessagePort:
    """The receiver of messages that are sent over the socket."""
    return FakeMessagePort(writer.ids)


@pytest.fixture
def metrics() -> Metrics:
    """The gateway's metrics."""
    return Metrics()


@pytest.fixture
def online() -> MemoryOnlineCounts:
    """The gateway's online counts."""
    return MemoryOnlineCounts()


def _make_neighbours(guilds_are: str, life: int = 1) -> tuple[FixedNeighbours, FixedNeighbours]:
    names = [name if life == 1 else f"{name}-{life}" for name in ("host", "home")]

    def find_owner(shard: int) -> str:
        return names[guilds_are != "both" or shard % 2 == 0]

    host, home = (FixedNeighbours(own, num_shards=16, owner_of=find_owner) for own in names)
    return host, home


@pytest.fixture
def neighbours(guilds_are: str) -> tuple[FixedNeighbours, FixedNeighbours]:
    """The gateway of the clients and another one, as each other's neighbours; the other one has all guilds, or half.

    They are those of the first gateway that a test runs. Later ones are other lives, with other names.
    """
    return _make_neighbours(guilds_are)


@contextlib.asynccontextmanager
async def _running(gateway: Gateway) -> AsyncIterator[None]:
    await gateway.start()
    running = asyncio.create_task(gateway.run())
    try:
        yield
    finally:
        await gateway.stop()
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running


@pytest.fixture
def tracer() -> Tracer | None:
    """Nothing is traced, unless a module says otherwise."""
    return None


@pytest.fixture
def run_one(
    store: SqlStore,
    gateway_store: Store,
    gateway_bus: Bus,
    port: FakeMessagePort,
    metrics: Metrics,
    online: MemoryOnlineCounts,
    tracer: Tracer | None,
) -> RunOne:
    """Run one gateway: `run_one(settings, call_later, limits, neighbours=…)`, where all but the first may be None."""

    @contextlib.asynccontextmanager
    async def run(
        options: GatewaySettings,
        call_later: CallLater | None,
        limits: LimitSettings | None,
        neighbours: FixedNeighbours | None = None,
    ) -> AsyncIterator[Gateway]:
        options = msgspec.structs.replace(options, host="127.0.0.1", port=0)
        gateway = build_gateway(
            neighbours=neighbours,
            store=gateway_store,
            bus=gateway_bus,
            clock=SystemClock(),
            call_later=call_later or asyncio.get_running_loop().call_later,
            settings=Settings(gateway=options, limits=limits or LimitSettings()),
            metrics=metrics,
            messages=port,
            voice=FakeVoicePort(),
            session_journal=store.session_journal,
            online=online,
            starts=CountedStarts(
                limiter=MemoryRateLimiter(clock=SystemClock()),
                per_day=options.session_starts_per_day,
                window_s=options.identify_window_s,
            ),
            address=PublicAddress(options.public_url),
            tracer=tracer,
        )
        async with _running(gateway):
            yield gateway

    return run


@pytest.fixture
def run_gateway(run_one: RunOne, guilds_are: str, neighbours: tuple[FixedNeighbours, FixedNeighbours]) -> RunGateway:
    """Run a gateway with a test's own settings and timers: `run_gateway(settings, call_later=…, limits=…)`."""
    lives = count(1)

    @contextlib.asynccontextmanager
    async def run(
        options: GatewaySettings, call_later: CallLater | None = None, limits: LimitSettings | None = None
    ) -> AsyncIterator[Gateway]:
        if guilds_are == "here":
            async with run_one(options, call_later, limits) as gateway:
                yield gateway
            return
        life = next(lives)
        host, home = neighbours if life == 1 else _make_neighbours(guilds_are, life)
        async with (
            run_one(options, call_later, limits, neighbours=home),
            run_one(options, call_later, limits, neighbours=host) as gateway,
        ):
            host.links.connect(home.links)
            yield gateway

    return run


@pytest.fixture
async def gateway(run_gateway: RunGateway) -> AsyncIterator[Gateway]:
    """A gateway with the default settings, except for the window of identifies."""
    async with run_gateway(LOOPBACK) as running:
        yield running


@pytest.fixture
def connect(gateway: Gateway) -> Connect:
    """Open a connection to the gateway."""
    return lambda: open_gateway(gateway.url)

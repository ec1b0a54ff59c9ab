"""The API for tests: the real application over a real store. Every answer is checked against Discord's document.

    async def test_x(api: ApiUnderTest) -> None:
        alice = await api.register("alice")
        answer = await alice.get("/users/@me")

Requests run through the whole ASGI stack in this process; `api.events` has the committed events. Limits are high unless
a test opens its own API with `open_api(limits=…)`.
"""

import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from api.app import build_api
from api.common_parts import ApiGround
from api.services.administration.operator_passes import make_pass
from core.door.memory import MemoryDoor
from core.door.rules import find_message_rules
from core.live.limits import MemoryGate, MemoryRateLimiter
from core.live.memory import MemoryOnlineCounts
from core.live.refusals import Refusals
from core.live.starts import CountedStarts
from core.runtime.access_log import AccessLog
from core.runtime.clock import Clock, SystemClock
from core.runtime.metrics.metrics import Metrics
from core.runtime.settings.settings import (
    ApiSettings,
    EmbedSettings,
    FileSettings,
    IceSettings,
    InstanceSettings,
    LimitSettings,
    Settings,
    VoiceSettings,
)
from core.store.blob.objects import open_memory
from core.store.sql.store import SqlStore
from core_ext.ids import SnowflakeGenerator
from tests.support.embedded_api import ApiUnderTest
from tests.support.file_links import make_external_links, make_links
from tests.support.preparation import prepared_once
from tests.support.stores.databases import MigratedDatabase

HIGH_LIMITS = LimitSettings(
    requests_per_second=1_000_000,
    channel_messages=1_000_000,
    messages_per_minute=1_000_000,
    channel_reactions=1_000_000,
    direct_openings=1_000_000,
    friend_requests=1_000_000,
    channel_crossposts=1_000_000,
    voice_joins=1_000_000,
    peer_signals=1_000_000,
    reports=1_000_000,
    loopback_registrations_per_minute=1_000_000,
    logins_per_minute=1_000_000,
)

FILE_SETTINGS = FileSettings()
VOICE_SETTINGS = VoiceSettings(most_peers=2)
"""Calls from client to client are off by default."""
NO_PREVIEWS = EmbedSettings(enabled=False)
"""Tests fetch nothing but from servers of their own."""
API_SETTINGS = ApiSettings(password_memory_kib=8, password_passes=1)
"""The least cost that argon2 allows: a hash takes microseconds."""

OPERATOR_KEY = bytes(range(32))
GATEWAY_URL = "ws://127.0.0.1:8081"


def operator_pass(now_ms: int | None = None) -> str:
    """The header of the operator."""
    return f"Operator {make_pass(OPERATOR_KEY, SystemClock().now_ms() if now_ms is None else now_ms)}"


OpenApi = Callable[..., AbstractAsyncContextManager[ApiUnderTest]]


@contextlib.asynccontextmanager
async def open_api_in(
    folder: Path,
    migrated_database: MigratedDatabase,
    *,
    limits: LimitSettings = HIGH_LIMITS,
    api: ApiSettings = API_SETTINGS,
    files: FileSettings = FILE_SETTINGS,
    embeds: EmbedSettings = NO_PREVIEWS,
    instance: InstanceSettings = InstanceSettings(),  # noqa: B008 - it is frozen
    voice: VoiceSettings = VOICE_SETTINGS,
    ice: IceSettings = IceSettings(),  # noqa: B008 - it is frozen
    clock: Clock | None = None,
    operator_key: bytes = OPERATOR_KEY,
    access_log: AccessLog | None = None,
    wrap: Callable[[SqlStore], Any] = lambda store: store,
) -> AsyncIterator[ApiUnderTest]:
    """An API over a database in this folder, which is a copy of the migrated one when there was none.

    `wrap` puts something in front of the store that the API uses.
    """
    migrated_database.copy_to(folder / "guildway.db")
    clock, metrics = clock or SystemClock(), Metrics()
    online, starts = (
        MemoryOnlineCounts(),
        CountedStarts(limiter=MemoryRateLimiter(clock=clock), per_day=1000, window_s=0.0),
    )
    limiter = MemoryRateLimiter(clock=clock)
    refusals = Refusals(count=lambda limit: metrics.limit_refusals_total.labels(limit).inc())
    store = await SqlStore.open(str(folder / "guildway.db"), clock=clock, num_shards=16)
    ids = SnowflakeGenerator(0, 0, clock.now_ms)
    try:
        ground = ApiGround(
            store=wrap(store),
            bus=store.bus,
            blobs=open_memory(folder / "staging"),
            links=make_links(clock),
            external=make_external_links(),
            ids=ids,
            clock=clock,
            settings=Settings(
                instance=instance, api=api, limits=limits, files=files, embeds=embeds, voice=voice, ice=ice
            ),
            metrics=metrics,
            door=MemoryDoor(
                make_id=ids.next,
                bus=store.bus,
                limiter=limiter,
                rules=find_message_rules(limits),
                refusals=refusals,
                clock=clock,
            ),
            limiter=limiter,
            request_gate=MemoryGate(limiter=limiter),
            refusals=refusals,
            online=online,
            starts=starts,
            gateway_url=lambda _host: GATEWAY_URL,
            operator_key=operator_key,
            access_log=access_log,
        )
        with prepared_once():
            built = build_api(ground)
        async with ApiUnderTest.open(built, store, metrics, online=online, starts=starts) as under_test:
            yield under_test
    finally:
        await store.close()


@pytest.fixture
def open_api(tmp_path: Path, migrated_database: MigratedDatabase) -> OpenApi:
    """Open an API with the test's own settings and clock: `async with open_api(limits=LimitSettings(…)) as api`."""
    return partial(open_api_in, tmp_path, migrated_database)


@pytest.fixture
async def api(open_api: OpenApi) -> AsyncIterator[ApiUnderTest]:
    """The API with high limits."""
    async with open_api() as opened:
        yield opened

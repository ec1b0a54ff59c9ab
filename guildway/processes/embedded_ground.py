"""The ground of the embedded process: its database, ids, and all that a cluster has in servers, in memory here.

The composition root (`guildway.processes.embedded`) asks for it once it holds the data folder, and closes the store.
"""

import secrets
from typing import Final

from core.domain.errors import Unavailable
from core.door.memory import MemoryDoor
from core.door.rules import find_message_rules
from core.live.limits import MemoryGate, MemoryRateLimiter
from core.live.memory import MemoryOnlineCounts
from core.live.refusals import Refusals
from core.live.starts import CountedStarts
from core.runtime.clock import Clock
from core.runtime.data_dir import DataDir
from core.runtime.descriptors import read_limit, share_descriptors
from core.runtime.errors import StartError
from core.runtime.garbage import GarbageControl
from core.runtime.metrics.metrics import Metrics
from core.runtime.readiness import Readiness
from core.runtime.settings.settings import Settings, StoreSettings
from core.store.node_ids import NodeIds
from core.store.sql.engine.errors import reason_of
from core.store.sql.health import StoreHealth
from core.store.sql.store import SqlStore, StoreOptions
from guildway.data.data_files import DataFiles
from guildway.processes.ground import Ground, show_process

_HOLDER_BYTES: Final = 8
"""Enough that no two processes ever take one name."""


def lay_ground(*, settings: Settings, clock: Clock, store: SqlStore, ids: NodeIds, metrics: Metrics) -> Ground:
    """Build the parts around an open store."""
    readiness = Readiness(look=store.health.find_fault, clock=clock)
    show_process(metrics, readiness)
    _show_database(metrics, store.health)
    limiter = MemoryRateLimiter(clock=clock)
    refusals = Refusals(count=lambda limit: metrics.limit_refusals_total.labels(limit).inc())
    return Ground(
        settings=settings,
        clock=clock,
        store=store,
        bus=store.bus,
        ids=ids,
        metrics=metrics,
        door=MemoryDoor(
            make_id=ids.next,
            bus=store.bus,
            limiter=limiter,
            rules=find_message_rules(settings.limits),
            refusals=refusals,
            clock=clock,
        ),
        limiter=limiter,
        request_gate=MemoryGate(limiter=limiter),
        refusals=refusals,
        session_journal=store.session_journal,
        online=MemoryOnlineCounts(),
        starts=CountedStarts(
            limiter=limiter,
            per_day=settings.gateway.session_starts_per_day,
            window_s=settings.gateway.identify_window_s,
        ),
        readiness=readiness,
        garbage=GarbageControl(clock=clock, observe=metrics.process.gc_pause_seconds.observe),
        shares=share_descriptors(read_limit()),
    )


async def open_store(
    folder: DataDir, settings: StoreSettings, clock: Clock, metrics: Metrics | None = None
) -> SqlStore:
    """Open the folder's database. Raises StartError."""
    options = StoreOptions(
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


async def open_ids(store: SqlStore, clock: Clock) -> NodeIds:
    """Lease a node number for this process. The caller closes the ids before the store. Raises StartError."""
    holder = f"embedded-{secrets.token_hex(_HOLDER_BYTES)}"
    try:
        # An event of another life may have an id ahead of a clock that was set back since.
        after = await store.newest_id()
        return await NodeIds.open(numbers=store.node_numbers, clock=clock, holder=holder, after=after)
    except Unavailable as error:
        raise StartError(f"no ids can be made: {error.text}") from error


def _show_database(metrics: Metrics, health: StoreHealth) -> None:
    metrics.store.database_bytes.set_function(health.measure_bytes)
    metrics.store.database_wal_bytes.set_function(lambda: health.measure_bytes("-wal"))
    metrics.store.disk_free_bytes.set_function(health.measure_free_bytes)

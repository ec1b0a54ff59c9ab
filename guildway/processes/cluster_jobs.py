"""The jobs of which a cluster needs one at a time, as chores of a process that may have their leases.

Every process can sweep. Only a worker keeps the logs, because it has their newest entries.
"""

from functools import partial

from prometheus_client import CollectorRegistry

from api.services.crossposts.crosspost_sweep import CrosspostSweep
from api.services.files.file_sweep import FileSweep
from api.services.messages.message_purge import MessagePurge
from api.services.reading.own_places import OwnPlaces
from core.bus.log_keeper import LogKeeper
from core.bus.redis import RedisBus
from core.bus.relay import Relay
from core.door.redis_orphans import RedisOrphans
from core.redis.client import RedisClient
from core.redis.jobs import JobLease
from core.runtime.clock import Clock
from core.runtime.settings.settings import RedisSettings, Settings
from core.shards.incarnations import name_of
from core.shards.interfaces import PlacementWishes
from core.shards.map_reader import has_other_workers
from core.store.aggregates.messages.message_rows import MessageRows
from core.store.aggregates.messages.read_states import MentionRows
from core.store.cluster.door_sweep import DoorSweep, MessageEvents
from core.store.cluster.reaction_sweep import ReactionSweep
from core.store.sql.postgres.log_source import PostgresLogSource
from core.store.sql.postgres.store import PostgresStore
from core.store.sql.postgres.sweep import OutboxSweep
from guildway.processes.cluster_meters import ClusterMeters
from guildway.processes.server import Chore
from shardctl.control.process import make_controller, make_lease


class ClusterJobs:
    """Makes the chores of jobs. `holder` names this life of the process in leases."""

    __slots__ = ("_bus", "_clock", "_holder", "_meters", "_redis")

    def __init__(self, *, bus: RedisBus, redis: RedisClient, clock: Clock, holder: str, meters: ClusterMeters) -> None:
        self._meters = meters
        self._bus = bus
        self._redis = redis
        self._clock = clock
        self._holder = holder

    def sweep_outbox(self, relational: PostgresStore, relay: Relay) -> dict[str, Chore]:
        """Relay what was committed by processes that died before they could."""
        lease = self._lease("outbox sweep")
        sweep = OutboxSweep(
            outbox=relational.outbox,
            relay=relay,
            relaying=relational.relaying,
            writer=relational.writer,
            is_held=partial(_is_held, lease),
            clock=self._clock,
            count_events=self._meters.count_swept_events,
        )
        return {"outbox sweep lease": lease.run, "outbox sweep": sweep.run}

    def sweep_doors(
        self,
        rows: MessageRows,
        mentions: MentionRows,
        events: MessageEvents,
        reactions: ReactionSweep,
    ) -> dict[str, Chore]:
        """End what dead processes have begun at the doors. `events` makes the events of rows."""
        lease = self._lease("door sweep")
        orphans = RedisOrphans(bus=self._bus, scripts=self._redis, clock=self._clock)
        sweep = DoorSweep(
            orphans=orphans,
            rows=rows,
            mentions=mentions,
            events=events,
            reactions=reactions,
            is_held=partial(_is_held, lease),
            count=self._meters.count_opening,
        )
        return {"door sweep lease": lease.run, "door sweep": sweep.run}

    def sweep_files(self, sweep: FileSweep) -> dict[str, Chore]:
        """Remove files that nothing refers to."""
        lease = self._lease("file sweep")
        return {"file sweep lease": lease.run, "file sweep": partial(sweep.run, partial(_is_held, lease))}

    def purge_messages(self, purge: MessagePurge) -> dict[str, Chore]:
        """Delete messages whose time is over, if the settings say so."""
        if not purge.is_on:
            return {}
        lease = self._lease("message purge")
        return {"message purge lease": lease.run, "message purge": partial(purge.run, partial(_is_held, lease))}

    def sweep_crossposts(self, sweep: CrosspostSweep) -> dict[str, Chore]:
        """Publish what others have begun to."""
        lease = self._lease("crosspost sweep")
        return {"crosspost sweep lease": lease.run, "crosspost sweep": partial(sweep.run, partial(_is_held, lease))}

    def follow_authors(self, places: OwnPlaces) -> dict[str, Chore]:
        """Mark channels as read for who has written there."""
        lease = self._lease("own places")
        follow = partial(places.run, partial(_is_held, lease), trails=True)
        return {"own places lease": lease.run, "own places": follow}

    def keep_logs(self, settings: RedisSettings, relational: PostgresStore) -> dict[str, Chore]:
        """Open the logs when Redis was restarted, and trim them."""
        lease = self._lease("log keeper")
        keeper = LogKeeper(
            bus=self._bus,
            scripts=self._redis,
            lease=lease,
            source=PostgresLogSource(reads=relational.reads, outbox=relational.outbox, writer=relational.writer),
            clock=self._clock,
            retention_s=settings.log_lifetime_s,
            has_others=partial(has_other_workers, self._redis, name_of(self._holder)),
        )
        return {"log keeper lease": lease.run, "log keeper": keeper.run}

    def control_shards(
        self, settings: Settings, wishes: PlacementWishes, registry: CollectorRegistry
    ) -> dict[str, Chore]:
        """Decide which worker has which shard, or stand by."""
        lease = make_lease(self._holder, self._redis, self._clock)
        controller = make_controller(
            settings,
            holder=self._holder,
            scripts=self._redis,
            wishes=wishes,
            lease=lease,
            clock=self._clock,
            registry=registry,
        )
        return {"shard controller lease": lease.run, "shard controller": controller.run}

    def _lease(self, job: str) -> JobLease:
        return JobLease(name=job, holder=self._holder, scripts=self._redis, clock=self._clock)


def _is_held(lease: JobLease) -> bool:
    return lease.epoch is not None

"""The store on a relational database, and the bus over its log table.

Opening migrates the schema, opens one connection that writes and some that read, and starts the writer. Closing
finishes the queue. The composition root runs `run_chores` beside it, which purges nonces and trims the log.
"""

import asyncio
import logging
from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path
from typing import Final

import msgspec
from sqlalchemy import delete, func, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from core.bus.embedded import EmbeddedBus
from core.domain.errors import Unavailable
from core.runtime.clock import Clock
from core.runtime.metrics.metrics import Metrics
from core.store.aggregates.applications import ApplicationReader
from core.store.aggregates.channels.calls import CallReader
from core.store.aggregates.channels.channels import ChannelReader
from core.store.aggregates.guilds.bans import BanReader
from core.store.aggregates.guilds.guilds import GuildReader
from core.store.aggregates.guilds.invites import InviteReader
from core.store.aggregates.guilds.members import MemberReader
from core.store.aggregates.guilds.stage_instances import StageInstanceReader
from core.store.aggregates.guilds.voice_sessions import VoiceSessionReader
from core.store.aggregates.guilds.voice_states import VoiceStateReader
from core.store.aggregates.guilds.voice_statuses import VoiceStatusReader
from core.store.aggregates.guilds.webhooks import WebhookReader
from core.store.aggregates.instance.instance_log import InstanceLogReader
from core.store.aggregates.instance.limits import LimitReader
from core.store.aggregates.instance.registration import RegistrationReader
from core.store.aggregates.instance.reports import ReportReader
from core.store.aggregates.instance.staff import StaffReader
from core.store.aggregates.instance.suspensions import SuspensionReader
from core.store.aggregates.instance_counts import InstanceCountReader
from core.store.aggregates.logins import LoginReader
from core.store.aggregates.messages.crossposts import CrosspostReader
from core.store.aggregates.messages.files import FileReader
from core.store.aggregates.messages.messages import MessageStore
from core.store.aggregates.messages.pins import PinReader
from core.store.aggregates.messages.reactions import ReactionStore
from core.store.aggregates.messages.read_states import ReadStateReader
from core.store.aggregates.node_numbers import NodeNumbers
from core.store.aggregates.people.last_seen import LastSeenReader
from core.store.aggregates.people.preferences import PreferenceReader
from core.store.aggregates.people.relationships import RelationshipReader
from core.store.aggregates.people.users import UserReader
from core.store.aggregates.pictures import PictureReader
from core.store.aggregates.secrets import Secrets
from core.store.aggregates.session_journal import SessionJournal
from core.store.interfaces import Transaction
from core.store.owners import Owners
from core.store.sql.aggregates.applications import SqlApplications
from core.store.sql.aggregates.channels.calls import SqlCalls
from core.store.sql.aggregates.channels.channels import SqlChannels
from core.store.sql.aggregates.guilds.bans import SqlBans
from core.store.sql.aggregates.guilds.guilds import SqlGuilds
from core.store.sql.aggregates.guilds.invites import SqlInvites
from core.store.sql.aggregates.guilds.members import SqlMembers
from core.store.sql.aggregates.guilds.stage_instances import SqlStageInstances
from core.store.sql.aggregates.guilds.voice_sessions import SqlVoiceSessions
from core.store.sql.aggregates.guilds.voice_states import SqlVoiceStates
from core.store.sql.aggregates.guilds.voice_statuses import SqlVoiceStatuses
from core.store.sql.aggregates.guilds.webhooks import SqlWebhooks
from core.store.sql.aggregates.instance.instance_log import SqlInstanceLog
from core.store.sql.aggregates.instance.limits import SqlLimits
from core.store.sql.aggregates.instance.registration import SqlRegistration
from core.store.sql.aggregates.instance.reports import SqlReports
from core.store.sql.aggregates.instance.staff import SqlStaff
from core.store.sql.aggregates.instance.suspensions import SqlSuspensions
from core.store.sql.aggregates.instance_counts import SqlInstanceCounts
from core.store.sql.aggregates.logins import SqlLogins
from core.store.sql.aggregates.messages.crossposts import SqlCrossposts
from core.store.sql.aggregates.messages.files import SqlFiles
from core.store.sql.aggregates.messages.message_batch import NONCE_LIFETIME_MS, MessageInserter
from core.store.sql.aggregates.messages.messages import SqlMessages
from core.store.sql.aggregates.messages.pins import SqlPins
from core.store.sql.aggregates.messages.reactions import SqlReactions
from core.store.sql.aggregates.node_numbers import SqlNodeNumbers
from core.store.sql.aggregates.people.last_seen import SqlLastSeen
from core.store.sql.aggregates.people.preferences import SqlPreferences
from core.store.sql.aggregates.people.relationships import SqlRelationships
from core.store.sql.aggregates.people.users import SqlUsers
from core.store.sql.aggregates.pictures import SqlPictures
from core.store.sql.aggregates.secrets import SqlSecrets
from core.store.sql.aggregates.session_journal import SqlSessionJournal
from core.store.sql.database import open_database
from core.store.sql.engine.connection import Executor
from core.store.sql.engine.database_files import DatabaseFiles
from core.store.sql.engine.dialect import Dialect, dialect_of
from core.store.sql.engine.errors import reason_of
from core.store.sql.engine.pool import ReadPool
from core.store.sql.health import StoreHealth
from core.store.sql.schema.tables.logs import log
from core.store.sql.schema.tables.messages import nonces
from core.store.sql.transaction import UnitOfWork
from core.store.sql.unread.mention_rows import purge_oldest
from core.store.sql.unread.read_states import SqlReadStates
from core.store.sql.writing.commits import Commits
from core.store.sql.writing.log import SqlLog
from core.store.sql.writing.writer import Writer
from core.wire.envelope import Envelope

logger = logging.getLogger(__name__)


class StoreOptions(msgspec.Struct, kw_only=True, frozen=True):
    """Values to tune."""

    read_connections: int = 4
    """The number of concurrent reads; each has a thread and a page cache."""
    log_lifetime_ms: int = 60 * 60 * 1000
    """The age of the oldest row of a shard's log."""
    log_rows: int = 1_000_000
    """The most rows of the logs of all shards (about 1 GB)."""
    ring_bytes: int = 0
    """The size of the bus's ring for readers of the log; a single process has no reader."""
    lock: Path | None = None
    """The lock file of the process: when it is gone, another process may use the database."""
    chore_interval_s: float = 60.0


_DEFAULTS: Final = StoreOptions()
_PURGE_CHUNK_ROWS: Final = 5_000
"""The nonces that one unit purges, which takes a few milliseconds of the writer's time."""
_NEWEST_ROWS: Final = 1_000
"""Ids are made before their unit begins. No more units than this ever wait."""


class SqlStore:
    """A `Store`, with its `bus` and its `health`."""

    health: StoreHealth
    schema_before: str | None
    """The last migration that the database had before it was opened; None for a new one."""

    def __init__(  # noqa: PLR0913 - everything that it closes
        self,
        *,
        engine: AsyncEngine,
        reads: ReadPool,
        writer: Writer,
        log: SqlLog,
        bus: EmbeddedBus,
        dialect: Dialect,
        clock: Clock,
        options: StoreOptions,
        files: DatabaseFiles,
    ) -> None:
        self._engine = engine
        self._reads = reads
        self._writer = writer
        self._log = log
        self._clock = clock
        self._num_shards = bus.num_shards
        self._options = options
        self._files = files
        self._dialect = dialect
        self.bus = bus
        self.users: UserReader = SqlUsers(reads)
        self.logins: LoginReader = SqlLogins(reads)
        self.applications: ApplicationReader = SqlApplications(reads)
        self.guilds: GuildReader = SqlGuilds(reads, bus.num_shards)
        self.channels: ChannelReader = SqlChannels(reads)
        self.members: MemberReader = SqlMembers(reads)
        self.bans: BanReader = SqlBans(reads)
        self.voice_states: VoiceStateReader = SqlVoiceStates(reads, dialect)
        self.voice_statuses: VoiceStatusReader = SqlVoiceStatuses(reads, dialect)
        self.stage_instances: StageInstanceReader = SqlStageInstances(reads, dialect)
        self.voice_sessions: VoiceSessionReader = SqlVoiceSessions(reads, dialect)
        self.calls: CallReader = SqlCalls(reads, dialect)
        self.webhooks: WebhookReader = SqlWebhooks(reads)
        self.pins: PinReader = SqlPins(reads)
        self.crossposts: CrosspostReader = SqlCrossposts(reads, dialect)
        self.invites: InviteReader = SqlInvites(reads)
        self.files: FileReader = SqlFiles(reads)
        self.pictures: PictureReader = SqlPictures(reads, dialect)
        self.preferences: PreferenceReader = SqlPreferences(reads)
        self.last_seen: LastSeenReader = SqlLastSeen(reads)
        self.instance_counts: InstanceCountReader = SqlInstanceCounts(reads)
        self.staff: StaffReader = SqlStaff(reads)
        self.suspensions: SuspensionReader = SqlSuspensions(reads)
        self.registration: RegistrationReader = SqlRegistration(reads)
        self.limits: LimitReader = SqlLimits(reads)
        self.reports: ReportReader = SqlReports(reads)
        self.instance_log: InstanceLogReader = SqlInstanceLog(reads)
        self.relationships: RelationshipReader = SqlRelationships(reads)
        self.messages: MessageStore = SqlMessages(
            reads=reads, writer=writer, inserter=MessageInserter(clock=clock, dialect=dialect), dialect=dialect
        )
        self.read_states: ReadStateReader = SqlReadStates(reads, dialect)
        self.reactions: ReactionStore = SqlReactions(reads=reads, writer=writer, dialect=dialect)
        self.node_numbers: NodeNumbers = SqlNodeNumbers(run=writer.run_errand, clock=clock)
        self.secrets: Secrets = SqlSecrets(run=writer.run_errand, dialect=dialect)
        self.session_journal: SessionJournal = SqlSessionJournal(reads=reads, writer=writer, dialect=dialect)

    @classmethod
    async def open(
        cls,
        location: str | Path,
        *,
        clock: Clock,
        num_shards: int,
        options: StoreOptions = _DEFAULTS,
        metrics: Metrics | None = None,
        dialect: Dialect | None = None,
    ) -> "SqlStore":
        """Open (and create or migrate) the database at a path or URL, whose kind tells the dialect if none is given.

        Raises:
            Unavailable: when it cannot be opened.
            StartError: when it was written by a newer version, or made with other numbers.
        """
        dialect = dialect or dialect_of(str(location))
        engine = dialect.connect(str(location))
        database = await open_database(engine, dialect, num_shards, read_connections=options.read_connections)
        reads, state = database.reads, database.state
        log = SqlLog(state=state, num_shards=num_shards, clock=clock, dialect=dialect, reads=reads)
        commits = Commits(clock=clock, metrics=metrics or Metrics())
        path = dialect.find_file(str(location))
        files = DatabaseFiles(path, [options.lock] if options.lock else [])
        writer = Writer(connection=database.writing, dialect=dialect, log=log, commits=commits, files=files)
        bus = EmbeddedBus(
            num_shards=num_shards,
            append=partial(_append, writer),
            read=log.read,
            positions=state.positions,
            ring_bytes=options.ring_bytes,
        )
        writer.start(bus.deliver)
        store = cls(
            engine=engine,
            reads=reads,
            writer=writer,
            log=log,
            bus=bus,
            dialect=dialect,
            clock=clock,
            options=options,
            files=files,
        )
        store.schema_before = database.schema_before
        store.health = StoreHealth(path=path, files=files, reads=reads, writer=writer, commits=commits)
        return store

    def write(
        self, *, users: Collection[int] = (), guilds: Collection[int] = ()
    ) -> AbstractAsyncContextManager[Transaction]:
        """Return a unit of work, which takes its place in the queue when it is entered."""
        owners = Owners(users=users, guilds=guilds)
        return UnitOfWork(
            queue=self._writer.queue_body, dialect=self._dialect, num_shards=self._num_shards, owners=owners
        )

    async def ping(self) -> None:
        """Check the database. Raises Unavailable when it does not answer."""
        await self._reads.fetch_one(select(text("1")))

    async def newest_id(self) -> int:
        """Return the largest id among the newest events, 0 when there are none. New ids go on above it."""
        newest = select(log.c.envelope_id).order_by(log.c.position.desc()).limit(_NEWEST_ROWS).subquery()
        row = await self._reads.fetch_one(select(func.max(newest.c.envelope_id)))
        return (row[0] if row else None) or 0

    async def close(self) -> None:
        """Finish the queue, then close everything."""
        await self._writer.close()
        self._files.end()
        await self._reads.close()
        await self._engine.dispose()

    async def run_chores(self) -> None:
        """Purge and trim while the store is open. Run it in a task group and cancel it before `close`."""
        while True:
            await asyncio.sleep(self._options.chore_interval_s)
            try:
                await self.purge_nonces()
                await self.purge_mentions()
                await self.trim_log()
            except Unavailable as error:
                logger.warning("chores failed; they are repeated later", extra={"reason": reason_of(error)})

    async def purge_nonces(self) -> None:
        """Purge the nonces that have expired."""

        async def purge(db: Executor) -> tuple[int, Sequence[Envelope]]:
            oldest = select(nonces.c.message_id).order_by(nonces.c.message_id).limit(_PURGE_CHUNK_ROWS)
            too_old = nonces.c.created_ms <= self._clock.now_ms() - NONCE_LIFETIME_MS
            return await db.execute(delete(nonces).where(nonces.c.message_id.in_(oldest), too_old)), ()

        while await self._writer.run_errand(purge) == _PURGE_CHUNK_ROWS:
            pass

    async def purge_mentions(self) -> None:
        """Purge the mentions that nobody has read for too long."""

        async def purge(db: Executor) -> tuple[int, Sequence[Envelope]]:
            return await purge_oldest(db, now_ms=self._clock.now_ms(), limit=_PURGE_CHUNK_ROWS), ()

        while await self._writer.run_errand(purge) >= _PURGE_CHUNK_ROWS:
            pass

    async def trim_log(self) -> None:
        """Trim the log's rows that are too old or too many."""
        older_than_ms = self._clock.now_ms() - self._options.log_lifetime_ms

        async def trim(db: Executor) -> tuple[bool, Sequence[Envelope]]:
            return await self._log.trim_chunk(db, older_than_ms=older_than_ms, keep_rows=self._options.log_rows), ()

        while await self._writer.run_errand(trim):
            pass


async def _append(writer: Writer, envelopes: Sequence[Envelope]) -> None:
    await writer.run_errand(lambda _: _only_announce(envelopes))


async def _only_announce(envelopes: Sequence[Envelope]) -> tuple[None, Sequence[Envelope]]:
    return None, envelopes

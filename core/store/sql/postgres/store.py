"""The relational half of a cluster's store, on PostgreSQL. Messages, and what is composed of both, are in
`core.store.cluster`.

Opening prepares the database (preparation.py) and connects. Closing finishes the units and reads that are on their way.
"""

import asyncio
from collections.abc import Callable, Collection
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Final

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from core.domain.errors import Unavailable
from core.runtime.clock import Clock
from core.runtime.metrics.metrics import Metrics
from core.shards.interfaces import PlacementWishes
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
from core.store.aggregates.messages.pins import PinReader
from core.store.aggregates.messages.read_states import ReadStateReader
from core.store.aggregates.node_numbers import NodeNumbers
from core.store.aggregates.people.last_seen import LastSeenReader
from core.store.aggregates.people.preferences import PreferenceReader
from core.store.aggregates.people.relationships import RelationshipReader
from core.store.aggregates.people.users import UserReader
from core.store.aggregates.pictures import PictureReader
from core.store.aggregates.secrets import Secrets
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
from core.store.sql.aggregates.messages.pins import SqlPins
from core.store.sql.aggregates.node_numbers import SqlNodeNumbers
from core.store.sql.aggregates.people.last_seen import SqlLastSeen
from core.store.sql.aggregates.people.preferences import SqlPreferences
from core.store.sql.aggregates.people.relationships import SqlRelationships
from core.store.sql.aggregates.people.users import SqlUsers
from core.store.sql.aggregates.pictures import SqlPictures
from core.store.sql.aggregates.placement_wishes import SqlPlacementWishes
from core.store.sql.aggregates.secrets import SqlSecrets
from core.store.sql.engine.connection import Connection
from core.store.sql.engine.dialect import Dialect
from core.store.sql.engine.errors import reason_of
from core.store.sql.engine.postgres import POSTGRES, connect_postgres
from core.store.sql.engine.query import QueryCache
from core.store.sql.postgres.connections import ConnectionPool
from core.store.sql.postgres.outbox import Outbox
from core.store.sql.postgres.owner_locks import lock_owners
from core.store.sql.postgres.preparation import alone, prepare
from core.store.sql.postgres.reads import PostgresReads
from core.store.sql.postgres.relaying import Relay, Relaying, Tail
from core.store.sql.postgres.writer import PostgresWriter
from core.store.sql.transaction import UnitOfWork
from core.store.sql.unread.read_states import SqlReadStates
from core.store.sql.writing.commits import Commits

_TIMEOUT_S: Final = 3.0
"""The time that a probe of a load balancer waits, roughly."""


class PostgresOptions(msgspec.Struct, kw_only=True, frozen=True):
    """The connections of one process."""

    read_connections: int = 8
    write_connections: int = 16
    """The units of work that run at the same time."""


_DEFAULTS: Final = PostgresOptions()


class PostgresStore:
    """Everything of a `Store` but messages."""

    def __init__(  # noqa: PLR0913 - everything that it closes or reads by
        self,
        *,
        engine: AsyncEngine,
        reads: PostgresReads,
        writer: PostgresWriter,
        outbox: Outbox,
        relaying: Relaying,
        commits: Commits,
        num_shards: int,
        clock: Clock,
        dialect: Dialect = POSTGRES,
    ) -> None:
        self._dialect = dialect
        self._engine = engine
        self._commits = commits
        self._num_shards = num_shards
        self.reads = reads
        self.writer = writer
        self.outbox = outbox
        self.relaying = relaying
        self.users: UserReader = SqlUsers(reads)
        self.logins: LoginReader = SqlLogins(reads)
        self.applications: ApplicationReader = SqlApplications(reads)
        self.guilds: GuildReader = SqlGuilds(reads, num_shards)
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
        self.read_states: ReadStateReader = SqlReadStates(reads, dialect)
        self.node_numbers: NodeNumbers = SqlNodeNumbers(run=writer.run_errand, clock=clock)
        self.wishes: PlacementWishes = SqlPlacementWishes(run=writer.run_errand, dialect=dialect)
        self.secrets: Secrets = SqlSecrets(run=writer.run_errand, dialect=dialect)

    @classmethod
    async def open(
        cls,
        url: str,
        *,
        num_shards: int,
        relay: Relay,
        tail: Tail,
        is_open: Callable[[], bool],
        clock: Clock,
        options: PostgresOptions = _DEFAULTS,
        metrics: Metrics | None = None,
    ) -> "PostgresStore":
        """Open (and migrate) the database at a URL. `relay` and `tail` are the ends of the shards' logs, `is_open`
        tells whether these take events, as far as this process knows.

        Raises:
            Unavailable: when it cannot be opened.
            StartError: when it was written by a newer version, or made with other numbers.
        """
        async with alone(url) as patient:
            await prepare(patient, num_shards=num_shards)
        engine = connect_postgres(url)
        queries = QueryCache(POSTGRES.compiler)
        connect = partial(Connection.open, engine=engine, dialect=POSTGRES, queries=queries)
        reads = PostgresReads(ConnectionPool(connect=connect, size=options.read_connections))
        outbox = Outbox(reads=reads, num_shards=num_shards, clock=clock)
        relaying = Relaying(relay=relay, tail=tail, is_open=is_open, outbox=outbox)
        commits = Commits(clock=clock, metrics=metrics or Metrics())
        writer = PostgresWriter(
            pool=ConnectionPool(connect=connect, size=options.write_connections),
            outbox=outbox,
            relaying=relaying,
            commits=commits,
        )
        return cls(
            engine=engine,
            reads=reads,
            writer=writer,
            outbox=outbox,
            relaying=relaying,
            commits=commits,
            num_shards=num_shards,
            clock=clock,
        )

    def write(
        self, *, users: Collection[int] = (), guilds: Collection[int] = ()
    ) -> AbstractAsyncContextManager[Transaction]:
        """Return a unit of work, which waits for its owners when it is entered."""
        owners = Owners(users=users, guilds=guilds)
        return UnitOfWork(
            queue=partial(self.writer.queue_body, owners.in_order()),
            dialect=self._dialect,
            num_shards=self._num_shards,
            owners=owners,
            lock=lock_owners,
        )

    async def ping(self) -> None:
        """Check the database. Raises Unavailable when it does not answer."""
        await self.reads.fetch_one(text("SELECT 1"))

    async def find_fault(self) -> str | None:
        """Return what keeps the database from its work in a few words, None when all is well."""
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                await self.ping()
        except TimeoutError:
            return "the database does not answer in time"
        except Unavailable as error:
            return f"the database fails: {reason_of(error)}"
        return self._commits.find_fault()

    async def close(self) -> None:
        """Finish the units and reads on their way, then close everything."""
        await self.writer.close()
        await self.reads.close()
        await self._engine.dispose()

"""A unit of work: its owners, the aggregates over the lent write connection, and the events to commit with them."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from types import TracebackType

from core.store.aggregates.applications import ApplicationWriter
from core.store.aggregates.channels.calls import CallWriter
from core.store.aggregates.channels.channels import ChannelWriter
from core.store.aggregates.guilds.bans import BanWriter
from core.store.aggregates.guilds.guilds import GuildWriter
from core.store.aggregates.guilds.invites import InviteWriter
from core.store.aggregates.guilds.members import MemberWriter
from core.store.aggregates.guilds.roles import RoleWriter
from core.store.aggregates.guilds.stage_instances import StageInstanceWriter
from core.store.aggregates.guilds.voice_sessions import VoiceSessionWriter
from core.store.aggregates.guilds.voice_states import VoiceStateWriter
from core.store.aggregates.guilds.voice_statuses import VoiceStatusWriter
from core.store.aggregates.guilds.webhooks import WebhookWriter
from core.store.aggregates.instance.instance_log import InstanceLogWriter
from core.store.aggregates.instance.limits import LimitWriter
from core.store.aggregates.instance.registration import RegistrationWriter
from core.store.aggregates.instance.reports import ReportWriter
from core.store.aggregates.instance.staff import StaffWriter
from core.store.aggregates.instance.suspensions import SuspensionWriter
from core.store.aggregates.messages.crossposts import CrosspostWriter
from core.store.aggregates.messages.files import FileWriter
from core.store.aggregates.messages.pins import PinWriter
from core.store.aggregates.messages.read_states import ReadStateWriter
from core.store.aggregates.people.last_seen import LastSeenWriter
from core.store.aggregates.people.preferences import PreferenceWriter
from core.store.aggregates.people.relationships import RelationshipWriter
from core.store.aggregates.people.users import UserWriter
from core.store.aggregates.pictures import PictureWriter
from core.store.interfaces import Transaction
from core.store.owners import Owners
from core.store.sql.aggregates.applications import SqlApplications
from core.store.sql.aggregates.channels.calls import SqlCalls
from core.store.sql.aggregates.channels.channels import SqlChannels
from core.store.sql.aggregates.guilds.bans import SqlBans
from core.store.sql.aggregates.guilds.guilds import SqlGuilds
from core.store.sql.aggregates.guilds.invites import SqlInvites
from core.store.sql.aggregates.guilds.members import SqlMembers
from core.store.sql.aggregates.guilds.roles import SqlRoles
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
from core.store.sql.aggregates.messages.crossposts import SqlCrossposts
from core.store.sql.aggregates.messages.files import SqlFiles
from core.store.sql.aggregates.messages.pins import SqlPins
from core.store.sql.aggregates.people.last_seen import SqlLastSeen
from core.store.sql.aggregates.people.preferences import SqlPreferences
from core.store.sql.aggregates.people.relationships import SqlRelationships
from core.store.sql.aggregates.people.users import SqlUsers
from core.store.sql.aggregates.pictures import SqlPictures
from core.store.sql.engine.connection import Executor
from core.store.sql.engine.dialect import Dialect
from core.store.sql.unread.read_states import SqlReadStates
from core.store.sql.writing.jobs import CallerJob
from core.wire.envelope import Envelope

Lock = Callable[[Executor, Sequence[int]], Awaitable[None]]
"""A function that waits for the locks of these owners, in this order, and holds them until the unit ends."""


class SqlTransaction:
    """A `Transaction` over one connection. Its maker has locked the owners already, where there are locks."""

    __slots__ = (
        "_db",
        "_lock",
        "_owners",
        "announced",
        "applications",
        "bans",
        "calls",
        "channels",
        "crossposts",
        "files",
        "guilds",
        "instance_log",
        "invites",
        "last_seen",
        "limits",
        "members",
        "pictures",
        "pins",
        "preferences",
        "read_states",
        "registration",
        "relationships",
        "reports",
        "roles",
        "staff",
        "stage_instances",
        "suspensions",
        "users",
        "voice_sessions",
        "voice_states",
        "voice_statuses",
        "webhooks",
    )

    def __init__(
        self, db: Executor, *, dialect: Dialect, num_shards: int, owners: Owners, lock: Lock | None = None
    ) -> None:
        """`lock` locks more owners; None when units run alone."""
        self._db = db
        self._owners = owners
        self._lock = lock
        self.users: UserWriter = SqlUsers(db)
        self.applications: ApplicationWriter = SqlApplications(db)
        self.guilds: GuildWriter = SqlGuilds(db, num_shards)
        self.roles: RoleWriter = SqlRoles(db)
        self.channels: ChannelWriter = SqlChannels(db)
        self.members: MemberWriter = SqlMembers(db)
        self.bans: BanWriter = SqlBans(db)
        self.read_states: ReadStateWriter = SqlReadStates(db, dialect)
        self.voice_sessions: VoiceSessionWriter = SqlVoiceSessions(db, dialect)
        self.voice_states: VoiceStateWriter = SqlVoiceStates(db, dialect)
        self.voice_statuses: VoiceStatusWriter = SqlVoiceStatuses(db, dialect)
        self.stage_instances: StageInstanceWriter = SqlStageInstances(db, dialect)
        self.calls: CallWriter = SqlCalls(db, dialect)
        self.webhooks: WebhookWriter = SqlWebhooks(db)
        self.pins: PinWriter = SqlPins(db)
        self.crossposts: CrosspostWriter = SqlCrossposts(db, dialect)
        self.invites: InviteWriter = SqlInvites(db)
        self.files: FileWriter = SqlFiles(db)
        self.pictures: PictureWriter = SqlPictures(db, dialect)
        self.preferences: PreferenceWriter = SqlPreferences(db)
        self.last_seen: LastSeenWriter = SqlLastSeen(db)
        self.relationships: RelationshipWriter = SqlRelationships(db)
        self.staff: StaffWriter = SqlStaff(db)
        self.suspensions: SuspensionWriter = SqlSuspensions(db)
        self.registration: RegistrationWriter = SqlRegistration(db)
        self.limits: LimitWriter = SqlLimits(db)
        self.reports: ReportWriter = SqlReports(db)
        self.instance_log: InstanceLogWriter = SqlInstanceLog(db)
        self.announced: list[Envelope] = []

    async def lock(self, *, guilds: Collection[int]) -> None:
        """Name the unit's guilds. Raises OwnerNotNamed when it has named some; Unavailable."""
        added = self._owners.add_guilds(guilds)
        if self._lock is not None:
            await self._lock(self._db, added)

    def announce(self, *envelopes: Envelope) -> None:
        """Commit these events with the rows. Raises OwnerNotNamed."""
        for envelope in envelopes:
            self._owners.check(envelope)
        self.announced.extend(envelopes)


class UnitOfWork:
    """The context of `async with store.write() as tx`, which takes its place in the queue when it is entered."""

    __slots__ = ("_dialect", "_job", "_lock", "_num_shards", "_owners", "_queue", "_transaction")

    def __init__(
        self,
        *,
        queue: Callable[[], CallerJob],
        dialect: Dialect,
        num_shards: int,
        owners: Owners,
        lock: Lock | None = None,
    ) -> None:
        """`queue` gives the unit to a writer, which locks its owners; `lock` locks more of them."""
        self._queue = queue
        self._dialect = dialect
        self._num_shards = num_shards
        self._owners = owners
        self._lock = lock
        self._job: CallerJob | None = None
        self._transaction: SqlTransaction | None = None

    async def __aenter__(self) -> Transaction:
        if self._job is not None:
            raise RuntimeError("a unit of work is entered once")
        self._job = self._queue()
        db = await self._job.begin()
        self._transaction = SqlTransaction(
            db, dialect=self._dialect, num_shards=self._num_shards, owners=self._owners, lock=self._lock
        )
        return self._transaction

    async def __aexit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._job is None or self._transaction is None:
            return
        if error_type is None:
            await self._job.commit(self._transaction.announced)
        else:
            self._job.abort()

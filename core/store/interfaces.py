"""Durable storage as the tiers use it: a `Store` and its units of work.

The interface of each aggregate is in `aggregates/`. Reads are methods of the aggregates. Relational writes happen in a
unit of work:

    async with store.write(guilds=[guild_id]) as tx:
        role = await tx.roles.update(role_id, {"name": "x"})
        tx.announce(role_updated(role))

A unit names its owners (`core.store.owners`). Its body runs while no other unit of these owners does, reads its own
writes and whatever is committed, and rolls back when it raises. When the `async with` has ended, the rows and the
announced events are durable together and the events have been handed to the bus, in commit order. Only store calls may
be awaited inside the body: it holds others up, and those of an embedded store hold up everybody, as one writer serves
them all and commits units of concurrent callers together.

Messages are no part of the unit of work, because the cluster keeps them elsewhere: each method of `MessageStore` is a
unit of its own and takes the envelopes that it announces. So is each of `ReactionStore`.

`fetch_*` raises the domain's NotFound leaf, `find_*` returns None. `changes` map field names of the entity to new
values. Ids are ints, times Unix milliseconds.
"""

from collections.abc import Collection
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from core.store.aggregates.applications import ApplicationReader, ApplicationWriter
from core.store.aggregates.channels.calls import CallReader, CallWriter
from core.store.aggregates.channels.channels import ChannelReader, ChannelWriter
from core.store.aggregates.guilds.bans import BanReader, BanWriter
from core.store.aggregates.guilds.guilds import GuildReader, GuildWriter
from core.store.aggregates.guilds.invites import InviteReader, InviteWriter
from core.store.aggregates.guilds.members import MemberReader, MemberWriter
from core.store.aggregates.guilds.roles import RoleWriter
from core.store.aggregates.guilds.stage_instances import StageInstanceReader, StageInstanceWriter
from core.store.aggregates.guilds.voice_sessions import VoiceSessionReader, VoiceSessionWriter
from core.store.aggregates.guilds.voice_states import VoiceStateReader, VoiceStateWriter
from core.store.aggregates.guilds.voice_statuses import VoiceStatusReader, VoiceStatusWriter
from core.store.aggregates.guilds.webhooks import WebhookReader, WebhookWriter
from core.store.aggregates.instance.instance_log import InstanceLogReader, InstanceLogWriter
from core.store.aggregates.instance.limits import LimitReader, LimitWriter
from core.store.aggregates.instance.registration import RegistrationReader, RegistrationWriter
from core.store.aggregates.instance.reports import ReportReader, ReportWriter
from core.store.aggregates.instance.staff import StaffReader, StaffWriter
from core.store.aggregates.instance.suspensions import SuspensionReader, SuspensionWriter
from core.store.aggregates.instance_counts import InstanceCountReader
from core.store.aggregates.logins import LoginReader
from core.store.aggregates.messages.crossposts import CrosspostReader, CrosspostWriter
from core.store.aggregates.messages.files import FileReader, FileWriter
from core.store.aggregates.messages.messages import MessageStore
from core.store.aggregates.messages.pins import PinReader, PinWriter
from core.store.aggregates.messages.reactions import ReactionStore
from core.store.aggregates.messages.read_states import ReadStateReader, ReadStateWriter
from core.store.aggregates.people.last_seen import LastSeenReader, LastSeenWriter
from core.store.aggregates.people.preferences import PreferenceReader, PreferenceWriter
from core.store.aggregates.people.relationships import RelationshipReader, RelationshipWriter
from core.store.aggregates.people.users import UserReader, UserWriter
from core.store.aggregates.pictures import PictureReader, PictureWriter
from core.store.aggregates.secrets import Secrets
from core.wire.envelope import Envelope


class Transaction(Protocol):
    """One unit of work on the relational data."""

    users: UserWriter
    applications: ApplicationWriter
    guilds: GuildWriter
    roles: RoleWriter
    channels: ChannelWriter
    members: MemberWriter
    bans: BanWriter
    invites: InviteWriter
    voice_sessions: VoiceSessionWriter
    voice_states: VoiceStateWriter
    voice_statuses: VoiceStatusWriter
    stage_instances: StageInstanceWriter
    calls: CallWriter
    webhooks: WebhookWriter
    pins: PinWriter
    crossposts: CrosspostWriter
    files: FileWriter
    pictures: PictureWriter
    preferences: PreferenceWriter
    last_seen: LastSeenWriter
    relationships: RelationshipWriter
    read_states: ReadStateWriter
    staff: StaffWriter
    suspensions: SuspensionWriter
    registration: RegistrationWriter
    limits: LimitWriter
    reports: ReportWriter
    instance_log: InstanceLogWriter

    async def lock(self, *, guilds: Collection[int]) -> None:
        """Name the unit's guilds in its body, when only the body can tell them; what it reads of them is read after.

        Raises:
            OwnerNotNamed: when the unit has named guilds already.
            Unavailable
        """

    def announce(self, *envelopes: Envelope) -> None:
        """Commit these events with the rows; they reach the bus in the order of the calls.

        Raises:
            OwnerNotNamed: when the unit has not named the guild of an event, or the user of one that has no guild.
        """


class Store(Protocol):
    """Everything durable."""

    users: UserReader
    logins: LoginReader
    applications: ApplicationReader
    guilds: GuildReader
    channels: ChannelReader
    members: MemberReader
    bans: BanReader
    invites: InviteReader
    voice_sessions: VoiceSessionReader
    voice_states: VoiceStateReader
    voice_statuses: VoiceStatusReader
    stage_instances: StageInstanceReader
    calls: CallReader
    webhooks: WebhookReader
    pins: PinReader
    crossposts: CrosspostReader
    files: FileReader
    pictures: PictureReader
    secrets: Secrets
    preferences: PreferenceReader
    last_seen: LastSeenReader
    instance_counts: InstanceCountReader
    relationships: RelationshipReader
    read_states: ReadStateReader
    staff: StaffReader
    suspensions: SuspensionReader
    registration: RegistrationReader
    limits: LimitReader
    reports: ReportReader
    instance_log: InstanceLogReader
    messages: MessageStore
    reactions: ReactionStore

    def write(
        self, *, users: Collection[int] = (), guilds: Collection[int] = ()
    ) -> AbstractAsyncContextManager[Transaction]:
        """Return a unit of work of these owners, as the module's text describes it."""

    async def ping(self) -> None:
        """Check the backend. Raises Unavailable when it does not answer."""

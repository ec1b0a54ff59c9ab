"""Durable storage as the tiers use it: a `Store` and its units of work.

The interface of each aggregate is in `aggregates/`. Reads are methods of the aggregates. Relational writes happen in a
unit of work:

    async with store.write() as tx:
        role = await tx.roles.update(role_id, {"name": "x"})
        tx.announce(role_updated(role))

The body runs alone (one writer), reads its own writes, and rolls back when it raises. When the `async with` has ended,
the rows and the announced events are durable together and the events have been handed to the bus, in commit order.
Units of concurrent callers share one commit. Only store calls may be awaited inside the body: it holds everybody else
up.

Messages are no part of the unit of work, because the cluster keeps them elsewhere: each method of `MessageStore` is a
unit of its own and takes the envelopes that it announces.

`fetch_*` raises the domain's NotFound leaf, `find_*` returns None. `changes` map field names of the entity to new
values. Ids are ints, times Unix milliseconds.
"""

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from core.store.aggregates.applications import ApplicationReader, ApplicationWriter
from core.store.aggregates.bans import BanReader, BanWriter
from core.store.aggregates.channels import ChannelReader, ChannelWriter
from core.store.aggregates.guilds import GuildReader, GuildWriter
from core.store.aggregates.invites import InviteReader, InviteWriter
from core.store.aggregates.logins import LoginReader
from core.store.aggregates.members import MemberReader, MemberWriter
from core.store.aggregates.messages import MessageStore
from core.store.aggregates.roles import RoleWriter
from core.store.aggregates.users import UserReader, UserWriter
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

    def announce(self, *envelopes: Envelope) -> None:
        """Commit these events with the rows; they reach the bus in the order of the calls."""


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
    messages: MessageStore

    def write(self) -> AbstractAsyncContextManager[Transaction]:
        """Return a unit of work, as the module's text describes it."""

    async def ping(self) -> None:
        """Check the backend. Raises Unavailable when it does not answer."""

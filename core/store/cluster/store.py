"""The `Store` of a cluster: relational data on PostgreSQL; messages, reactions as rows behind their channels' doors."""

import asyncio
from collections.abc import Collection
from contextlib import AbstractAsyncContextManager
from typing import Final

from core.domain.errors import Unavailable
from core.store.aggregates.messages.message_rows import MessageRows
from core.store.aggregates.messages.messages import MessageStore
from core.store.aggregates.messages.reactions import ReactionStore
from core.store.cluster.messages import ClusterMessages
from core.store.cluster.reactions import ClusterReactions
from core.store.interfaces import Transaction
from core.store.sql.postgres.store import PostgresStore

_TIMEOUT_S: Final = 3.0
"""The time that a probe of a load balancer waits, roughly."""


class ClusterStore:
    """The two halves as one. Whoever has opened them closes them."""

    def __init__(
        self, *, relational: PostgresStore, messages: ClusterMessages, reactions: ClusterReactions, rows: MessageRows
    ) -> None:
        self._relational = relational
        self._rows = rows
        self.users = relational.users
        self.logins = relational.logins
        self.applications = relational.applications
        self.guilds = relational.guilds
        self.channels = relational.channels
        self.members = relational.members
        self.bans = relational.bans
        self.invites = relational.invites
        self.voice_sessions = relational.voice_sessions
        self.voice_states = relational.voice_states
        self.voice_statuses = relational.voice_statuses
        self.stage_instances = relational.stage_instances
        self.calls = relational.calls
        self.webhooks = relational.webhooks
        self.pins = relational.pins
        self.crossposts = relational.crossposts
        self.files = relational.files
        self.pictures = relational.pictures
        self.secrets = relational.secrets
        self.preferences = relational.preferences
        self.last_seen = relational.last_seen
        self.instance_counts = relational.instance_counts
        self.relationships = relational.relationships
        self.staff = relational.staff
        self.suspensions = relational.suspensions
        self.registration = relational.registration
        self.limits = relational.limits
        self.reports = relational.reports
        self.instance_log = relational.instance_log
        self.read_states = relational.read_states
        self.node_numbers = relational.node_numbers
        self.messages: MessageStore = messages
        self.reactions: ReactionStore = reactions

    def write(
        self, *, users: Collection[int] = (), guilds: Collection[int] = ()
    ) -> AbstractAsyncContextManager[Transaction]:
        """Return a unit of work of these owners."""
        return self._relational.write(users=users, guilds=guilds)

    async def ping(self) -> None:
        """Check both halves. Raises Unavailable when one does not answer."""
        await self._relational.ping()
        await self._rows.ping()

    async def find_fault(self) -> str | None:
        """Return what keeps the store from its work in a few words, None when all is well."""
        return await self._relational.find_fault() or await self._find_fault_of_rows()

    async def _find_fault_of_rows(self) -> str | None:
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                await self._rows.ping()
        except TimeoutError:
            return "the messages' server does not answer in time"
        except Unavailable as error:
            return f"the messages' server fails: {error.text}"
        return None

"""Bringing sessions into guilds: at login, and when their users join one.

At login all guilds are prepared first (actor loaded, membership known), so that READY and every GUILD_CREATE go out in one
turn of the loop and no event falls between them: `load` and `visit_now`. A user that joins is attached as soon as the guild is ready; messages that
were sent since the join are collected meanwhile and follow GUILD_CREATE.

Owns which attachments are under way.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Sequence
from typing import Any, Final

from core.domain.errors import Unavailable
from core.domain.member import Member
from core.wire.envelope import Envelope
from gateway.guild_directory import GuildDirectory, GuildVisit
from gateway.session import Session
from gateway.tasks import Tasks
from gateway.user_directory import UserDirectory

logger = logging.getLogger(__name__)

PREPARED_AT_ONCE: Final = 16
"""Guilds whose loading overlaps: enough to keep the store's readers busy."""

PREPARED_GUILDS: Final = 200
"""Guilds that READY waits for, which is all that a person can have. Beyond it loading takes long enough for a client to
want READY first; the other guilds of a large bot follow one by one."""


class GuildAttachment:
    """See the module."""

    __slots__ = ("_flush", "_guilds", "_tasks", "_under_way", "_users")

    def __init__(
        self, *, guilds: GuildDirectory, users: UserDirectory, tasks: Tasks, flush: Callable[[], None]
    ) -> None:
        """`flush` applies the events that have come and wait: what was just read from the store may be newer than they."""
        self._flush = flush
        self._guilds = guilds
        self._users = users
        self._tasks = tasks
        self._under_way: set[tuple[str, int]] = set()

    @contextlib.asynccontextmanager
    async def prepare(self, user_id: int, guild_ids: Sequence[int]) -> AsyncIterator[list[GuildVisit]]:
        """Visits to the guilds in which the user is a member, ready to be attached to. On leaving they are closed.

        Raises:
            Unavailable: when the store cannot be read.
        """
        limit = asyncio.Semaphore(PREPARED_AT_ONCE)
        visits: list[GuildVisit] = []

        async def visit(guild_id: int) -> None:
            async with limit:
                found = await self._guilds.visit(guild_id, user_id)
                if found is not None:
                    visits.append(found)

        try:
            await _gather(visit(guild_id) for guild_id in guild_ids)
            self._flush()
            visits.sort(key=lambda each: each.actor.guild_id)
            yield [each for each in visits if each.is_member]
        finally:
            for each in visits:
                each.close()

    def catch_up(self) -> None:
        """Apply the events that have come and wait: memberships that were just read may be newer than they."""
        self._flush()

    def visit_now(self, member: Member) -> GuildVisit | None:
        """A visit with a membership that was just read; None when the guild is not in memory."""
        return self._guilds.visit_now(member)

    async def load(self, guild_ids: Sequence[int]) -> list[Callable[[], None]]:
        """Have guilds in memory; call what comes back when they need not stay any longer.

        Raises:
            Unavailable: when the store cannot be read.
        """
        limit = asyncio.Semaphore(PREPARED_AT_ONCE)
        stays: list[Callable[[], None]] = []

        async def load(guild_id: int) -> None:
            async with limit:
                stays.append(await self._guilds.stay(guild_id))

        try:
            await _gather(load(guild_id) for guild_id in guild_ids)
        except BaseException:
            for end in stays:
                end()
            raise
        return stays

    def show(self, user_id: int, visits: Iterable[GuildVisit]) -> None:
        """A user who is about to be attached is there. Said of all who come together, before the first is attached."""
        presence = self._users.find_presence(user_id)
        if presence is not None:
            for visit in visits:
                if visit.is_member:
                    visit.actor.show(user_id, presence)

    def attach(self, session: Session, visit: GuildVisit, *, is_new: bool = False) -> bool:
        """Attach the session and tell the guild that its user is there, when it is the user's first session there."""
        user_id, actor = session.user_id, visit.actor
        is_first = not actor.sessions.slots_of(user_id)
        presence = self._users.find_presence(user_id)
        if session.is_ended or not visit.attach(session, presence=presence, is_new=is_new):
            return False
        if is_first and presence is not None:
            self._users.publish_presence(user_id, [actor.guild_id])
        return True

    def attach_later(self, session: Session, guild_ids: Sequence[int]) -> None:
        """Attach to more guilds after READY, one by one. Joining them counts as done from here on."""
        if guild_ids:
            self._under_way.update((session.id, guild_id) for guild_id in guild_ids)
            self._tasks.spawn(self._attach_all(session, guild_ids))

    def join(self, session: Session, guild_id: int) -> None:
        """The session's user became a member: attach, and lose nothing that is sent from now on."""
        key = (session.id, guild_id)
        if guild_id in session.slots or key in self._under_way:
            return
        self._under_way.add(key)
        self._tasks.spawn(self._join(session, guild_id, self._guilds.watch(guild_id)))

    def leave_all(self, session: Session) -> None:
        """Detach from every guild."""
        for guild_id in list(session.slots):
            self._guilds.leave(session, guild_id)

    async def _attach_all(self, session: Session, guild_ids: Sequence[int]) -> None:
        for guild_id in guild_ids:
            try:
                if not session.is_ended:
                    await self._attach_one(session, guild_id)
            except Unavailable:
                logger.warning("a guild could not be loaded", extra={"guild_id": guild_id})
            finally:
                self._under_way.discard((session.id, guild_id))

    async def _attach_one(self, session: Session, guild_id: int) -> None:
        async with self.prepare(session.user_id, [guild_id]) as visits:
            for visit in visits:
                self.attach(session, visit)

    async def _join(self, session: Session, guild_id: int, watcher: list[Envelope]) -> None:
        try:
            async with self.prepare(session.user_id, [guild_id]) as visits:
                for visit in visits:
                    if self.attach(session, visit, is_new=True):
                        for envelope in watcher:
                            visit.actor.replay_to(session, envelope)
        except Unavailable:
            logger.warning("a joined guild could not be loaded", extra={"guild_id": guild_id})
        finally:
            self._guilds.unwatch(guild_id, watcher)
            self._under_way.discard((session.id, guild_id))


async def _gather(coroutines: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Wait for all of them, whatever happens to one; then raise what one has raised."""
    for outcome in await asyncio.gather(*coroutines, return_exceptions=True):
        if isinstance(outcome, BaseException):
            raise outcome

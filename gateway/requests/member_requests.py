"""Request guild members (op 8): members by prefix, by id, or all of them, in numbered chunks.

The session must be in the guild. An empty query, which asks for any members, needs the members intent, and presences
need the presences intent (Discord's documentation, "Request Guild Members"). A request that is not allowed is answered
with an empty chunk, because libraries wait for one. Members come from memory when the guild is kept whole, else from
the store page by page. A large guild is never held: each chunk is read when the chunks before it have left, for a few
requests at a time.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import msgspec

from core.domain.events import GUILD_MEMBERS_CHUNK
from core.domain.guilds.member import Member
from core.domain.intents import Intent
from core.store.interfaces import Store
from core.wire.objects.guilds.member import MembersChunk, render_member
from core.wire.objects.guilds.named_member import name_member
from gateway.commands.commands import RequestGuildMembers
from gateway.events.event_meter import EventMeter
from gateway.homes.home_port import HomePort, KnownMember
from gateway.payloads.spliced_body import SplicedBody
from gateway.scheduling.tasks import Tasks
from gateway.sessions.session import Session

logger = logging.getLogger(__name__)

CHUNK: Final = 1000
PAGE: Final = 250
"""The rows of one read for a chunk. Their encoding blocks the loop for some milliseconds, not for tens."""
LISTED_AT_ONCE: Final = 2
"""The requests for a whole large guild that run at one time. Half a million members take some seconds of CPU time."""
MAX_AHEAD_BYTES: Final = 1 << 20
"""The bytes that may wait for the socket before the next chunk is read: some chunks, far less than closes slow
clients."""
PACE_S: Final = 0.05
"""The time between checks of a socket that is behind."""
MAX_USER_IDS: Final = 100
MAX_BY_PREFIX: Final = 100
MAX_NONCE_BYTES: Final = 32

_encode = msgspec.json.Encoder().encode


class _StoredMember(NamedTuple):
    """A `KnownMember` from the store."""

    user_id: int
    raw: msgspec.Raw


class MemberRequests:
    __slots__ = ("_homes", "_listing", "_meter", "_store", "_tasks")

    def __init__(self, *, homes: HomePort, store: Store, tasks: Tasks, meter: EventMeter) -> None:
        self._homes = homes
        self._listing = asyncio.Semaphore(LISTED_AT_ONCE)
        self._meter = meter
        self._store = store
        self._tasks = tasks

    def answer(self, session: Session, command: RequestGuildMembers) -> None:
        """Begin to answer a request."""
        for guild_id in dict.fromkeys(command.guild_ids):
            if guild_id not in session.slots:
                logger.debug("members of a guild that the session is not in", extra={"guild_id": guild_id})
                continue
            self._tasks.spawn(self._answer(_Answer(self._homes, session, guild_id, command, self._meter), command))

    async def _answer(self, answer: "_Answer", command: RequestGuildMembers) -> None:
        guild_id, user_ids = answer.guild_id, command.wanted_user_ids
        if user_ids is not None:
            wanted = list(dict.fromkeys(user_ids))[:MAX_USER_IDS]
            found = await self._find_many(guild_id, wanted)
            known = {member.user_id for member in found}
            await answer.send(found, 0, 1, not_found=[user_id for user_id in wanted if user_id not in known])
            return
        query, limit = command.query or "", command.limit or 0
        if not query and not answer.session.intents & Intent.GUILD_MEMBERS:
            await answer.send([], 0, 1)
        elif query or limit > 0:
            rows = await self._store.members.search(guild_id, query, min(limit or MAX_BY_PREFIX, MAX_BY_PREFIX))
            await answer.send(_shown(rows), 0, 1)
        else:
            await self._send_all(answer)

    async def _find_many(self, guild_id: int, user_ids: list[int]) -> Sequence[KnownMember]:
        kept = self._homes.guilds.list_members(guild_id)
        if kept is not None:
            by_id = {member.user_id: member for member in kept}
            return [by_id[user_id] for user_id in user_ids if user_id in by_id]
        return _shown(await self._store.members.find_many(guild_id, user_ids))

    async def _send_all(self, answer: "_Answer") -> None:
        """Send all members. The number of chunks is fixed first: a user who joins meanwhile comes as an event."""
        guild_id = answer.guild_id
        kept = self._homes.guilds.list_members(guild_id)
        if kept is not None:
            await answer.send(list(kept), 0, 1)
            return
        async with self._listing:
            count = max(1, -(-await self._store.members.count(guild_id) // CHUNK))
            after = 0
            for index in range(count):
                members = await self._read_chunk(guild_id, after)
                after = members[-1].user_id if members else after
                await answer.wait_for_room()
                if not answer.is_wanted:
                    return
                await answer.send(members, index, count)

    async def _read_chunk(self, guild_id: int, after: int) -> list[_StoredMember]:
        members: list[_StoredMember] = []
        while len(members) < CHUNK:
            limit = min(PAGE, CHUNK - len(members))
            rows = await self._store.members.list_page(guild_id, after=after, limit=limit)
            members += _shown(rows)
            if len(rows) < limit:
                break
            after = rows[-1].user.id
        return members


class _Answer:
    """The chunks of one answer, and the fields that they share."""

    __slots__ = ("_homes", "_may_see_presences", "_meter", "_nonce", "_shows_presences", "guild_id", "session")

    def __init__(
        self, homes: HomePort, session: Session, guild_id: int, command: RequestGuildMembers, meter: EventMeter
    ) -> None:
        self._homes = homes
        self._meter = meter
        self._nonce = _valid_nonce(command.nonce)
        self._may_see_presences = bool(session.intents & Intent.GUILD_PRESENCES)
        self._shows_presences = bool(command.presences)
        self.guild_id = guild_id
        self.session = session

    @property
    def is_wanted(self) -> bool:
        """Whether the session is still in the guild."""
        return self.guild_id in self.session.slots

    async def wait_for_room(self) -> None:
        """Wait until most sent bytes have left. A session without a socket waits for its next one, or for its end."""
        while self.is_wanted:
            connection = self.session.connection
            if connection is not None and connection.buffered_bytes <= MAX_AHEAD_BYTES:
                return
            await asyncio.sleep(PACE_S)

    async def send(
        self, members: Sequence[KnownMember], index: int, count: int, *, not_found: list[int] | None = None
    ) -> None:
        """Send one chunk, unless the session has left the guild meanwhile."""
        chunk = MembersChunk(
            guild_id=str(self.guild_id),
            members=[self._show(member) for member in members],
            chunk_index=index,
            chunk_count=count,
            nonce=self._nonce,
        )
        if not_found:
            chunk.not_found = [str(user_id) for user_id in not_found]
        if self._shows_presences:
            user_ids = [member.user_id for member in members] if self._may_see_presences else []
            chunk.presences = await self._homes.guilds.presences_of(
                self.guild_id, user_ids, viewer_id=self.session.user_id
            )
        if self.is_wanted:
            self.session.dispatch(SplicedBody(GUILD_MEMBERS_CHUNK, _encode(chunk)))
            self._meter.count(GUILD_MEMBERS_CHUNK, 1)

    def _show(self, member: KnownMember) -> msgspec.Raw:
        if self.session.profile.is_bot:
            return member.raw
        return name_member(member.raw, member.user_id, self.guild_id)


def _shown(rows: Sequence[Member]) -> list[_StoredMember]:
    return [_StoredMember(row.user.id, msgspec.Raw(_encode(render_member(row)))) for row in rows]


def _valid_nonce(nonce: Any) -> str | int | msgspec.UnsetType:
    """Return the nonce to echo. A longer one counts as not given, as at Discord."""
    if isinstance(nonce, str | int) and len(str(nonce).encode()) <= MAX_NONCE_BYTES:
        return nonce
    return msgspec.UNSET

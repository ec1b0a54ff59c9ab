"""Request guild members (op 8): members by prefix, by id, or all of them, in numbered chunks.

The session must be in the guild. An empty query, which asks for any members, needs the members intent, and presences
need the presences intent (Discord's documentation, "Request Guild Members"). A request that is not allowed is answered
with an empty chunk, because libraries wait for one. Members come from memory when the guild is kept whole, else from
the store page by page. A large guild is never held: each chunk is read when the chunks before it have left, for a few
requests at a time.
"""

import asyncio
import logging
from typing import Any, Final

import msgspec

from core.domain.events import GUILD_MEMBERS_CHUNK
from core.domain.intents import Intent
from core.store.interfaces import Store
from core.wire.objects.member import MembersChunk
from gateway.commands.commands import RequestGuildMembers
from gateway.events.event_meter import EventMeter
from gateway.guilds.guild_actor import GuildActor
from gateway.guilds.guild_directory import GuildDirectory
from gateway.guilds.state.member_table import MemberState, from_row
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


class MemberRequests:
    __slots__ = ("_guilds", "_listing", "_meter", "_store", "_tasks")

    def __init__(self, *, guilds: GuildDirectory, store: Store, tasks: Tasks, meter: EventMeter) -> None:
        self._guilds = guilds
        self._listing = asyncio.Semaphore(LISTED_AT_ONCE)
        self._meter = meter
        self._store = store
        self._tasks = tasks

    def answer(self, session: Session, command: RequestGuildMembers) -> None:
        """Begin to answer a request."""
        for guild_id in dict.fromkeys(command.guild_ids):
            actor = self._guilds.find(guild_id)
            if actor is None or session not in actor.sessions:
                logger.debug("members of a guild that the session is not in", extra={"guild_id": guild_id})
                continue
            self._tasks.spawn(self._answer(session, actor, command))

    async def _answer(self, session: Session, actor: GuildActor, command: RequestGuildMembers) -> None:
        answer = _Answer(session, actor, command, self._meter)
        user_ids = command.wanted_user_ids
        if user_ids is not None:
            wanted = list(dict.fromkeys(user_ids))[:MAX_USER_IDS]
            found = await self._find_many(actor, wanted)
            known = {member.user_id for member in found}
            answer.send(found, 0, 1, not_found=[user_id for user_id in wanted if user_id not in known])
            return
        query, limit = command.query or "", command.limit or 0
        if not query and not session.intents & Intent.GUILD_MEMBERS:
            answer.send([], 0, 1)
        elif query or limit > 0:
            rows = await self._store.members.search(actor.guild_id, query, min(limit or MAX_BY_PREFIX, MAX_BY_PREFIX))
            answer.send([from_row(row) for row in rows], 0, 1)
        else:
            await self._send_all(actor, answer)

    async def _find_many(self, actor: GuildActor, user_ids: list[int]) -> list[MemberState]:
        if actor.state.members.keeps_all:
            kept = (actor.state.members.find(user_id) for user_id in user_ids)
            return [member for member in kept if member is not None]
        return [from_row(row) for row in await self._store.members.find_many(actor.guild_id, user_ids)]

    async def _send_all(self, actor: GuildActor, answer: "_Answer") -> None:
        """Send all members. The number of chunks is fixed first: a user who joins meanwhile comes as an event."""
        if actor.state.members.keeps_all:
            answer.send(list(actor.state.members), 0, 1)
            return
        async with self._listing:
            count = max(1, -(-await self._store.members.count(actor.guild_id) // CHUNK))
            after = 0
            for index in range(count):
                members = await self._read_chunk(actor.guild_id, after)
                after = members[-1].user_id if members else after
                await answer.wait_for_room()
                if not answer.is_wanted:
                    return
                answer.send(members, index, count)

    async def _read_chunk(self, guild_id: int, after: int) -> list[MemberState]:
        members: list[MemberState] = []
        while len(members) < CHUNK:
            limit = min(PAGE, CHUNK - len(members))
            rows = await self._store.members.list_page(guild_id, after=after, limit=limit)
            members += [from_row(row) for row in rows]
            if len(rows) < limit:
                break
            after = rows[-1].user.id
        return members


class _Answer:
    """The chunks of one answer, and the fields that they share."""

    __slots__ = ("_actor", "_meter", "_nonce", "_session", "_shows_presences")

    def __init__(self, session: Session, actor: GuildActor, command: RequestGuildMembers, meter: EventMeter) -> None:
        self._meter = meter
        self._session = session
        self._actor = actor
        self._nonce = _valid_nonce(command.nonce)
        self._shows_presences = bool(command.presences)

    @property
    def is_wanted(self) -> bool:
        """Whether the session is still in the guild."""
        return self._session in self._actor.sessions

    async def wait_for_room(self) -> None:
        """Wait until most sent bytes have left. A session without a socket waits for its next one, or for its end."""
        while self.is_wanted:
            connection = self._session.connection
            if connection is not None and connection.buffered_bytes <= MAX_AHEAD_BYTES:
                return
            await asyncio.sleep(PACE_S)

    def send(self, members: list[MemberState], index: int, count: int, *, not_found: list[int] | None = None) -> None:
        """Send one chunk, unless the session has left the guild meanwhile."""
        if not self.is_wanted:
            return
        chunk = MembersChunk(
            guild_id=str(self._actor.guild_id),
            members=[member.raw for member in members],
            chunk_index=index,
            chunk_count=count,
            nonce=self._nonce,
        )
        if not_found:
            chunk.not_found = [str(user_id) for user_id in not_found]
        if self._shows_presences:
            chunk.presences = self._presences(members)
        self._session.dispatch(SplicedBody(GUILD_MEMBERS_CHUNK, _encode(chunk)))
        self._meter.count(GUILD_MEMBERS_CHUNK, 1)

    def _presences(self, members: list[MemberState]) -> list[msgspec.Raw]:
        if not self._session.intents & Intent.GUILD_PRESENCES:
            return []
        found = (self._actor.presence_of(member.user_id) for member in members)
        return [presence for presence in found if presence is not None]


def _valid_nonce(nonce: Any) -> str | int | msgspec.UnsetType:
    """Return the nonce to echo. A longer one counts as not given, as at Discord."""
    if isinstance(nonce, str | int) and len(str(nonce).encode()) <= MAX_NONCE_BYTES:
        return nonce
    return msgspec.UNSET

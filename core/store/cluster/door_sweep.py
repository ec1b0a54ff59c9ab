"""The sweep of the doors: openings whose process has died, or has left them because it could not tell how they end.

Everybody who sends to the channel waits meanwhile, so a look comes every half second. One process sweeps at a time, by
a lease; two of them at once would do no harm, since an opening ends once and rows agree on the rest.

    a message   is stored ──────→ stored once more, so that enough servers have it, and closed with its event
                is not stored ──→ aborted, and then withdrawn, so that a late insert is never seen
    an edit     is stored ──────→ closed with the message as it is now, which is never wrong
                is not stored ──→ the version is raised, so that a late edit fails, and aborted
    a deletion ─────────────────→ taken, done again, and closed
    reactions ──────────────────→ reaction_sweep.py; the removal of several as a deletion

Its mentions are written, or removed, along with each.

The withdrawal comes last: until the opening is ended, a process that was only asleep may still store its message and
close, and then the message is told and must stay. A sweeper that dies between the two leaves the withdrawal to the
message's own process, or, if that is dead, an insert that comes later than both: a message that was never answered.

A deletion that the sweep has done is none any more for its own process, if that was only asleep: it would find nothing
to delete, and end the opening without an event. So the sweep takes such an opening before it touches the rows, and from
then on it alone ends it. One that its process has ended before is left as it is.

A process that was only asleep finds its opening gone. It answers with success when the event was told, and undoes its
message otherwise (`core.store.cluster.messages`).
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, Protocol

import msgspec

from core.domain.errors import Unavailable
from core.domain.messages.message import Message
from core.domain.messages.read_state import find_targets
from core.door.pending import Orphan, PendingKind
from core.store.aggregates.messages.message_rows import MessageRows
from core.store.aggregates.messages.read_states import MentionRows
from core.store.cluster.mention_settling import settle_mentions
from core.store.cluster.reaction_sweep import ReactionSweep
from core.wire.envelope import Envelope

logger = logging.getLogger(__name__)

LOOK_S: Final = 0.5
_FULL_LOOKS: Final = 20
"""Every so many looks also those are listed that are older than any process keeps one."""


_DONE_AGAIN: Final = frozenset({PendingKind.DELETE, PendingKind.REACTIONS_REMOVAL})
"""What the sweep does to the rows itself, in its process' place."""


class Orphans(Protocol):
    """Openings that their processes do not end (`core.door.redis_orphans`). All raise Unavailable."""

    async def take(self, orphan: Orphan) -> bool:
        """Make sure that its own process does not end an opening any more; return False when it has ended already."""

    async def list_orphans(self, *, is_full: bool = False) -> list[Orphan]:
        """Return some; with `is_full` also very old ones."""

    async def close_orphan(self, orphan: Orphan, envelopes: Sequence[Envelope]) -> bool:
        """End one by its events, one of which has its id; return whether it was open until now."""

    async def abort_orphan(self, orphan: Orphan) -> bool:
        """End one without an event; return whether it was open until now."""


class MessageEvents(Protocol):
    """The maker of events out of rows. One of each list has the id that is given, or the message's own."""

    async def created(self, message: Message) -> Sequence[Envelope]:
        """Make the events of a new message."""

    async def updated(self, event_id: int, message: Message) -> Sequence[Envelope]:
        """Make the events of an edit."""

    async def deleted(self, event_id: int, channel_id: int, message_ids: Sequence[int]) -> Sequence[Envelope]:
        """Make the events of a deletion."""


class DoorSweep:
    """The job. `run` goes on in every API process."""

    __slots__ = (
        "_count",
        "_events",
        "_is_held",
        "_mentions",
        "_orphans",
        "_reactions",
        "_rows",
        "_withdrawals",
    )

    def __init__(
        self,
        *,
        orphans: Orphans,
        rows: MessageRows,
        mentions: MentionRows,
        events: MessageEvents,
        reactions: ReactionSweep,
        is_held: Callable[[], bool],
        count: Callable[[str, str], None] = lambda _kind, _outcome: None,
    ) -> None:
        """`is_held` tells whether this process has the job now.

        `count` gets the kind of each opening that is found, and what was done: "told", "given_up", or "left" for later.
        """
        self._count = count
        self._orphans = orphans
        self._rows = rows
        self._mentions = mentions
        self._events = events
        self._reactions = reactions
        self._is_held = is_held
        self._withdrawals: deque[Orphan] = deque()
        """The messages that were given up, whose rows are still to be withdrawn."""

    async def run(self) -> None:
        """Look every half second, while this process has the job, until cancelled."""
        looks = 0
        while True:
            await asyncio.sleep(LOOK_S)
            if not self._is_held():
                continue
            looks += 1
            try:
                await self.look(is_full=looks % _FULL_LOOKS == 0)
            except Unavailable as error:
                logger.warning("the doors were not swept", extra={"reason": str(error)})

    async def look(self, *, is_full: bool = False) -> int:
        """End the openings that nobody else ends; return their number. One that cannot be ended now stays for later.

        Raises:
            Unavailable: when they cannot be listed, or a withdrawal has failed, which is made again in the next look.
        """
        orphans = await self._orphans.list_orphans(is_full=is_full)
        ended = await asyncio.gather(*map(self._try_to_end, orphans))
        while self._withdrawals:
            await self._withdraw(self._withdrawals[0])
            self._withdrawals.popleft()
        return sum(ended)

    async def _try_to_end(self, orphan: Orphan) -> bool:
        kind = orphan.pending.kind.name.lower()
        place = {"channel": orphan.channel_id, "opening": orphan.id, "kind": kind}
        try:
            if orphan.pending.kind in _DONE_AGAIN and not await self._orphans.take(orphan):
                return True
            envelopes = await self._find_outcome(orphan)
            if envelopes:
                await self._orphans.close_orphan(orphan, envelopes)
            elif await self._orphans.abort_orphan(orphan) and orphan.pending.kind is PendingKind.MESSAGE:
                self._withdrawals.append(orphan)
        except Unavailable as error:
            logger.warning("an opening could not be ended", extra={**place, "reason": str(error)})
            self._count(kind, "left")
            return False
        logger.info("an opening was ended", extra={**place, "told": bool(envelopes)})
        self._count(kind, "told" if envelopes else "given_up")
        return True

    async def _find_outcome(self, orphan: Orphan) -> Sequence[Envelope]:
        """Make sure that what was meant is stored, or never will be; return its events, none when it is not."""
        match orphan.pending.kind:
            case PendingKind.MESSAGE:
                return await self._settle_message(orphan)
            case PendingKind.EDIT:
                return await self._settle_edit(orphan)
            case PendingKind.DELETE:
                ids = orphan.pending.message_ids
                await self._rows.delete(orphan.channel_id, ids)
                await self._mentions.drop(ids)
                return await self._events.deleted(orphan.id, orphan.channel_id, ids)
            case _:
                return await self._reactions.find_outcome(orphan)

    async def _settle_message(self, orphan: Orphan) -> Sequence[Envelope]:
        message = await self._rows.find(orphan.channel_id, orphan.id)
        if message is not None:
            await self._rows.insert(message)
            if find_targets(message):
                await self._mentions.put(message)
            return await self._events.created(message)
        return ()

    async def _withdraw(self, orphan: Orphan) -> None:
        await self._mentions.drop([orphan.id])
        # The author is not known here; the place of a row does not need one.
        await self._rows.withdraw(
            Message(
                id=orphan.id, channel_id=orphan.channel_id, guild_id=orphan.pending.guild_id, author_id=0, content=""
            )
        )

    async def _settle_edit(self, orphan: Orphan) -> Sequence[Envelope]:
        (message_id,) = orphan.pending.message_ids
        before = await self._rows.find(orphan.channel_id, message_id)
        if before is None:
            return ()  # a deletion has come after it, and is told by its own event
        version = orphan.pending.version
        after = before
        if before.version == version:
            raised = await self._rows.raise_version(orphan.channel_id, message_id, expected_version=version)
            # The late edit may have come between the two: then more has changed than the version.
            if raised is None or msgspec.structs.replace(raised, version=version) == before:
                return ()
            after = raised
        await settle_mentions(self._rows, self._mentions, after)
        return await self._events.updated(orphan.id, after)

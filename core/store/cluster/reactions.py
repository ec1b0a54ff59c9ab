"""Reactions of a cluster: rows in one server, their events in another. A change passes its channel's door as an edit
of a message does (`core.store.cluster.messages`):

    open ─→ wait for its turn ─→ change of the rows ─→ close with the event; abort when there was nothing to change

The events of a message's reactions are told in the order of their openings. Changes that may meet, of one user or of
all reactions to a message, wait for each other, so their rows change in that order, too. A reaction is stored under its
opening's id, by which the sweep of the doors tells whether a process that died has stored it (reaction_sweep.py).

A caller may be cancelled: what it has begun goes on without it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import msgspec

from core.domain.errors import DomainError, OutcomeUnknown, Unavailable
from core.domain.messages.reaction import Counts, OwnReactions, Reaction, find_count
from core.door.pending import Pending, PendingKind
from core.runtime.clock import Clock
from core.store.aggregates.messages.reaction_rows import ReactionRows
from core.store.cluster.insistence import insist
from core.store.cluster.message_door import MessageDoor
from core.store.cluster.telling import StoredChange
from core.store.sql.engine.connection import run_to_end
from core.wire.envelope import Envelope


class ClusterReactions:
    """The `ReactionStore` of a cluster."""

    __slots__ = ("_clock", "_door", "_rows", "_running")

    def __init__(self, *, rows: ReactionRows, door: MessageDoor, clock: Clock) -> None:
        self._rows = rows
        self._door = door
        self._clock = clock
        self._running: set[asyncio.Task[Any]] = set()

    def count(self, channel_id: int, message_ids: Collection[int]) -> Coroutine[Any, Any, dict[int, Counts]]:
        return self._rows.count(channel_id, message_ids)

    def find_own(
        self, channel_id: int, counts: Mapping[int, Counts], user_id: int
    ) -> Coroutine[Any, Any, dict[int, OwnReactions]]:
        return self._rows.find_own(channel_id, counts, user_id)

    def list_user_ids(
        self, channel_id: int, message_id: int, key: str, *, is_burst: bool, after: int, limit: int
    ) -> Coroutine[Any, Any, list[int]]:
        return self._rows.list_user_ids(channel_id, message_id, key, is_burst=is_burst, after=after, limit=limit)

    async def add(self, reaction: Reaction, envelopes: Sequence[Envelope], *, may_begin: bool) -> bool:
        pending = _pending_of(PendingKind.REACTION, reaction, envelopes)

        async def change(opened_id: int) -> bool:
            return await self._rows.add(msgspec.structs.replace(reaction, id=opened_id), may_begin=may_begin)

        return await run_to_end(self._change(reaction.channel_id, pending, change, envelopes), self._running)

    async def remove(self, reaction: Reaction, envelopes: Sequence[Envelope]) -> bool:
        pending = _pending_of(PendingKind.REACTION_REMOVAL, reaction, envelopes)

        async def change(_: int) -> bool:
            return await self._rows.remove(reaction)

        return await run_to_end(self._change(reaction.channel_id, pending, change, envelopes), self._running)

    async def remove_all(
        self, channel_id: int, message_id: int, key: str | None, envelopes: Sequence[Envelope]
    ) -> bool:
        guild_id = envelopes[0].guild_id if envelopes else 0
        pending = Pending(PendingKind.REACTIONS_REMOVAL, guild_id, (message_id,), emoji=key or "")

        async def change(_: int) -> bool:
            return await self._rows.remove_all(channel_id, message_id, key)

        return await run_to_end(self._change(channel_id, pending, change, envelopes), self._running)

    async def close(self) -> None:
        """Wait for what goes on without its callers."""
        while self._running:
            await asyncio.wait(self._running)

    async def _change(
        self,
        channel_id: int,
        pending: Pending,
        change: Callable[[int], Awaitable[bool]],
        envelopes: Sequence[Envelope],
    ) -> bool:
        opened_id = await self._door.open_change(channel_id, pending)
        try:
            await self._door.wait_turn(opened_id)
            is_changed = await self._make(pending, lambda: change(opened_id))
        except OutcomeUnknown:
            with suppress(Unavailable):  # the sweep finds it later by its age
                await self._door.leave(opened_id)
            raise
        except DomainError:
            await self._door.abort(opened_id)
            raise
        if is_changed:
            told = StoredChange(
                door=self._door,
                channel_id=channel_id,
                pending=pending,
                envelopes=envelopes,
                still_holds=partial(self._still_holds, channel_id, opened_id),
            )
            await told.tell(opened_id)
        else:
            await self._door.abort(opened_id)
        return is_changed

    async def _make(self, pending: Pending, change: Callable[[], Awaitable[bool]]) -> bool:
        try:
            return await change()
        except OutcomeUnknown:
            is_changed = await insist(change, clock=self._clock, is_unknown=True)
        # A removal that finds nothing any more was perhaps done by the first attempt. To be told twice harms nobody.
        return is_changed or pending.kind is not PendingKind.REACTION

    async def _still_holds(self, channel_id: int, stored_id: int, pending: Pending) -> bool:
        (message_id,) = pending.message_ids
        if pending.kind is PendingKind.REACTIONS_REMOVAL:
            counts = (await self._rows.count(channel_id, [message_id])).get(message_id, ())
            return not counts if not pending.emoji else find_count(counts, pending.emoji) is None
        found = await self._rows.find(reaction_of(channel_id, pending))
        if pending.kind is PendingKind.REACTION:
            return found is not None and found.id == stored_id
        return found is None


def reaction_of(channel_id: int, pending: Pending, change_id: int = 0) -> Reaction:
    """Return the reaction that an opening is for."""
    (message_id,) = pending.message_ids
    return Reaction(
        channel_id=channel_id,
        message_id=message_id,
        emoji=pending.emoji,
        user_id=pending.user_id,
        is_burst=pending.is_burst,
        id=change_id,
    )


def _pending_of(kind: PendingKind, reaction: Reaction, envelopes: Sequence[Envelope]) -> Pending:
    return Pending(
        kind,
        envelopes[0].guild_id if envelopes else 0,
        (reaction.message_id,),
        emoji=reaction.emoji,
        user_id=reaction.user_id,
        is_burst=reaction.is_burst,
    )

"""Messages of a cluster: rows in one server, their events in another, and the door of the channel between them.

A message has passed its door when it comes here, and an edit or a deletion passes it here:

    add              insert ─────────────────────────→ close
    update, delete   open ─→ change of the row ──────→ close
                                │
                                ├─ refused for certain ─→ abort, and the caller hears why
                                └─ outcome unknown ─────→ again, until 10 s; then leave, and OutcomeUnknown

`close` puts the events into the log in the order in which the door was passed. So a channel's messages are told in the
order of their ids, and of two changes of a message the later one is told later. An edit names the version that was read
before its door was passed, so one that was overtaken fails. A deletion takes any version: it passes the door again when
it is done, and is told from there, after all edits that it has overtaken. What is left is ended by the sweep of
the doors (door_sweep.py), one way or the other, and so is everything whose process has died.

A message whose opening was given up by others is withdrawn. A log that Redis has lost may have told of it, so the sweep
is left a deletion of it to tell.

An edit whose opening was given up by others passes again, if it is still the last change of its message. It raises the
version then, so that edits that have passed in between fail, and come after it.

The mentions of a message are rows of the other server. They are written after the message and before its event, so who
hears of the message may count on them. When that fails, the opening is left, and the sweep writes both again.

A caller may be cancelled: what it has begun goes on without it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Coroutine, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

import msgspec

from core.domain.errors import DomainError, OutcomeUnknown, Unavailable
from core.domain.messages.message import AddedMessage, Message
from core.domain.messages.read_state import TARGET_FIELDS, find_targets
from core.door.pending import Pending, PendingKind
from core.runtime.clock import Clock
from core.store.aggregates.changes import Changes
from core.store.aggregates.messages.message_rows import MessageRows
from core.store.aggregates.messages.read_states import MentionRows
from core.store.cluster.insistence import insist
from core.store.cluster.mention_settling import settle_mentions
from core.store.cluster.message_door import MessageDoor
from core.store.cluster.telling import StoredChange
from core.store.sql.engine.connection import run_to_end
from core.wire.envelope import Envelope

T = TypeVar("T")


class ClusterMessages:
    """The `MessageStore` of a cluster."""

    __slots__ = ("_clock", "_door", "_mentions", "_observe_insert", "_rows", "_running")

    def __init__(
        self,
        *,
        rows: MessageRows,
        mentions: MentionRows,
        door: MessageDoor,
        clock: Clock,
        observe_insert: Callable[[float], None] = lambda _seconds: None,
    ) -> None:
        """`observe_insert` gets the seconds of each message's insert, with its repetitions, however it ends."""
        self._rows = rows
        self._mentions = mentions
        self._door = door
        self._clock = clock
        self._observe_insert = observe_insert
        self._running: set[asyncio.Task[Any]] = set()

    async def add(self, message: Message, envelopes: Sequence[Envelope]) -> AddedMessage:
        """Store a message that is in its door under its id, and tell it.

        Raises:
            Unavailable: when it is certain that the message is not stored.
            OutcomeUnknown: when that is not certain. A repeat of its nonce finds the first message, if there is one.
        """
        return await run_to_end(self._add(message, envelopes), self._running)

    def find(self, channel_id: int, message_id: int) -> Coroutine[Any, Any, Message | None]:
        return self._rows.find(channel_id, message_id)

    def list_page(
        self,
        channel_id: int,
        *,
        before: int | None = None,
        after: int | None = None,
        around: int | None = None,
        limit: int = 50,
    ) -> Coroutine[Any, Any, list[Message]]:
        return self._rows.list_page(channel_id, before=before, after=after, around=around, limit=limit)

    async def update(
        self,
        channel_id: int,
        message_id: int,
        changes: Changes,
        *,
        expected_version: int,
        envelopes: Sequence[Envelope],
    ) -> Message | None:
        guild_id = envelopes[0].guild_id if envelopes else 0
        pending = Pending(PendingKind.EDIT, guild_id, (message_id,), expected_version)

        async def edit() -> Message | None:
            edited = await self._edit(channel_id, message_id, changes, expected_version)
            if edited is not None and not TARGET_FIELDS.isdisjoint(changes):
                await self._insist(lambda: settle_mentions(self._rows, self._mentions, edited), is_unknown=True)
            return edited

        return await run_to_end(self._change(channel_id, pending, edit, envelopes), self._running)

    async def delete(self, channel_id: int, message_ids: Collection[int], envelopes: Sequence[Envelope]) -> list[int]:
        if not message_ids:
            return []
        guild_id = envelopes[0].guild_id if envelopes else 0
        pending = Pending(PendingKind.DELETE, guild_id, tuple(sorted(message_ids)))

        async def remove() -> list[int]:
            gone = await self._delete(channel_id, message_ids)
            if gone:
                await self._insist(lambda: self._mentions.drop(gone), is_unknown=True)
            return gone

        return await run_to_end(self._change(channel_id, pending, remove, envelopes), self._running)

    def list_ids_by_author(
        self, guild_id: int, author_id: int, *, since_ms: int
    ) -> Coroutine[Any, Any, list[tuple[int, int]]]:
        return self._rows.list_ids_by_author(guild_id, author_id, since_ms=since_ms)

    def last_ids(self, channel_ids: Collection[int]) -> Coroutine[Any, Any, dict[int, int]]:
        return self._rows.last_ids(channel_ids)

    def list_channels(self, *, after: int | None, limit: int) -> Coroutine[Any, Any, list[int]]:
        return self._rows.list_channels(after=after, limit=limit)

    async def close(self) -> None:
        """Wait for what goes on without its callers."""
        while self._running:
            await asyncio.wait(self._running)

    async def _add(self, message: Message, envelopes: Sequence[Envelope]) -> AddedMessage:
        began_s = self._clock.monotonic_s()
        try:
            await self._insist(lambda: self._rows.insert(message))
            if find_targets(message):
                await self._insist(lambda: self._mentions.put(message), is_unknown=True)
        except OutcomeUnknown:
            await self._leave(message.id)
            raise
        finally:
            self._observe_insert(self._clock.monotonic_s() - began_s)
        # Any other error is certain, and whoever holds the door open aborts when it hears of it.
        await self._door.close(message.id, envelopes, partial(self._withdraw, message))
        return AddedMessage(message, is_new=True)

    async def _withdraw(self, message: Message) -> None:
        await self._rows.withdraw(message)
        await self._mentions.drop([message.id])
        opened_id = await self._door.open_change(
            message.channel_id, Pending(PendingKind.DELETE, message.guild_id, (message.id,))
        )
        await self._door.leave(opened_id)

    async def _change(
        self, channel_id: int, pending: Pending, change: Callable[[], Awaitable[T]], envelopes: Sequence[Envelope]
    ) -> T:
        """Pass the door with a change; nothing is told when it finds nothing to change."""
        opened_id = await self._door.open_change(channel_id, pending)
        try:
            changed = await change()
        except OutcomeUnknown:
            await self._leave(opened_id)
            raise
        except DomainError:
            await self._door.abort(opened_id)
            raise
        if changed:
            if pending.kind is PendingKind.DELETE:
                opened_id = await self._pass_again(channel_id, pending, opened_id)
            told = StoredChange(
                door=self._door,
                channel_id=channel_id,
                pending=pending,
                envelopes=envelopes,
                still_holds=partial(self._still_holds, channel_id),
            )
            await told.tell(opened_id)
        else:
            await self._door.abort(opened_id)
        return changed

    async def _pass_again(self, channel_id: int, pending: Pending, opened_id: int) -> int:
        """Take a new place at the door for a change that is stored, and return its opening.

        The old place is given up only then: of a process that dies in between, the sweep finds one at least.
        """
        try:
            passed_id = await self._door.open_change(channel_id, pending)
        except Unavailable:
            return opened_id  # told too early rather than late: an edit that is told after it changes nothing
        await self._door.abort(opened_id)
        return passed_id

    async def _still_holds(self, channel_id: int, pending: Pending) -> bool:
        """Tell whether a stored change that passes again is its message's last one; make that of an edit so."""
        if pending.kind is not PendingKind.EDIT:
            return True
        (message_id,), version = pending.message_ids, pending.version
        stored = await self._rows.find(channel_id, message_id)
        if stored is None or stored.version != version:
            return False
        raised = await self._insist(lambda: self._rows.raise_version(channel_id, message_id, expected_version=version))
        # Another edit may have come between the two: then more has changed than the version.
        return raised is not None and msgspec.structs.replace(raised, version=version) == stored

    async def _edit(self, channel_id: int, message_id: int, changes: Changes, version: int) -> Message | None:
        try:
            return await self._rows.update(channel_id, message_id, changes, expected_version=version)
        except OutcomeUnknown:
            pass
        # From here on the edit is stored, or never will be.
        stored = await self._insist(
            lambda: self._rows.raise_version(channel_id, message_id, expected_version=version), is_unknown=True
        )
        return stored if stored is not None and _shows(stored, changes) else None

    async def _delete(self, channel_id: int, message_ids: Collection[int]) -> list[int]:
        try:
            return await self._rows.delete(channel_id, message_ids)
        except OutcomeUnknown:
            pass
        await self._insist(lambda: self._rows.delete(channel_id, message_ids), is_unknown=True)
        # Which of them the first attempt has found is not known. To be told twice that one is gone harms nobody.
        return sorted(message_ids)

    async def _insist(self, write: Callable[[], Awaitable[T]], *, is_unknown: bool = False) -> T:
        return await insist(write, clock=self._clock, is_unknown=is_unknown)

    async def _leave(self, opened_id: int) -> None:
        with suppress(Unavailable):  # the sweep finds it later by its age
            await self._door.leave(opened_id)


def _shows(stored: Message, changes: Changes) -> bool:
    return all(getattr(stored, name) == value for name, value in changes.items())

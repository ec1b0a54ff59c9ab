"""The message about a call, in the name of whoever has begun it: it says who was there and, at the end, when that was.

Messages are not written in units of work. So a call begins in one unit, its message is written, and another unit tells
of the call. When a call is over, its row is removed after its message has been changed.
"""

from typing import Any, Final

from api.services.calls.call_steps import CallSteps
from api.services.calls.call_units import CallUnits
from api.services.entity_cache import EntityCache
from api.services.messages.message_changes import MessageChanges
from api.services.messages.system_messages import SystemMessages
from core.domain.channels.call import Call
from core.domain.channels.channel import Channel
from core.domain.errors import UnknownMessage
from core.domain.messages.call_note import CallNote
from core.domain.messages.message import Message, MessageType
from core.runtime.clock import Clock
from core.store.interfaces import Store, Transaction

_NOBODY: Final = CallNote(participant_ids=())


class CallMessages:
    """Writes the messages, and changes them."""

    __slots__ = ("_changes", "_clock", "_entities", "_notes", "_steps", "_store", "_units")

    def __init__(
        self,
        *,
        store: Store,
        entities: EntityCache,
        notes: SystemMessages,
        changes: MessageChanges,
        units: CallUnits,
        steps: CallSteps,
        clock: Clock,
    ) -> None:
        self._store = store
        self._entities = entities
        self._notes = notes
        self._changes = changes
        self._units = units
        self._steps = steps
        self._clock = clock

    async def tell_begin(self, call: Call) -> None:
        """Write the message of a call that has begun, and tell of the call. Raises Unavailable, UnknownChannel."""
        channel = await self._entities.channel(call.channel_id)
        people = await self._entities.users(channel.recipient_ids)
        message_id = await self._notes.write(
            channel.id,
            MessageType.CALL,
            people[call.starter_id],
            mentioned=[people[each] for each in channel.recipient_ids if each != call.starter_id],
            call=CallNote(participant_ids=call.participant_ids or (call.starter_id,)),
        )
        if message_id is None:
            return

        async def body(tx: Transaction, present: Channel) -> bool:
            return await self._steps.tell_begin(tx, present, message_id)

        if not await self._units.run(channel.id, body):  # it was over before anybody had heard of it
            await self._tell_end(channel, message_id, call.participant_ids, self._clock.now_ms())

    async def finish(self, channel_id: int) -> None:
        """If the channel's call is over, let its message say so, and remove it. Raises Unavailable."""
        call = await self._store.calls.find(channel_id)
        if call is None or not call.ended_ms:
            return
        if call.message_id:
            channel = await self._entities.channel(channel_id)
            await self._tell_end(channel, call.message_id, call.participant_ids, call.ended_ms)

        async def body(tx: Transaction, _: Channel) -> None:
            if await tx.calls.find(channel_id) == call:
                await tx.calls.remove(channel_id)

        await self._units.run(channel_id, body)

    async def _tell_end(
        self, channel: Channel, message_id: int, participant_ids: tuple[int, ...], ended_ms: int
    ) -> None:
        def choose(message: Message) -> dict[str, Any]:
            known = (message.call or _NOBODY).participant_ids
            return {"call": CallNote(participant_ids=participant_ids or known, ended_ms=ended_ms)}

        try:
            await self._changes.change(channel, message_id, choose)
        except UnknownMessage:  # somebody has deleted it meanwhile
            return

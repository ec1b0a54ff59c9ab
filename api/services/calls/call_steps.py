"""The steps by which calls change: the one place that writes their rows, each with its events.

```
 join, ring ─→ begun ──(its message is written)──→ told: CALL_CREATE ─→ CALL_UPDATE … ─→ over: CALL_DELETE ─→ no row
```

All methods are steps of a caller's unit of work, which names all recipients of the channel: each of them is told. A
call that is over keeps its row until its message says so (`call_messages`), so no process that dies forgets that. Who
agrees to talk from client to client `PeerSteps` changes.
"""

from collections.abc import Collection

import msgspec

from api.services.announcements import user_event
from api.services.calls.peer_steps import PeerSteps
from api.services.ids import IdSource
from core.domain.channels.call import RING_MS, Call
from core.domain.channels.channel import Channel
from core.domain.channels.peering import PeeringEnd
from core.domain.events import CALL_CREATE, CALL_DELETE, CALL_UPDATE, VOICE_STATE_UPDATE
from core.domain.guilds.voice_state import VoiceState
from core.runtime.clock import Clock
from core.store.interfaces import Transaction
from core.wire.objects.channels.call import CallDeleteObject, render_call, render_call_update
from core.wire.objects.guilds.voice_state import render_voice_state


class CallSteps:
    """Puts users into calls and out of them, and lets their devices ring."""

    __slots__ = ("_clock", "_ids", "_peers")

    def __init__(self, *, peers: PeerSteps, ids: IdSource, clock: Clock) -> None:
        self._peers = peers
        self._ids = ids
        self._clock = clock

    async def join(
        self, tx: Transaction, channel: Channel, former: Channel | None, state: VoiceState, call: Call | None
    ) -> None:
        """Set the voice state of a recipient, who comes from the call of `former` if that is given."""
        was = await tx.voice_states.find(0, state.user_id)
        await tx.voice_states.put(state)
        region = "" if call is None else call.region or ""
        self._tell(tx, channel.recipient_ids, VOICE_STATE_UPDATE, render_voice_state(state, None), region)
        if former is not None:
            gone = render_voice_state(state, None, is_over=True)
            self._tell(tx, set(former.recipient_ids) - set(channel.recipient_ids), VOICE_STATE_UPDATE, gone)
            await self._settle_left(tx, former)
        is_there = was is not None and (was.channel_id, was.session_id) == (state.channel_id, state.session_id)
        if call is not None and not is_there:
            call = await self._peers.end(tx, call, PeeringEnd.JOINED)
        before = call or Call(channel_id=channel.id, starter_id=state.user_id)
        await self._change(tx, channel, call, before.with_participant(state.user_id))

    async def leave(self, tx: Transaction, channel: Channel, state: VoiceState) -> None:
        """End the voice state of somebody in the call of this channel. The last one ends the call."""
        await tx.voice_states.remove(0, state.user_id)
        self._tell(tx, channel.recipient_ids, VOICE_STATE_UPDATE, render_voice_state(state, None, is_over=True))
        await self._settle_left(tx, channel)

    async def part(self, tx: Transaction, channel: Channel, user_id: int) -> None:
        """Take somebody out of the call who leaves the group. `channel` is the group with this recipient."""
        state = await tx.voice_states.find(0, user_id)
        if state is not None and state.channel_id == channel.id:
            await self.leave(tx, channel, state)
        await self.stop_ringing(tx, channel, [user_id])

    async def ring(self, tx: Transaction, channel: Channel, starter_id: int, user_ids: Collection[int]) -> None:
        """Ring those of the recipients who are in no voice here. The call begins if there is none."""
        call = await tx.calls.find(channel.id)
        here = {state.user_id for state in await tx.voice_states.list_of_channel(channel.id)}
        wanted = [user_id for user_id in user_ids if user_id not in here]
        before = call or Call(channel_id=channel.id, starter_id=starter_id)
        after = before.with_rings(wanted, until_ms=self._clock.now_ms() + RING_MS)
        if after.rings or call is not None:
            await self._change(tx, channel, call, after)

    async def set_region(self, tx: Transaction, channel: Channel, region: str | None) -> None:
        """Have a call in another region. Nothing happens when there is none."""
        call = await tx.calls.find(channel.id)
        if call is not None and not call.ended_ms:
            await self._change(tx, channel, call, msgspec.structs.replace(call, region=region))

    async def stop_ringing(self, tx: Transaction, channel: Channel, user_ids: Collection[int]) -> None:
        """Ring these no more. A call that nobody is in, and nobody is rung for, is over."""
        call = await tx.calls.find(channel.id)
        if call is not None and not call.ended_ms:
            await self._settle(tx, channel, call, call.without_rings(user_ids))

    async def end_overdue(self, tx: Transaction, channel: Channel) -> None:
        """Ring those no more whose time is over, and end a round of peers whose time is."""
        call = await tx.calls.find(channel.id)
        if call is not None and not call.ended_ms:
            call = await self._peers.end_late(tx, call)
            await self._settle(tx, channel, call, call.without_old_rings(self._clock.now_ms()))

    async def tell_begin(self, tx: Transaction, channel: Channel, message_id: int) -> bool:
        """Give a call that has begun its message, and tell of it. Return whether there is such a call."""
        call = await tx.calls.find(channel.id)
        if call is None or call.ended_ms or call.message_id:
            return False
        told = msgspec.structs.replace(call, message_id=message_id)
        await tx.calls.put(told)
        states = await tx.voice_states.list_of_channel(channel.id)
        self._tell(tx, channel.recipient_ids, CALL_CREATE, render_call(told, states))
        return True

    async def _settle(self, tx: Transaction, channel: Channel, before: Call, after: Call) -> None:
        if not after.rings and not await tx.voice_states.count_in_channel(channel.id):
            await self._end(tx, channel, after)
        else:
            await self._change(tx, channel, before, after)

    async def _settle_left(self, tx: Transaction, channel: Channel) -> None:
        """Follow that somebody has left. Nobody may be left."""
        call = await tx.calls.find(channel.id)
        if call is None or call.ended_ms:
            return
        call = await self._peers.leave(tx, call)
        if not await tx.voice_states.count_in_channel(channel.id):
            await self._end(tx, channel, call)

    async def _change(self, tx: Transaction, channel: Channel, before: Call | None, after: Call) -> None:
        if after == before:
            return
        await tx.calls.put(after)
        if before is not None and before.message_id and _as_told(after) != _as_told(before):
            self._tell(tx, channel.recipient_ids, CALL_UPDATE, render_call_update(after))

    async def _end(self, tx: Transaction, channel: Channel, call: Call) -> None:
        await tx.calls.put(call.end(self._clock.now_ms()))
        if call.message_id:
            self._tell(tx, channel.recipient_ids, CALL_DELETE, CallDeleteObject(channel_id=str(channel.id)))

    def _tell(self, tx: Transaction, user_ids: Collection[int], event: str, payload: object, region: str = "") -> None:
        tx.announce(*(user_event(self._ids.next(), event, user_id, payload, region=region) for user_id in user_ids))


def _as_told(call: Call) -> tuple[object, ...]:
    return call.ringing, call.region

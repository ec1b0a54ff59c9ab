"""Calls as the gateway has them changed: clients join and leave (op 4), sessions end, clients look (op 13)."""

import logging
from typing import Final

import msgspec

from api.services.calls.call_messages import CallMessages
from api.services.calls.call_rules import CallRules
from api.services.calls.call_steps import CallSteps
from api.services.calls.call_units import CallUnits
from api.services.directs.direct_sends import DirectSends
from api.services.limits import Limits
from api.services.rights import MAX_ATTEMPTS
from core.domain.channels.call import Call
from core.domain.channels.channel import Channel
from core.domain.errors import DomainError, MissingAccess, Unavailable, UnknownChannel
from core.domain.guilds.voice_rules import keeps_screen
from core.domain.guilds.voice_state import VoiceState
from core.store.interfaces import Store, Transaction
from core.wire.objects.channels.call import render_call
from core.wire.voice_wish import VoiceWish

logger = logging.getLogger(__name__)

_encode: Final = msgspec.json.Encoder().encode


class _Stale(Exception):
    """The user is in another call than before, or the channel's last call is not finished."""


class CallJoins:
    """Puts sessions into calls and out of them."""

    __slots__ = ("_directs", "_limits", "_messages", "_rules", "_steps", "_store", "_units")

    def __init__(
        self,
        *,
        store: Store,
        rules: CallRules,
        directs: DirectSends,
        steps: CallSteps,
        units: CallUnits,
        messages: CallMessages,
        limits: Limits,
    ) -> None:
        self._store = store
        self._rules = rules
        self._directs = directs
        self._steps = steps
        self._units = units
        self._messages = messages
        self._limits = limits

    async def do(self, user_id: int, session_id: str, wish: VoiceWish) -> None:
        """Do what a client wishes.

        Raises:
            UnknownChannel, MissingAccess, WrongChannelType
            CannotSendToUser: one has blocked the other, or they do not know each other.
            RateLimited: the user joins channels too often.
        """
        if wish.channel_id is None:
            await self.end(user_id, session_id)
            return
        present = await self._store.voice_states.find(0, user_id)
        if present is None or present.channel_id != wish.channel_id:
            channel = await self._rules.require_call(user_id, wish.channel_id)
            await self._limits.take_voice_join(user_id)
            await self._directs.open_for_all(channel)
        call = await self._join(user_id, session_id, wish, wish.channel_id)
        if call is not None:
            await self._begin(call, user_id, session_id)

    async def _begin(self, call: Call, user_id: int, session_id: str) -> None:
        try:
            await self._messages.tell_begin(call)
        except DomainError:  # a call of which nobody hears is none
            await self.end(user_id, session_id)
            raise

    async def _join(self, user_id: int, session_id: str, wish: VoiceWish, channel_id: int) -> Call | None:
        """Put the user into the call. Return the call if it has begun with that."""
        for _ in range(MAX_ATTEMPTS):
            known = await self._store.voice_states.find(0, user_id)
            former_id = 0 if known is None else known.channel_id

            async def body(
                tx: Transaction, channel: Channel, former: Channel | None, former_id: int = former_id
            ) -> Call | None:
                before = await tx.voice_states.find(0, user_id)
                call = await tx.calls.find(channel_id)
                if former_id != (0 if before is None else before.channel_id) or (call is not None and call.ended_ms):
                    raise _Stale
                if user_id not in channel.recipient_ids:
                    raise MissingAccess
                state = _with_wish(before or _begin(user_id, channel_id), channel_id, session_id, wish)
                await self._steps.join(tx, channel, former, state, call)
                return None if call is not None else await tx.calls.find(channel_id)

            try:
                begun = await self._units.run_between(channel_id, former_id, body)
            except _Stale:
                await self._messages.finish(channel_id)
                continue
            if former_id not in (0, channel_id):
                await self._messages.finish(former_id)
            return begun
        raise Unavailable

    async def end(self, user_id: int, session_id: str) -> None:
        """End the user's part in a call if it belongs to this session. Raises Unavailable."""
        state = await self._store.voice_states.find(0, user_id)
        if state is None or state.session_id != session_id:
            return

        async def body(tx: Transaction, channel: Channel) -> None:
            present = await tx.voice_states.find(0, user_id)
            if present is not None and (present.session_id, present.channel_id) == (session_id, channel.id):
                await self._steps.leave(tx, channel, present)

        try:
            await self._units.run(state.channel_id, body)
            await self._messages.finish(state.channel_id)
        except UnknownChannel:  # it has taken the call along
            return

    async def show(self, user_id: int, channel_id: int) -> bytes | None:
        """Return CALL_CREATE's `d` of the channel's call, if there is one that the user can hear of."""
        try:
            channel = await self._rules.require_private(user_id, channel_id)
        except DomainError:
            return None
        call = await self._store.calls.find(channel.id)
        if call is None or call.ended_ms or not call.message_id:
            return None
        return _encode(render_call(call, await self._store.voice_states.list_of_channel(channel.id)))


def _begin(user_id: int, channel_id: int) -> VoiceState:
    return VoiceState(guild_id=0, user_id=user_id, channel_id=channel_id, session_id="")


def _with_wish(state: VoiceState, channel_id: int, session_id: str, wish: VoiceWish) -> VoiceState:
    shares = keeps_screen(state, session_id=session_id, channel_id=channel_id)
    return msgspec.structs.replace(
        state,
        channel_id=channel_id,
        session_id=session_id,
        self_mute=state.self_mute if wish.self_mute is None else wish.self_mute,
        self_deaf=state.self_deaf if wish.self_deaf is None else wish.self_deaf,
        self_video=state.self_video if wish.self_video is None else wish.self_video,
        self_stream=shares if wish.self_stream is None else wish.self_stream,
    )

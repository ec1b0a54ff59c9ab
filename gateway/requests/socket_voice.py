"""Voice states that clients ask for (op 4): handed to the API tier's service, one after another for each user. So is
the question which call a private channel has (op 13).

The answer is the VOICE_STATE_UPDATE that all who view the channel get. As at Discord, what is not allowed has no
answer.
"""

import asyncio
import logging
from weakref import WeakValueDictionary

from core.domain.errors import DomainError
from core.domain.events import CALL_CREATE
from core.wire.voice_wish import VoiceWish
from gateway.commands.commands import CallConnect, VoiceStateUpdate
from gateway.payloads.dispatch_body import DispatchBody
from gateway.scheduling.tasks import Tasks
from gateway.sessions.session import Session
from gateway.voice.interfaces import VoicePort

logger = logging.getLogger(__name__)


class SocketVoice:
    __slots__ = ("_port", "_tasks", "_turns")

    def __init__(self, *, port: VoicePort, tasks: Tasks) -> None:
        self._port = port
        self._tasks = tasks
        self._turns: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()
        """Keyed by user id. The lock lets in who came first."""

    def take(self, session: Session, command: VoiceStateUpdate | CallConnect) -> None:
        """Begin to do what a client wishes."""
        if isinstance(command, CallConnect):
            self._answer(session, command.channel_id)
        else:
            self._wish(session, command)

    def _wish(self, session: Session, command: VoiceStateUpdate) -> None:
        guild_id = command.guild_id or 0
        if guild_id not in session.slots if guild_id else session.profile.is_bot:
            return
        wish = VoiceWish(
            guild_id=guild_id,
            channel_id=command.channel_id,
            self_mute=command.self_mute,
            self_deaf=command.self_deaf,
            self_video=command.self_video,
        )
        self._tasks.spawn(self._do(session, wish))

    def _answer(self, session: Session, channel_id: int) -> None:
        """Begin to tell a person's client of the call of a private channel, if there is one."""
        if channel_id and not session.profile.is_bot:
            self._tasks.spawn(self._show_call(session, channel_id))

    async def _show_call(self, session: Session, channel_id: int) -> None:
        try:
            call = await self._port.show_call(session.user_id, channel_id)
        except DomainError as error:
            logger.warning("a call was not shown", extra={"channel_id": channel_id, "reason": error.text})
            return
        if call is not None and not session.is_ended:
            session.dispatch(DispatchBody(CALL_CREATE, call))

    async def _do(self, session: Session, wish: VoiceWish) -> None:
        async with self._turns.setdefault(session.user_id, asyncio.Lock()):
            if session.is_ended:
                return
            try:
                await self._port.join_from_gateway(session.user_id, session.id, wish)
            except DomainError as error:
                logger.debug("a voice state was refused", extra={"guild_id": wish.guild_id, "reason": error.text})

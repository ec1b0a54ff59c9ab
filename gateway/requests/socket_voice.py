"""Voice states that clients ask for (op 4): handed to the API tier's service, one after another for each user.
Questions go the same way: which call a private channel has (op 13), which statuses a guild's channels have (op 36, 43).

The answer is the VOICE_STATE_UPDATE that all who view the channel get. As at Discord, what is not allowed has no
answer.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from weakref import WeakValueDictionary

from core.domain.errors import DomainError
from core.domain.events import CALL_CREATE, CHANNEL_INFO, CHANNEL_STATUSES
from core.wire.voice_wish import VoiceWish
from gateway.commands.commands import CallConnect, RequestChannelInfo, RequestChannelStatuses, VoiceStateUpdate
from gateway.payloads.dispatch_body import DispatchBody
from gateway.scheduling.tasks import Tasks
from gateway.sessions.session import Session
from gateway.voice.interfaces import VoicePort

logger = logging.getLogger(__name__)

VoiceCommand = VoiceStateUpdate | CallConnect | RequestChannelStatuses | RequestChannelInfo
Show = Callable[[], Awaitable[bytes | None]]
"""A question to the API tier's service, whose answer is `d` of an event."""


class SocketVoice:
    __slots__ = ("_port", "_tasks", "_turns")

    def __init__(self, *, port: VoicePort, tasks: Tasks) -> None:
        self._port = port
        self._tasks = tasks
        self._turns: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()
        """Keyed by user id. The lock lets in who came first."""

    def take(self, session: Session, command: VoiceCommand) -> None:
        """Begin to do what a client wishes, or to answer it."""
        match command:
            case VoiceStateUpdate():
                self._wish(session, command)
            case CallConnect(channel_id=channel_id) if channel_id and not session.profile.is_bot:
                self._answer(session, CALL_CREATE, partial(self._port.show_call, session.user_id, channel_id))
            case RequestChannelStatuses(guild_id=guild_id) if guild_id in session.slots:
                self._answer(session, CHANNEL_STATUSES, partial(self._port.show_statuses, session.user_id, guild_id))
            case RequestChannelInfo(guild_id=guild_id) if guild_id in session.slots:
                self._answer(session, CHANNEL_INFO, partial(self._port.show_statuses, session.user_id, guild_id))
            case _:
                return

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
            self_stream=command.self_stream,
        )
        self._tasks.spawn(self._do(session, wish))

    def _answer(self, session: Session, event: str, show: Show) -> None:
        """Begin to tell a client what it asks for, if there is anything."""
        self._tasks.spawn(_show(session, event, show))

    async def _do(self, session: Session, wish: VoiceWish) -> None:
        async with self._turns.setdefault(session.user_id, asyncio.Lock()):
            if session.is_ended:
                return
            try:
                await self._port.join_from_gateway(session.user_id, session.id, wish)
            except DomainError as error:
                logger.debug("a voice state was refused", extra={"guild_id": wish.guild_id, "reason": error.text})


async def _show(session: Session, event: str, show: Show) -> None:
    try:
        payload = await show()
    except DomainError as error:
        logger.warning("a question about voice was not answered", extra={"event": event, "reason": error.text})
        return
    if payload is not None and not session.is_ended:
        session.dispatch(DispatchBody(event, payload))

"""Voice states that clients ask for (op 4): handed to the API tier's service, one after another for each user.

The answer is the VOICE_STATE_UPDATE that all who view the channel get. As at Discord, what is not allowed has no
answer.
"""

import asyncio
import logging
from weakref import WeakValueDictionary

from core.domain.errors import DomainError
from core.wire.voice_wish import VoiceWish
from gateway.commands.commands import VoiceStateUpdate
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

    def take(self, session: Session, command: VoiceStateUpdate) -> None:
        """Begin to do what a client wishes."""
        if command.guild_id is None or command.guild_id not in session.slots:
            return
        wish = VoiceWish(
            guild_id=command.guild_id,
            channel_id=command.channel_id,
            self_mute=command.self_mute,
            self_deaf=command.self_deaf,
            self_video=command.self_video,
        )
        self._tasks.spawn(self._do(session, wish))

    async def _do(self, session: Session, wish: VoiceWish) -> None:
        async with self._turns.setdefault(session.user_id, asyncio.Lock()):
            if session.is_ended:
                return
            try:
                await self._port.join_from_gateway(session.user_id, session.id, wish)
            except DomainError as error:
                logger.debug("a voice state was refused", extra={"guild_id": wish.guild_id, "reason": error.text})

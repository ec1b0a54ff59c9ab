"""The watch over who is in a call: a session that ends takes its user's voice state outside guilds along.

```
 VOICE_STATE_UPDATE of a user ─→ follow ─→ the session that is in a call
 a session has ended ─────────→ end ───→ the API's service, in a short task ─→ everybody in the call hears of it
```

Every worker hears of all users, so the one that has the session knows. Of what an earlier process has left the sweep
tells (`gateway.homes.voice_sweep`), which also ends what nobody else has.

Owns which session of each user is in a call.
"""

import logging
from typing import Final

import msgspec

from core.domain.errors import DomainError
from core.wire.envelope import Envelope
from gateway.scheduling.tasks import Tasks
from gateway.sessions.session import Session
from gateway.voice.interfaces import VoicePort

logger = logging.getLogger(__name__)


class _State(msgspec.Struct, frozen=True):
    """The fields that are read of a voice state's object."""

    user_id: int
    session_id: str
    channel_id: int | None


_decode: Final = msgspec.json.Decoder(_State, strict=False).decode


class CallWatch:
    """The watch of one gateway."""

    __slots__ = ("_port", "_sessions", "_tasks")

    def __init__(self, *, port: VoicePort, tasks: Tasks) -> None:
        self._port = port
        self._tasks = tasks
        self._sessions: dict[int, str] = {}
        """The session by which each user is in a call."""

    def follow(self, envelope: Envelope) -> None:
        """Follow a VOICE_STATE_UPDATE that a user is told. What the others are told says the same.

        Raises:
            msgspec.MsgspecError: when the payload is no voice state.
        """
        state = _decode(envelope.payload)
        if state.user_id != envelope.user_id:
            return
        if state.channel_id is None:
            self._sessions.pop(state.user_id, None)
        else:
            self.know(state.user_id, state.session_id)

    def know(self, user_id: int, session_id: str) -> None:
        """Take a session that is in a call."""
        self._sessions[user_id] = session_id

    def end(self, session: Session) -> None:
        """End the part in a call of a session that has ended, unless another worker has it now."""
        if self._sessions.get(session.user_id) == session.id and not session.is_claimed:
            self._tasks.spawn(self._end(session.user_id, session.id))

    async def _end(self, user_id: int, session_id: str) -> None:
        try:
            await self._port.end_voice(0, user_id, session_id)
        except DomainError as error:
            logger.warning("a part in a call was not ended", extra={"user_id": user_id, "reason": error.text})

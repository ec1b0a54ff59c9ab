"""The end of voice states whose session or right is gone: each is settled by the API's service, in a short task.

In a cluster a session may only seem to leave a guild: another worker has claimed it, a link was lost, or the guild has
another home. So there it is looked for once more after a moment. One whose auth session has ended does not come back,
so its worker ends its voice states at once, wherever the homes of its guilds are. What fails here is found again by the
sweep (`gateway.homes.voice_sweep`).
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection
from functools import partial
from typing import Final

from core.domain.errors import DomainError
from gateway.scheduling.tasks import Tasks
from gateway.voice.interfaces import VoiceEnds, VoicePort

logger = logging.getLogger(__name__)


RETURN_S: Final = 3.0
"""The time in which a session of a cluster comes back into a guild that it only seems to have left."""


class EndingVoice:
    """The `VoiceEnds` of a gateway."""

    __slots__ = ("_delay_s", "_has_session", "_is_here", "_on_rights", "_port", "_tasks")

    def __init__(
        self,
        *,
        port: VoicePort,
        tasks: Tasks,
        has_session: Callable[[int, int, str], bool],
        is_here: Callable[[int], bool],
        delay_s: float,
    ) -> None:
        """`has_session` says whether (guild, user, session) is seated, with 0 for no guild.

        `is_here` says whether the home of a guild or a user is here.
        """
        self._delay_s = delay_s
        self._has_session = has_session
        self._is_here = is_here
        self._on_rights: Callable[[int, int], None] = _ignore
        self._port = port
        self._tasks = tasks

    def hand_to(self, on_rights: Callable[[int, int], None]) -> None:
        """Tell this function of users in voice, (guild, user), whose rights may have changed."""
        self._on_rights = on_rights

    def note_rights(self, guild_id: int, user_id: int) -> None:
        """Hand on that a user in voice may have other rights than before."""
        self._on_rights(guild_id, user_id)

    def end(self, guild_id: int, user_id: int, session_id: str) -> None:
        """End the user's voice state if it still belongs to this session, and the session does not come back."""
        self._tasks.spawn(_try(partial(self._end, guild_id, user_id, session_id), guild_id))

    async def _end(self, guild_id: int, user_id: int, session_id: str) -> None:
        if self._delay_s:
            await asyncio.sleep(self._delay_s)
        if self._is_here(guild_id or user_id) and not self._has_session(guild_id, user_id, session_id):
            await self._port.end_voice(guild_id, user_id, session_id)

    def end_for_good(self, user_id: int, session_id: str, guild_ids: Collection[int]) -> None:
        """End the voice states of a session that cannot come back, and that was in these guilds."""
        if self._delay_s:  # else the guilds, which it has left, have ended them
            for guild_id in guild_ids:
                self._tasks.spawn(_try(partial(self._port.end_voice, guild_id, user_id, session_id), guild_id))

    def settle(self, guild_id: int, user_id: int) -> None:
        """Bring the user's voice state in line with the user's present rights, or end it."""
        self._tasks.spawn(_try(partial(self._port.settle_voice, guild_id, user_id), guild_id))


class _NoEnds:
    """The `VoiceEnds` of guilds in which nobody is in voice: it does nothing."""

    __slots__ = ()

    def note_rights(self, guild_id: int, user_id: int) -> None:
        """Do nothing."""

    def end(self, guild_id: int, user_id: int, session_id: str) -> None:
        """Do nothing."""

    def settle(self, guild_id: int, user_id: int) -> None:
        """Do nothing."""


def _ignore(_guild_id: int, _user_id: int) -> None:
    """Nobody wants to know."""


NO_ENDS: Final[VoiceEnds] = _NoEnds()


async def _try(work: Callable[[], Awaitable[None]], guild_id: int) -> None:
    try:
        await work()
    except DomainError as error:
        logger.warning("a voice state was not settled", extra={"guild_id": guild_id, "reason": error.text})

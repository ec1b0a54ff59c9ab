"""The sweep of voice states that were left: those whose session does not come back in time.

```
 row in the store ─→ is its session in its guild here? ─ yes ─→ nothing
                                  │ no, since less than the grace ─→ wait
                                  └ no, for the whole grace ────────→ it ends, and everybody hears of it
```

A process that is killed leaves voice states, whose sessions may resume at the next one: whoever does is still in the
channel. The home of a guild sweeps its voice states, as only it knows all sessions of the guild, and the home of a user
the user's voice state in a call.

Owns since when each left voice state has been seen without its session.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from core.domain.errors import Unavailable
from core.domain.guilds.voice_state import VoiceState
from core.runtime.clock import Clock
from core.store.aggregates.guilds.voice_states import VoiceStateReader
from gateway.guilds.guild_directory import GuildDirectory
from gateway.homes.call_watch import CallWatch
from gateway.users.user_directory import UserDirectory
from gateway.voice.interfaces import VoiceEnds

logger = logging.getLogger(__name__)

_MOST_S: Final = 15.0
"""The time between two looks: a small part of the resume window's minutes, and one small read of the database."""
_LEAST_S: Final = 0.25
"""Also with no grace at all: a look would follow the other otherwise, and take the core that it runs on."""
_LOOKS_PER_GRACE: Final = 8
_PAGE: Final = 1000

_Key = tuple[int, int, str]
"""Guild, user and session. The guild is 0 for a call."""


class VoiceSweep:
    __slots__ = ("_calls", "_clock", "_ends", "_grace_s", "_guilds", "_is_here", "_left", "_rows", "_users")

    def __init__(
        self,
        *,
        rows: VoiceStateReader,
        guilds: GuildDirectory,
        users: UserDirectory,
        calls: CallWatch,
        ends: VoiceEnds,
        clock: Clock,
        grace_s: float,
        is_here: Callable[[int], bool],
    ) -> None:
        """`grace_s` is the time in which a session may be resumed.

        `is_here` says whether the home of a guild or a user is here.
        """
        self._rows = rows
        self._guilds = guilds
        self._users = users
        self._calls = calls
        self._ends = ends
        self._clock = clock
        self._grace_s = grace_s
        self._is_here = is_here
        self._left: dict[_Key, float] = {}
        """The monotonic time in seconds since which a voice state has had no session."""

    async def run(self) -> None:
        """Sweep until cancelled."""
        while True:
            try:
                await self.sweep()
            except Unavailable:
                logger.warning("voice states could not be read")
            await asyncio.sleep(max(_LEAST_S, min(_MOST_S, self._grace_s / _LOOKS_PER_GRACE)))

    async def sweep(self) -> None:
        """Look once at all voice states. Raises Unavailable."""
        now_s, left = self._clock.monotonic_s(), {}
        after = (0, 0)
        while page := await self._rows.list_page(after=after, limit=_PAGE):
            after = page[-1].guild_id, page[-1].user_id
            for state in page:
                if self._is_here(state.guild_id or state.user_id) and not self._has_session(state):
                    key = state.guild_id, state.user_id, state.session_id
                    left[key] = self._left.get(key, now_s)
            if len(page) < _PAGE:
                break
        self._left = left
        for key, since_s in left.items():
            if now_s >= since_s + self._grace_s:
                self._ends.end(*key)

    def _has_session(self, state: VoiceState) -> bool:
        if not state.guild_id:
            self._calls.know(state.user_id, state.session_id)
            return self._users.actors.has_session(state.user_id, state.session_id)
        return self._guilds.has_session(state.guild_id, state.user_id, state.session_id)

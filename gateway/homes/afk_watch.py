"""The watch over who is idle in voice: whoever says nothing for a guild's AFK timeout is moved to its AFK channel.

```
 media node ─→ somebody has spoken ─→ note ─┐
 guilds' actors: who is in voice, and how ──┴─→ sweep ─→ idle for the whole timeout ─→ the API's service moves it
```

Whoever joins, moves, or changes anything of its voice state is not idle either. Nobody is idle on a stage, and the
service leaves bots alone. Only the home of a guild watches it, and only where there are media nodes.

Owns since when each user in voice has been idle.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

import msgspec

from core.domain.errors import DomainError
from core.runtime.clock import Clock
from core.voice.seats import SeatKey
from gateway.guilds.guild_actor import GuildActor
from gateway.guilds.guild_directory import GuildDirectory
from gateway.voice.interfaces import VoicePort

logger = logging.getLogger(__name__)

INTERVAL_S: Final = 10.0
"""So much later than it is due somebody is moved at most. The shortest timeout of a guild is a minute."""


class _AfkFields(msgspec.Struct, frozen=True):
    """The fields that are read of a guild."""

    afk_channel_id: int | None
    afk_timeout: int
    """Seconds."""


class _Known(msgspec.Struct):
    """A user in voice."""

    state: msgspec.Raw
    """The object of the voice state: another one is a sign of life."""
    since_s: float


class AfkWatch:
    """The watch of one gateway."""

    __slots__ = ("_clock", "_guilds", "_is_here", "_known", "_port")

    def __init__(
        self, *, guilds: GuildDirectory, port: VoicePort, clock: Clock, is_here: Callable[[int], bool]
    ) -> None:
        """`is_here` says whether a guild's home is here."""
        self._guilds = guilds
        self._port = port
        self._clock = clock
        self._is_here = is_here
        self._known: dict[SeatKey, _Known] = {}

    def note(self, key: SeatKey) -> None:
        """Note that somebody has spoken."""
        known = self._known.get(key)
        if known is not None:
            known.since_s = self._clock.monotonic_s()

    async def run(self) -> None:
        """Sweep until cancelled."""
        while True:
            await asyncio.sleep(INTERVAL_S)
            await self.sweep()

    async def sweep(self) -> None:
        """Look once at all who are in voice."""
        now_s, seen = self._clock.monotonic_s(), dict[SeatKey, _Known]()
        idle: list[tuple[SeatKey, int]] = []
        for actor in self._guilds.actors():
            if actor.state.voice and self._is_here(actor.guild_id):
                idle += self._look_at(actor, seen, now_s)
        self._known = seen
        for key, channel_id in idle:
            try:
                await self._port.move_idle(key.server_id, key.user_id, channel_id)
            except DomainError as error:
                logger.warning("an idle user was not moved", extra={"guild_id": key.server_id, "reason": error.text})

    def _look_at(self, actor: GuildActor, seen: dict[SeatKey, _Known], now_s: float) -> list[tuple[SeatKey, int]]:
        """Bring up to date who is known of a guild. Return the idle ones, with their channels."""
        afk = msgspec.convert(actor.state.fields_of("afk_channel_id", "afk_timeout"), _AfkFields, strict=False)
        if afk.afk_channel_id is None:
            return []
        idle = []
        for entry in actor.state.voice:
            channel = actor.state.channels.get(entry.channel_id)
            if channel is None or channel.is_stage or channel.id == afk.afk_channel_id:
                continue
            key = SeatKey(actor.guild_id, entry.user_id)
            known = self._known.get(key)
            if known is None or known.state is not entry.raw:
                known = _Known(entry.raw, now_s)
            seen[key] = known
            if now_s >= known.since_s + afk.afk_timeout:
                known.since_s = now_s  # who cannot be moved is asked for again after another timeout
                idle.append((key, entry.channel_id))
        return idle

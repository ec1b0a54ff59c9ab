"""The return of a session into one guild, which it has been in at another home of the guild or over a broken link.

```
 stay at the guild ─→ from here on its events are collected; how far is the log applied?
   ─→ the log up to there, after the session's position ─→ the guild is open, the membership known
   ─→ in one turn of the loop: can all that it missed be told exactly? ─ no ─→ nothing was sent
                               it is seated, quietly ─→ what it missed, what was collected ─→ live
```

So the session is sent each event of the guild once. It is the return of whole sessions (`session_restoring`) for one
guild of a session that lives.
"""

from collections.abc import Callable
from typing import Final

from core.bus.interfaces import LogTrimmed
from core.domain.errors import Unavailable
from core.domain.ids import shard_of
from gateway.events.log_progress import LogProgress
from gateway.guilds.guild_directory import GuildDirectory
from gateway.guilds.guild_replay import InexactReplayError
from gateway.homes.guild_entrance import GuildEntrance
from gateway.homes.missed_events import MissedEvents, MissedTooMuch
from gateway.homes.replay_plans import ReplayPlans
from gateway.sessions.seat import Seat
from gateway.sessions.session_guild import SessionGuild

_NOT_IN_LOG: Final = (LogTrimmed, MissedTooMuch)


class GuildReturns:
    __slots__ = ("_entrance", "_guilds", "_missed", "_num_shards", "_plans", "_progress")

    def __init__(
        self,
        *,
        guilds: GuildDirectory,
        entrance: GuildEntrance,
        missed: MissedEvents,
        plans: ReplayPlans,
        progress: LogProgress,
        num_shards: int,
    ) -> None:
        self._entrance = entrance
        self._guilds = guilds
        self._missed = missed
        self._num_shards = num_shards
        self._plans = plans
        self._progress = progress

    async def bring_back(
        self, session: Seat, guild_id: int, *, after: int, find_known: Callable[[], SessionGuild | None]
    ) -> bool:
        """Let a session in again that has been dispatched the guild's events up to a position.

        `find_known` is called in the turn in which it is seated, and returns how it was in the guild, None when it is
        not wanted there any more. False means that it is not in the guild, and was sent nothing: it may have missed
        what cannot be told again, or is not wanted.

        Raises:
            Unavailable: when the guild cannot be loaded now, or the log here is not as far as the session. It may be
                tried again.
        """
        shard = shard_of(guild_id, self._num_shards)
        until = self._progress.heard(shard)
        if after > until:
            raise Unavailable("the log is not applied here as far as the session has it")
        stay = self._guilds.stay(guild_id, session.user_id, collects=True)
        try:
            read = await self._missed.read(shard, after=after, until=until)
            await self._entrance.prepare(stay)
            missed = [delivery for delivery in read if delivery.envelope.guild_id == guild_id]
            missed += stay.collected
            known = find_known()
            if known is None:
                return False
            plan = self._plans.make(stay, session, known, missed)
            self._entrance.take_back(session, known, stay)
            for step in plan.steps:
                stay.replay(session, step)
        except (*_NOT_IN_LOG, InexactReplayError):
            return False
        else:
            return True
        finally:
            stay.close()

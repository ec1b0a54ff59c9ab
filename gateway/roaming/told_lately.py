"""What guilds were told of users in the last while, to be told again when a guild has got another home.

Presences are not in the logs. What is told while a guild has no home, or before the sessions in it sit at the next one,
reaches nobody. Who is there still is told of by the sessions themselves, when they sit again (`gateway.far.moves`). Who
has gone, or is shown otherwise now, is told of from here:

```
 a guild is told ─ note ─→ kept for KEPT_S
 its shard has another home ─ SETTLE_S ─→ what was told since, and KEPT_S before, is told as it is now
```

Owns what was told.
"""

from collections.abc import Callable, Collection, Iterable
from typing import Final

from core.domain.ids import shard_of
from core.runtime.clock import Clock
from gateway.scheduling.batch_timer import CallLater

KEPT_S: Final = 30.0
"""The time for which a guild may have no home. A session that has waited for longer begins anew, and sees all anew."""
SETTLE_S: Final = 3.0
"""The time from a change of the map until the sessions of a guild sit at its home: many times what that takes."""


class ToldLately:
    """`owner_of` names a shard's home, "" when nobody has it. `tell` tells guilds the presence a user has now."""

    __slots__ = ("_call_later", "_clock", "_homes", "_num_shards", "_owner_of", "_tell", "_told_s")

    def __init__(
        self,
        *,
        owner_of: Callable[[int], str],
        num_shards: int,
        clock: Clock,
        call_later: CallLater,
        tell: Callable[[int, Collection[int]], None],
    ) -> None:
        self._call_later = call_later
        self._clock = clock
        self._num_shards = num_shards
        self._owner_of = owner_of
        self._tell = tell
        self._homes = [owner_of(shard) for shard in range(num_shards)]
        """The newest home of each shard, "" while there was none."""
        self._told_s: dict[tuple[int, int], float] = {}
        """When a guild was told of a user last, by user and guild id; the oldest first."""

    def note(self, user_id: int, guild_ids: Iterable[int]) -> None:
        """Note that guilds are told a user's presence."""
        now_s = self._clock.monotonic_s()
        for guild_id in guild_ids:
            self._told_s.pop((user_id, guild_id), None)
            self._told_s[user_id, guild_id] = now_s
        self._forget_until(now_s - KEPT_S)

    def follow_homes(self) -> None:
        """Have those guilds told again that have another home now."""
        moved: set[int] = set()
        for shard, before in enumerate(self._homes):
            home = self._owner_of(shard)
            if home and home != before:
                self._homes[shard] = home
                if before:
                    moved.add(shard)
        if moved:
            self._forget_until(self._clock.monotonic_s() - KEPT_S)
            self._call_later(SETTLE_S, lambda: self._tell_again(moved))

    def _tell_again(self, shards: Collection[int]) -> None:
        found: dict[int, list[int]] = {}
        for user_id, guild_id in self._told_s:
            if shard_of(guild_id, self._num_shards) in shards:
                found.setdefault(user_id, []).append(guild_id)
        for user_id, guild_ids in found.items():
            self._tell(user_id, guild_ids)

    def _forget_until(self, until_s: float) -> None:
        while self._told_s:
            oldest = next(iter(self._told_s))
            if self._told_s[oldest] > until_s:
                return
            del self._told_s[oldest]

"""The seats of this worker's sessions in guilds here that have their home elsewhere now.

Such a session sits on, and is told all that happens, until it is taken from its seat: whoever is no home any more is
told by the log as well. A guild here may even get another session for a while, of a login that has begun before the map
has changed. So the guilds of the shards that have gone are looked at again and again.

Owns which shards were here.
"""

from collections.abc import Callable, Collection
from typing import Final

from gateway.events.log_progress import LogProgress
from gateway.far.far_session import FarSession
from gateway.far.neighbours import Homes
from gateway.far.stranding import Stranded, Strandings
from gateway.guilds.guild_actor import GuildActor
from gateway.guilds.guild_directory import GuildDirectory
from gateway.sessions.seat import Seat
from gateway.sessions.session import Session

_LOOKS: Final = 60
"""The looks after a change of the map, for half a minute. A login that has begun before is over by then."""


class SeatsHere:
    """`know` returns what is known of a session as a guest elsewhere."""

    __slots__ = ("_guilds", "_homes", "_know", "_left", "_looks", "_num_shards", "_progress", "_shards")

    def __init__(
        self,
        *,
        guilds: GuildDirectory,
        homes: Homes,
        progress: LogProgress,
        num_shards: int,
        know: Callable[[Session], FarSession],
    ) -> None:
        self._guilds = guilds
        self._homes = homes
        self._know = know
        self._left: set[int] = set()
        """The shards that were here in the last while, and are not now."""
        self._looks = 0
        """The looks that are to be taken yet."""
        self._num_shards = num_shards
        self._progress = progress
        self._shards = self._list_shards()
        """The shards that were here at the last change of the map."""

    def follow_map(self) -> None:
        """Follow a change of the map."""
        here = self._list_shards()
        # Everything of a shard that has been here was dispatched up to now, at least.
        self._progress.reach({shard: self._progress.heard(shard) for shard in self._shards - here})
        self._left = (self._left | self._shards) - here
        self._shards = here
        self._looks = _LOOKS

    def leave(self) -> Strandings:
        """Take the sessions from their seats that there are now, if the map has changed in the last while."""
        shards = sorted(self._left)
        if self._looks:
            self._looks -= 1
        else:
            self._left.clear()
        return self._leave(shards)

    def _leave(self, shards: Collection[int]) -> Strandings:
        for shard in shards:
            for actor in self._guilds.actors_of(shard):
                yield None  # a look costs something as well
                for session in actor.sessions.all():
                    yield self._strand(shard, actor, session)

    def _strand(self, shard: int, actor: GuildActor, session: Seat) -> Stranded | None:
        has_moved = self._homes.owner_of(shard) and not self._homes.is_here(shard)
        if not has_moved or not isinstance(session, Session) or session not in actor.sessions:
            return None
        known = actor.attendance.describe(session)
        self._guilds.leave(session, actor.guild_id)
        return Stranded(self._know(session), actor.guild_id, known, self._progress.heard(shard))

    def _list_shards(self) -> set[int]:
        return {shard for shard in range(self._num_shards) if self._homes.is_here(shard)}

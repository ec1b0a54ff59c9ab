"""The taking over of voice by a gateway that becomes the home of guilds: media that runs goes on, and is reconciled.

```
 the map names this worker ─→ who is in voice there? (rows) ─→ their guilds are loaded ─→ seats are claimed at the nodes
                                                                                     └─→ rights are looked at
 the map names another one ─→ the seats are forgotten, and belong to that one
```

Until the seats of a shard are claimed, what happens in its guilds is applied by their actors alone, and the claim is
made of what they know then. So no room begins at a second node, and nobody who was removed meanwhile keeps a seat.

Owns which shards were taken over.
"""

import asyncio
import logging
from collections.abc import Callable, Collection
from typing import Final

from core.domain.errors import Unavailable
from core.domain.ids import shard_of
from core.store.aggregates.guilds.voice_states import VoiceStateReader
from gateway.guilds.guild_directory import GuildDirectory
from gateway.guilds.guild_stay import GuildStay
from gateway.homes.voice_seats import VoiceSeats
from gateway.scheduling.tasks import Tasks

logger = logging.getLogger(__name__)

_AGAIN_S: Final = 1.0
_PAGE: Final = 1000


class VoiceTakeover:
    """The shards of one gateway of a cluster."""

    __slots__ = (
        "_catch_up", "_guilds", "_here", "_is_here", "_late", "_num_shards", "_rows", "_seats", "_taken", "_tasks",
    )  # fmt: skip

    def __init__(
        self,
        *,
        rows: VoiceStateReader,
        guilds: GuildDirectory,
        tasks: Tasks,
        num_shards: int,
        is_here: Callable[[int], bool],
        catch_up: Callable[[], None],
    ) -> None:
        """`is_here` says whether a shard is this worker's; `catch_up` lets guilds apply what has come."""
        self._rows = rows
        self._guilds = guilds
        self._tasks = tasks
        self._num_shards = num_shards
        self._is_here = is_here
        self._catch_up = catch_up
        self._seats: VoiceSeats
        self._here: set[int] = set()
        self._taken: set[int] = set()
        self._late: set[int] = set()
        """Guilds of which something has come while their shards are being taken over."""

    def hand_to(self, seats: VoiceSeats) -> None:
        """Take over for these seats."""
        self._seats = seats

    def has(self, guild_id: int) -> bool:
        """Return whether the seats of a guild are this gateway's. One that is on its way here is noted."""
        shard = shard_of(guild_id, self._num_shards)
        if shard in self._taken:
            return True
        if shard in self._here:
            self._late.add(guild_id)
        return False

    async def begin(self) -> None:
        """Take over what is here at the start of the gateway."""
        self.follow_homes()

    def follow_homes(self) -> None:
        """Take over the shards that are here now, and let the others go."""
        here = {shard for shard in range(self._num_shards) if self._is_here(shard)}
        gained, lost = here - self._here, self._here - here
        self._here = here
        self._taken -= lost
        if lost:
            self._seats.let_go(lost, num_shards=self._num_shards)
        if gained:
            self._tasks.spawn(self._take(gained))

    async def _take(self, shards: set[int]) -> None:
        guild_ids: set[int] = set()
        while shards & self._here:
            try:
                guild_ids |= await self._find_guilds(shards)
                await self._load_and_claim(shards, guild_ids)
            except Unavailable:
                logger.warning("voice could not be taken over yet")
                await asyncio.sleep(_AGAIN_S)
            else:
                return

    async def _find_guilds(self, shards: Collection[int]) -> set[int]:
        found: set[int] = set()
        after = (0, 0)
        while page := await self._rows.list_page(after=after, limit=_PAGE):
            after = page[-1].guild_id, page[-1].user_id
            found |= {state.guild_id for state in page if shard_of(state.guild_id, self._num_shards) in shards}
            if len(page) < _PAGE:
                break
        return found

    async def _load_and_claim(self, shards: set[int], guild_ids: set[int]) -> None:
        stays: dict[int, GuildStay] = {}
        try:
            while missing := guild_ids - stays.keys():
                stays |= {guild_id: self._guilds.stay(guild_id, 0) for guild_id in missing}
                for stay in list(stays.values()):
                    await stay.entry.loaded.wait()
                    if stay.entry.error is not None:
                        raise Unavailable from stay.entry.error
                self._catch_up()
                late = {guild_id for guild_id in self._late if shard_of(guild_id, self._num_shards) in shards}
                self._late -= late
                guild_ids |= late
            mine = shards & self._here
            self._taken |= mine
            self._seats.take_over(mine, guild_ids, num_shards=self._num_shards)
        finally:
            for stay in stays.values():
                stay.close()

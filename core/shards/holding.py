"""The shards that this worker has, by its map and its lease, and the giving away of those that shall move.

A shard stays here until the map names another worker. So a map that is lost, or an owner that is an earlier incarnation
of this worker, takes nothing away: the lease tells which shards the worker has, and the controller gives them to it
again, under new epochs.

A shard that moves is given away by its owner alone: `release` brings what is here to its end, then one script puts the
new owner and the next epoch into the map, if nothing has changed there meanwhile.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from core.domain.errors import Unavailable
from core.redis.interfaces import Scripts
from core.redis.keys import ANY_TAG
from core.shards.incarnations import name_of
from core.shards.shard_map import Place, ShardMap
from core.shards.worker import write_ranges

logger = logging.getLogger(__name__)

_AGAIN_S = 1.0
"""The time after which a move that could not be ended is tried again."""

Release = Callable[[int, Place], Awaitable[None]]


class Holding:
    """The shards of one worker. `run` gives away what shall move."""

    __slots__ = ("_count_move", "_find_incarnation", "_name", "_places", "_release", "_scripts", "_wake")

    def __init__(
        self,
        *,
        name: str,
        find_incarnation: Callable[[], str],
        scripts: Scripts,
        release: Release,
        count_move: Callable[[], None] = lambda: None,
    ) -> None:
        """`find_incarnation` returns the worker's present one. `release` ends the work for a shard, in its place."""
        self._name = name
        self._find_incarnation = find_incarnation
        self._scripts = scripts
        self._release = release
        self._count_move = count_move
        self._places: dict[int, Place] = {}
        self._wake = asyncio.Event()

    @property
    def shards(self) -> dict[int, Place]:
        """The shards of this worker, and their places in the map."""
        return self._places

    def describe(self) -> str:
        """Return the shards in ranges."""
        return write_ranges(self._places)

    def on_map(self, shard_map: ShardMap) -> None:
        """Take note of a new version of the map."""
        places = shard_map.places
        kept = {shard: place for shard, place in self._places.items() if shard not in places}
        self._places = kept | {shard: place for shard, place in places.items() if name_of(place.owner) == self._name}
        if self._list_moving():
            self._wake.set()

    async def run(self) -> None:
        """Give shards away as the map wants it, until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            done = [await self._give_away(shard, place) for shard, place in self._list_moving()]
            if not all(done):
                await asyncio.sleep(_AGAIN_S)
                self._wake.set()

    def _list_moving(self) -> list[tuple[int, Place]]:
        incarnation = self._find_incarnation()
        return [(shard, at) for shard, at in self._places.items() if at.moving_to and at.owner == incarnation]

    async def _give_away(self, shard: int, place: Place) -> bool:
        """Return whether nothing is left to be done."""
        try:
            await self._release(shard, place)
            answer = await self._scripts.call("map_moved", ANY_TAG, shard, place.epoch, place.owner)
        except Unavailable as error:
            logger.warning("a shard could not be given away", extra={"shard": shard, "reason": str(error)})
            return False
        if answer[0] == b"OK":
            self._count_move()
            logger.info("a shard was given away", extra={"shard": shard, "to": place.moving_to, "epoch": answer[2]})
        return True
